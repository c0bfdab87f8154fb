"""`frontdesk states machines` and `machine`: which state machines a running gateway has, and one of them."""

import json
from typing import Any
from urllib.parse import quote

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option
from frontdesk.cli.console import visible
from frontdesk.cli.executions import examples, json_option
from frontdesk.cli.running import ask, ask_all
from frontdesk.cli.times import local_time


@click.command(short_help="List the state machines of the file and of the API.")
@config_option
@click.option(
    "--counts", is_flag=True, help="Count what runs, what failed in a day; the last start."
)
@json_option
def machines(paths: Paths, counts: bool, as_json: bool) -> None:
    """List the state machines: those of the file, and those that the API has made.

    Example: frontdesk states machines --counts
    """
    asked = "?counts=true" if counts else ""
    found = ask_all(paths, f"/api/state-machines{asked}", "machines")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    figures = ("RUNNING", "FAILED", "LAST START") if counts else ()
    rows: list[tuple[str, ...]] = [("NAME", "TYPE", "FROM", *figures, "ARN")]
    rows += [
        (visible(one["name"]), one["type"], one["from"], *_figures(one), one["arn"])
        for one in found
    ]
    print_columns(rows)


def _figures(one: dict[str, Any]) -> tuple[str, ...]:
    if "running" not in one:
        return ()
    return str(one["running"]), str(one["failed"]), _moment(one["last"])


@click.command(
    short_help="Show a state machine: versions, aliases, definition.",
    epilog=examples(
        "frontdesk states machine charge",
        "frontdesk states machine charge:live --json | jq -r .definition",
    ),
)
@config_option
@click.argument("machine")
@json_option
def machine(paths: Paths, machine: str, as_json: bool) -> None:
    """Show a state machine, or a version or alias of it: its versions and aliases, and its definition."""
    told = ask(paths, "GET", f"/api/state-machines/{quote(machine)}")["machine"]
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.secho(f"{visible(told['name'])}  {told['type']}  of the {told['from']}", bold=True)
    click.secho(told["arn"], dim=True)
    rows = [("NAME", "RUNS", "SINCE", "DESCRIPTION")]
    rows += [
        (visible(one["alias"]), _routes(one), _moment(one["updated"]), visible(one["description"]))
        for one in told["aliases"]
    ]
    rows += [
        (one["version"], "itself", _moment(one["created"]), visible(one["description"]))
        for one in told["versions"]
    ]
    if len(rows) > 1:
        print_columns(rows)
    text = json.dumps(json.loads(told["definition"]), indent=2, ensure_ascii=False)
    click.echo(visible(text))


def _routes(alias: dict[str, Any]) -> str:
    return ", ".join(f"{route['version']} ({route['weight']} %)" for route in alias["routes"])


def _moment(seconds: float | None) -> str:
    return "never" if seconds is None else local_time(seconds)
