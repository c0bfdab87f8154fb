"""Owns how tables and counts look: columns of text, each as wide as its widest cell."""

from collections.abc import Iterable, Iterator, Sequence

import click


def print_columns(rows: Iterable[Sequence[str]]) -> None:
    """Print rows of equally many cells."""
    for line in columns(rows):
        click.echo(line)


def columns(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write rows of equally many cells as lines."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def counted(number: int, one: str, many: str = "") -> str:
    """Write how many there are: `1 message`, `2 messages`. many: where it is not one with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
