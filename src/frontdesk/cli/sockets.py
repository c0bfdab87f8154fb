"""`frontdesk sockets`: the WebSocket connections of a running gateway."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask
from frontdesk.cli.times import local_time


@click.group(cls=Commands)
def sockets() -> None:
    """Look at the WebSocket connections of a running gateway, send to them, close them.

    Example: frontdesk sockets list
    """


@sockets.command("list")
@config_option
@click.option(
    "--most", default=50, show_default=True, help="So many connections, the latest first."
)
def list_(paths: Paths, most: int) -> None:
    """Show how many are connected to each API, groups with their members, and connections.

    Example: frontdesk sockets list --most 10
    """
    told = ask(paths, "GET", f"/api/sockets?most={most}")
    for each in told["open"]:
        click.secho(f"{each['connections']} connected to {_place(each)}", bold=True)
    for each in told["groups"]:
        click.echo(f"{each['members']} of {_place(each)} in group {visible(each['group'])}")
    print_columns(_rows(told["connections"]))


@sockets.command()
@config_option
@click.argument("connection")
@click.argument("message")
def send(paths: Paths, connection: str, message: str) -> None:
    """Send a text to a connection.

    Example: frontdesk sockets send L0SM9cOFvHcCIhw= '{"reload": true}'
    """
    ask(paths, "POST", f"/api/sockets/{connection}/send", {"message": message})


@sockets.command("send-group")
@config_option
@click.argument("api")
@click.argument("group")
@click.argument("message")
@click.option("--stage", default="$default", show_default=True)
def send_group(paths: Paths, api: str, group: str, message: str, stage: str) -> None:
    """Send a text to all members of a group of an API, and print how many got it.

    Example: frontdesk sockets send-group board dashboards '{"reload": true}'
    """
    given = {"api": api, "stage": stage, "group": group, "message": message}
    click.echo(ask(paths, "POST", "/api/socket-groups/send", given)["sent"])


@sockets.command()
@config_option
@click.argument("connection")
def close(paths: Paths, connection: str) -> None:
    """Close a connection; its client is told that we go away (1001).

    Example: frontdesk sockets close L0SM9cOFvHcCIhw=
    """
    ask(paths, "POST", f"/api/sockets/{connection}/close")


def _place(told: Mapping[str, Any]) -> str:
    return str(told["api"]) + ("" if told["stage"] == "$default" else f", {told['stage']}")


def _rows(connections: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    if connections:
        yield "CONNECTION", "API", "CLIENT", "SINCE", "GROUPS"
    for each in connections:
        since = local_time(each["connected_at"])
        groups = visible(", ".join(each["groups"])) or "-"
        yield each["id"], _place(each), each["source_ip"], since, groups
