"""`frontdesk canary`: what the canaries of a running gateway come to, and an operator's way with them."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from frontdesk.cli.configured import config_option
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask, ask_all
from frontdesk.cli.times import local_time
from frontdesk.cli.versions import json_option

stage_option = click.option("--stage", help="Where several stages of the API have a canary.")


@click.group(cls=Commands)
def canary() -> None:
    """Show the canaries of APIs, promote them or roll them back.

    Example: frontdesk canary status
    """


@canary.command()
@config_option
@json_option
def status(paths: tuple[Path, ...], as_json: bool) -> None:
    """Show all canaries: their share, what has been counted on both sides, the latest judgement."""
    answer = ask(paths, "GET", "/canaries")
    if as_json:
        click.echo(json.dumps(answer["canaries"], indent=2))
        return
    if not answer["canaries"]:
        click.echo("no stage has a canary; `canary` of an API or stage makes one", err=True)
    for each in answer["canaries"]:
        _print(each)


@canary.command()
@config_option
@click.argument("api")
@stage_option
def records(paths: tuple[Path, ...], api: str, stage: str | None) -> None:
    """Print every check of a canary and of those before it as a line of JSON, newest first."""
    asked = {"api": api} | ({"stage": stage} if stage else {})
    target = f"/canaries/records?{urlencode(asked)}"
    for each in ask_all(paths, target, "records"):
        click.echo(json.dumps(each))


@canary.command()
@config_option
@click.argument("api")
@stage_option
def promote(paths: tuple[Path, ...], api: str, stage: str | None) -> None:
    """Give the canary all requests. It stays so until the file has another one."""
    _act(paths, "promote", api, stage)


@canary.command()
@config_option
@click.argument("api")
@stage_option
def rollback(paths: tuple[Path, ...], api: str, stage: str | None) -> None:
    """Give the canary no requests any more."""
    _act(paths, "rollback", api, stage)


@canary.command()
@config_option
@click.argument("api")
@stage_option
def start(paths: tuple[Path, ...], api: str, stage: str | None) -> None:
    """Begin the canary anew: its share, its window, its counts."""
    _act(paths, "start", api, stage)


def _act(paths: tuple[Path, ...], action: str, api: str, stage: str | None) -> None:
    document = {"api": api} | ({"stage": stage} if stage else {})
    _print(ask(paths, "POST", f"/canaries/{action}", document))


def _print(told: dict[str, Any]) -> None:
    since = local_time(told["since"])
    state = told["state"].replace("_", " ")
    check = ""
    if told["state"] == "running" and told["checks"]:
        again = ", second window" if told["extended"] else ""
        check = f", check {told['check']} of {told['checks']}{again}"
    click.echo(f"{told['api']}/{told['stage']}: {state} since {since} ({told['by']}{check})")
    click.echo(f"  share {told['share']:.4g} of the requests")
    for side in ("stable", "canary"):
        found = told["counted"][side]
        click.echo(
            f"  {side}: {found['requests']} requests, {found['errors']} errors, p50 {found['p50_ms']:.3g} ms, "
            f"p95 {found['p95_ms']:.3g} ms, p99 {found['p99_ms']:.3g} ms"
        )
    if told["reason"]:
        click.echo(f"  {told['reason']}")
