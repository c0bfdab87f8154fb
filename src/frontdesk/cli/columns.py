"""Owns how tables are printed: columns of text, each as wide as its widest cell."""

from collections.abc import Iterable, Sequence

import click


def print_columns(rows: Iterable[Sequence[str]]) -> None:
    """Print rows of equally many cells."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        click.echo(
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )
