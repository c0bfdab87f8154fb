"""`frontdesk queue`: what the queues of a running gateway have, and dead letters moved back, changed, dropped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from frontdesk.base.durations import write_duration
from frontdesk.cli.columns import counted, print_columns
from frontdesk.cli.configured import config_option
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask, ask_all
from frontdesk.cli.times import local_time

_HEAD = ("QUEUE", "VISIBLE", "IN FLIGHT", "DELAYED")


@click.group(cls=Commands)
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
    found = ask_all(paths, "/queues", "queues")
    print_columns([_HEAD, *map(_row, found)])


@queue.command()
@config_option
@click.argument("name")
def show(paths: tuple[Path, ...], name: str) -> None:
    """Show a queue: its messages, its rules, and which queues its dead letters come from.

    Example: frontdesk queue show calls-dead
    """
    told = ask(paths, "GET", f"/queues/{name}")
    print_columns([_HEAD, _row(told)])
    click.echo(", ".join(_rules(told["rules"])))
    for source, count in told["sources"].items():
        click.echo(f"{count} from {source}")
    for each in told["redrives"]:
        click.echo(
            f"redrive {each['id']} {each['status'].lower()}: "
            f"{each['moved']} of {each['messages']} moved {each['failure']}".rstrip()
        )


@queue.command()
@config_option
@click.argument("name")
@click.option("--after", type=int, default=0, help="Number of the last message seen.")
@click.option("--most", type=click.IntRange(1, 100), default=20, show_default=True)
def peek(paths: tuple[Path, ...], name: str, after: int, most: int) -> None:
    """List messages of a queue without receiving them.

    Example: frontdesk queue peek calls-dead
    """
    told = ask(paths, "GET", f"/queues/{name}/messages?after={after}&most={most}")
    rows = [_message_row(each) for each in told["messages"]]
    print_columns([("NUMBER", "STATE", "RECEIVES", "SENT", "FROM", "BODY"), *rows])
    if told["next"]:
        click.echo(f"more: --after {told['next']}")


@queue.command()
@config_option
@click.argument("name")
@click.argument("number", type=int)
def message(paths: tuple[Path, ...], name: str, number: int) -> None:
    """Show a message whole, as JSON, without receiving it.

    Example: frontdesk queue message calls-dead 17
    """
    click.echo(json.dumps(ask(paths, "GET", f"/queues/{name}/message?number={number}"), indent=2))


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
    click.echo(ask(paths, "POST", f"/queues/{name}/send", asked)["MessageId"])


@queue.command()
@config_option
@click.argument("name")
@click.option("--to", help="Another queue than the one that each came from.")
@click.option("--rate", type=click.IntRange(1, 500), help="Messages a second. Default: no limit.")
@click.option("--only", "numbers", type=int, multiple=True, help="Number of a message; repeat it.")
@click.option("--no-wait", is_flag=True, help="Only begin; `queue show` tells how far it is.")
def redrive(
    paths: tuple[Path, ...],
    name: str,
    *,
    to: str | None,
    rate: int | None,
    numbers: tuple[int, ...],
    no_wait: bool,
) -> None:
    """Move dead letters back to where they came from.

    Example: frontdesk queue redrive calls-dead --rate 50
    """
    asked: dict[str, Any] = {"to": to, "rate": rate, "wait": not no_wait}
    told = ask(
        paths,
        "POST",
        f"/queues/{name}/redrive",
        {**asked, "numbers": numbers} if numbers else asked,
    )
    click.echo(
        f"redrive {told['redrive']['id']} has begun"
        if "redrive" in told
        else f"{counted(told['moved'], 'message')} moved"
    )


@queue.command()
@config_option
@click.argument("name")
@click.argument("id_", metavar="ID")
def cancel(paths: tuple[Path, ...], name: str, id_: str) -> None:
    """Give up a redrive; what it has moved stays moved.

    Example: frontdesk queue cancel calls-dead 0b8f6c5e-…
    """
    moved = ask(paths, "POST", f"/queues/{name}/cancel", {"id": id_})["redrive"]["moved"]
    click.echo(f"{counted(moved, 'message')} moved")


@queue.command()
@config_option
@click.argument("name")
@click.argument("number", type=int)
@click.argument("body")
@click.option("--to", help="Another queue than the one that the message came from.")
def replace(paths: tuple[Path, ...], name: str, number: int, body: str, *, to: str | None) -> None:
    """Send another body in place of a message, to where that came from.

    Example: frontdesk queue replace calls-dead 17 '{"type": "booked"}'
    """
    told = ask(
        paths, "POST", f"/queues/{name}/replace", {"number": number, "MessageBody": body, "to": to}
    )
    click.echo(f"{told['MessageId']} sent to {told['to']}")


@queue.command()
@config_option
@click.argument("name")
@click.argument("numbers", type=int, nargs=-1, required=True)
def drop(paths: tuple[Path, ...], name: str, numbers: tuple[int, ...]) -> None:
    """Remove messages, received ones too, by the numbers that `peek` shows.

    Example: frontdesk queue drop calls-dead 17 18
    """
    click.echo(
        f"{counted(ask(paths, 'POST', f'/queues/{name}/drop', {'numbers': numbers})['dropped'], 'message')} dropped"
    )


@queue.command()
@config_option
@click.argument("name")
@click.confirmation_option(prompt="Drop all messages of this queue?")
def purge(paths: tuple[Path, ...], name: str) -> None:
    """Drop all messages of a queue, received ones too.

    Example: frontdesk queue purge calls-dead --yes
    """
    click.echo(
        f"{counted(ask(paths, 'POST', f'/queues/{name}/purge')['dropped'], 'message')} dropped"
    )


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    return told["name"], str(told["visible"]), str(told["in_flight"]), str(told["delayed"])


def _message_row(told: dict[str, Any]) -> tuple[str, ...]:
    body = " ".join(told["body"][:60].split())
    return (
        *(str(told["number"]), told["state"].replace("_", " "), str(told["receives"])),
        *(local_time(told["sent"]), told["source"] or "-", body),
    )


def _rules(rules: dict[str, Any]) -> Iterator[str]:
    """Write the rules that say something."""
    for key in ("visibility", "delay", "retention"):
        if rules[key]:
            yield f"{key} {write_duration(rules[key])}"
    if rules["dead_letter"]:
        yield f"to {rules['dead_letter']} after {rules['max_receives']} receives"
    if rules["fifo"]:
        yield "in order"
