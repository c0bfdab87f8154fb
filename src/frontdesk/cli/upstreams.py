"""`frontdesk upstreams`: how the backends of a running gateway are, and their breakers opened and closed by hand."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from frontdesk.base.durations import write_duration
from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask

_HEAD = ("UPSTREAM", "WORKER", "BREAKER", "WHY", "CALLS", "WAITING", "TARGETS")


@click.group(cls=Commands)
def upstreams() -> None:
    """Look at the backends of a running gateway; open and close their breakers.

    Example: frontdesk upstreams trip billing
    """


@upstreams.command("list")
@config_option
def list_upstreams(paths: tuple[Path, ...]) -> None:
    """Show all backends, in each worker where there are several.

    Example: frontdesk upstreams list
    """
    told = ask(paths, "GET", "/api/upstreams")["upstreams"]
    print_columns([_HEAD, *(row for each in told for row in _rows(each))])


@upstreams.command()
@config_option
@click.argument("name")
def trip(paths: tuple[Path, ...], name: str) -> None:
    """Refuse all requests to a backend, in all workers, until `reset`.

    Example: frontdesk upstreams trip billing
    """
    _order(paths, name, "trip")


@upstreams.command()
@config_option
@click.argument("name")
def disable(paths: tuple[Path, ...], name: str) -> None:
    """Let all requests to a backend pass, whatever comes of them, until `reset`.

    Example: frontdesk upstreams disable billing
    """
    _order(paths, name, "disable")


@upstreams.command()
@config_option
@click.argument("name")
def reset(paths: tuple[Path, ...], name: str) -> None:
    """Close the breaker of a backend, and leave it to itself again.

    Example: frontdesk upstreams reset billing
    """
    _order(paths, name, "reset")


def _order(paths: tuple[Path, ...], name: str, action: str) -> None:
    told = ask(paths, "POST", f"/api/upstreams/{quote(name, safe='')}/{action}")
    print_columns([_HEAD, *_rows(told)])


def _rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    return [_row(told["name"], each) for each in told["workers"]]


def _row(name: str, told: dict[str, Any]) -> tuple[str, ...]:
    breaker = told["breaker"].replace("_", " ") or "-"
    if told["wait"]:
        breaker += f" for {write_duration(round(told['wait']))}"
    out = [each["address"] for each in told["targets"] if each["ejected"] or not each["up"]]
    targets = f"{len(told['targets'])}" + (f", left out: {' '.join(out)}" if out else "")
    room = f" of {told['room']}" if told["room"] else ""
    return (
        *(name, str(told["worker"] or "-"), breaker, told["why"] or "-"),
        *(f"{told['calls']}{room}", str(told["waiting"]), targets),
    )
