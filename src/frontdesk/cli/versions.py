"""`frontdesk versions`: the versions of a running gateway's APIs, and who still calls which."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask, ask_all

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(cls=Commands)
def versions() -> None:
    """Show the versions of APIs, and who still calls which.

    Example: frontdesk versions calls v1
    """


@versions.command("list")
@config_option
@json_option
def list_(paths: tuple[Path, ...], as_json: bool) -> None:
    """List all versions, and where each stands: current, deprecated or retired."""
    answer = ask(paths, "GET", "/versions")
    if as_json:
        click.echo(json.dumps(answer["versions"], indent=2))
        return
    if not answer["versions"]:
        click.echo("no API has versions; `versioning` of an API says them", err=True)
        return
    rows = [("API", "VERSION", "STATE", "DEPRECATED", "SUNSET", "GUIDE")]
    for each in answer["versions"]:
        dates = _day(each["deprecated"]), _day(each["sunset"])
        rows.append((each["api"], each["version"], each["state"], *dates, each["guide"] or ""))
    print_columns(rows)


@versions.command()
@config_option
@click.argument("version")
@click.option("--api", help="Only of this API.")
@click.option("--days", default=30, show_default=True, help="How far to look back.")
@json_option
def calls(paths: tuple[Path, ...], version: str, api: str | None, days: int, as_json: bool) -> None:
    """Show who has called a version, the busiest first: API keys, else whom the authorizer knows.

    Example: frontdesk versions calls v1 --days 7
    """
    asked = {"version": version, "days": days} | ({"api": api} if api else {})
    target = f"/versions/calls?{urlencode(asked)}"
    found = ask_all(paths, target, "calls")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        _print_calls(found)
    else:
        click.echo(f"nobody has called {version} in the last {days} days", err=True)


def _print_calls(calls: Iterable[dict[str, Any]]) -> None:
    requests: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], str] = {}
    for each in calls:
        who = each["api"], each["consumer"]
        requests[who] += each["requests"]
        latest[who] = max(each["day"], latest.get(who, ""))
    rows = [("API", "CALLER", "REQUESTS", "LAST ON")]
    for (api, consumer), count in requests.most_common():
        rows.append((api, visible(consumer), str(count), latest[api, consumer]))
    print_columns(rows)


def _day(second: int | None) -> str:
    return "" if second is None else f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d}"
