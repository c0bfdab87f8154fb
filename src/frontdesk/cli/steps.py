"""`frontdesk states step` and `map-runs`: one state of an execution, and what its distributed Maps have come to."""

import json
from typing import Any
from urllib.parse import urlencode

import click

from frontdesk.base.durations import tell_duration
from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option
from frontdesk.cli.console import visible
from frontdesk.cli.executions import examples, json_option, of_execution
from frontdesk.cli.running import ask, ask_all


@click.command(
    short_help="Show one state of an execution: input, output, attempts.",
    epilog=examples(
        'frontdesk states step order-7 "Ask vendor"',
        "frontdesk states step order-7 Charge --json",
    ),
)
@config_option
@click.argument("execution")
@click.argument("state")
@json_option
def step(paths: Paths, execution: str, state: str, as_json: bool) -> None:
    """Show the visits of an execution to STATE, newest first: input and output, each attempt and its error."""
    target = of_execution(execution, f"/states?{urlencode({'of': state})}")
    told = ask(paths, "GET", target)["of"]
    if as_json:
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    if not told["visits"]:
        click.echo("it has not been reached")
    for visit in told["visits"]:
        _show(visit)


def _show(visit: dict[str, Any]) -> None:
    took = (
        "" if visit["left"] is None else f" after {tell_duration(visit['left'] - visit['entered'])}"
    )
    click.secho(f"{visible(visit['state'])}  {visit['outcome']}{took}", bold=True)
    click.echo(f"input: {_json(visit['input'])}")
    if visit["left"] is not None:
        click.echo(f"output: {_json(visit['output'])}")
    for number, attempt in enumerate(visit["attempts"], 1):
        ended = attempt["ended"]
        spent = "runs" if ended is None else tell_duration(ended - attempt["began"])
        click.echo(f"attempt {number}: {spent} {visible(attempt['error'])}".rstrip())


def _json(value: object) -> str:
    return visible(json.dumps(value, ensure_ascii=False))


@click.command("map-runs", short_help="List the distributed Maps of an execution.")
@config_option
@click.argument("execution")
@json_option
def map_runs(paths: Paths, execution: str, as_json: bool) -> None:
    """List the distributed Maps of an execution, newest first, with how their items do.

    Example: frontdesk states map-runs order-7
    """
    found = ask_all(paths, of_execution(execution, "/map-runs"), "map_runs")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [("STATUS", "ITEMS", "SUCCEEDED", "FAILED", "ARN")]
    rows += [
        (
            one["status"],
            str(sum(one["items"].values())),
            str(one["items"].get("succeeded", 0)),
            str(one["items"].get("failed", 0)),
            visible(one["arn"]),
        )
        for one in found
    ]
    print_columns(rows)
