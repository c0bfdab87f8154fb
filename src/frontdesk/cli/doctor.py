"""`frontdesk doctor`: what is wrong with this machine, file, store and gateway, and how to mend it."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from frontdesk.cli.configured import config_option

if TYPE_CHECKING:
    from frontdesk.app.surroundings import Row

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print rows as JSON, for a monitor.")
def doctor(paths: tuple[Path, ...], as_json: bool) -> None:
    """Look at everything that a gateway needs here, and say what is wrong, why it matters and what to do.

    Run it as the gateway's user, before a start or beside a running one. Exits with 1 when something
    fails, with 0 when there are only warnings.

    Example: frontdesk doctor
    """
    rows = list(_rows(paths))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print(rows)
    if any(row.state == "fail" for row in rows):
        raise SystemExit(1)


def _rows(paths: tuple[Path, ...]) -> "Iterable[Row]":
    from frontdesk.app.doctor import examine, of_findings
    from frontdesk.app.surroundings import machine
    from frontdesk.base.errors import ConfigError
    from frontdesk.config.load import load

    try:
        return examine(load(paths, os.environ))
    except ConfigError as error:
        return [*machine(), *of_findings(error.findings)]


def _print(rows: "Iterable[Row]") -> None:
    for row in rows:
        click.echo(
            f"{click.style(f'{row.state:<4}', fg=_COLOURS[row.state])}  {row.check}: {row.found}"
        )
        if row.why:
            click.echo(f"      why: {row.why}")
        if row.fix:
            click.echo(f"      fix: {row.fix}")
