"""`frontdesk queue`: what the queues of a running gateway have, and dead letters moved back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from frontdesk.base.durations import write_duration
from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option, read

_ADMIN = ("name", "admin")
_HEAD = ("QUEUE", "VISIBLE", "IN FLIGHT", "DELAYED")


@click.group()
def queue() -> None:
    """Look at the queues of a running gateway, send to them, move their dead letters.

    Example: frontdesk queue redrive calls-dead
    """


@queue.command("list")
@config_option
def list_queues(paths: tuple[Path, ...]) -> None:
    """Show all queues and how many messages they have.

    Example: frontdesk queue list
    """
    told = _ask(paths, "", method="GET")
    print_columns([_HEAD, *map(_row, told["queues"])])


@queue.command()
@config_option
@click.argument("name")
def show(paths: tuple[Path, ...], name: str) -> None:
    """Show a queue: its messages, its rules, and which queues its dead letters come from.

    Example: frontdesk queue show calls-dead
    """
    told = _ask(paths, f"/{name}", method="GET")
    print_columns([_HEAD, _row(told)])
    click.echo(", ".join(_rules(told["rules"])))
    for source, count in told["sources"].items():
        click.echo(f"{count} from {source}")


@queue.command()
@config_option
@click.argument("name")
@click.argument("body")
@click.option("--group", help="MessageGroupId; a FIFO queue needs one.")
@click.option("--id", "same", help="MessageDeduplicationId of a FIFO queue.")
@click.option("--delay", type=int, help="Seconds until it can be received.")
def send(
    paths: tuple[Path, ...],
    name: str,
    body: str,
    *,
    group: str | None,
    same: str | None,
    delay: int | None,
) -> None:
    """Send a message.

    Example: frontdesk queue send calls '{"type": "booked"}'
    """
    asked = {
        "MessageBody": body,
        "MessageGroupId": group,
        "MessageDeduplicationId": same,
        "DelaySeconds": delay,
    }
    click.echo(_ask(paths, f"/{name}/send", asked)["MessageId"])


@queue.command()
@config_option
@click.argument("name")
@click.option("--to", help="Another queue than the one that each came from.")
@click.option("--rate", type=click.IntRange(1, 500), help="Messages a second. Default: no limit.")
def redrive(paths: tuple[Path, ...], name: str, to: str | None, rate: int | None) -> None:
    """Move dead letters back to where they came from.

    Example: frontdesk queue redrive calls-dead --rate 50
    """
    told = _ask(paths, f"/{name}/redrive", {"to": to, "rate": rate})
    click.echo(f"{told['moved']} messages moved")


@queue.command()
@config_option
@click.argument("name")
@click.confirmation_option(prompt="Drop all messages of this queue?")
def purge(paths: tuple[Path, ...], name: str) -> None:
    """Drop all messages of a queue, received ones too.

    Example: frontdesk queue purge calls-dead --yes
    """
    click.echo(f"{_ask(paths, f'/{name}/purge')['dropped']} messages dropped")


def _ask(
    paths: tuple[Path, ...],
    target: str,
    document: dict[str, Any] | None = None,
    *,
    method: str = "POST",
) -> dict[str, Any]:
    from frontdesk.cli.operator import command

    return command(read(paths, _ADMIN).config.admin, f"/queues{target}", document, method=method)


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    return told["name"], str(told["visible"]), str(told["in_flight"]), str(told["delayed"])


def _rules(rules: dict[str, Any]) -> Iterator[str]:
    """Write the rules that say something."""
    for key in ("visibility", "delay", "retention"):
        if rules[key]:
            yield f"{key} {write_duration(rules[key])}"
    if rules["dead_letter"]:
        yield f"to {rules['dead_letter']} after {rules['max_receives']} receives"
    if rules["fifo"]:
        yield "in order"
