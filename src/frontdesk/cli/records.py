"""`frontdesk records`: what a running gateway has recorded, and what it was before."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask


@click.group(cls=Commands)
def records() -> None:
    """Look at the records of a running gateway: what they are, and what they were.

    Example: frontdesk records list payments --pk PAYMENT#acme
    """


@records.command("list")
@config_option
@click.argument("module", required=False)
@click.option("--pk", default="", help="Of one TYPE#tenant only.")
@click.option("--prefix", default="", help="With --pk: sort keys that begin so.")
@click.option("--most", type=click.IntRange(1, 1000), default=100, show_default=True)
def list_records(
    paths: tuple[Path, ...], module: str | None, *, pk: str, prefix: str, most: int
) -> None:
    """Show the records of a module; without one, all modules and who is told of changes.

    Example: frontdesk records list payments --pk PAYMENT#acme --prefix 2026-
    """
    if prefix and not pk:
        raise click.UsageError("--prefix needs --pk")
    if module is None:
        told = _ask(paths, "")
        if not told["modules"]:
            click.echo("no records; `records` of the file says the modules", err=True)
        for name in told["modules"]:
            click.echo(name)
        head = ("TOLD OF CHANGES", "MODULE", "WAITING")
        subscribers = [
            (each["name"], each["module"], str(each["waiting"])) for each in told["subscribers"]
        ]
        if subscribers:
            print_columns([head, *subscribers])
        return
    told = _ask(paths, f"/{quote(module)}", pk=pk, prefix=prefix, most=str(most))
    rows = [
        tuple(visible(str(each[name])) for name in ("pk", "sk", "version", "updatedAt", "name"))
        for each in told["items"]
    ]
    print_columns([("PK", "SK", "VERSION", "UPDATED", "NAME"), *rows])


@records.command()
@config_option
@click.argument("module")
@click.argument("pk")
@click.argument("sk")
def show(paths: tuple[Path, ...], module: str, pk: str, sk: str) -> None:
    """Show a record as JSON; with SK@VERSION, what was written as that version.

    Example: frontdesk records show payments PAYMENT#acme order-7
    """
    told = _ask(paths, f"/{quote(module)}/item", pk=pk, sk=sk)
    text = json.dumps(told["item"], indent=2, ensure_ascii=False)
    click.echo("\n".join(map(visible, text.split("\n"))))


@records.command()
@config_option
@click.argument("module")
@click.argument("pk")
@click.argument("sk")
@click.option("--most", type=click.IntRange(1, 1000), default=100, show_default=True)
def history(paths: tuple[Path, ...], module: str, pk: str, sk: str, *, most: int) -> None:
    """Show the versions of a record, the newest first: when, by whom, from where, how far.

    Example: frontdesk records history payments PAYMENT#acme order-7
    """
    told = _ask(paths, f"/{quote(module)}/history", pk=pk, sk=sk, most=str(most))
    rows = [
        tuple(visible(str(each.get(name, ""))) for name in ("version", *_COLUMNS))
        for each in told["items"]
    ]
    print_columns([("VERSION", "UPDATED", "BY", "SOURCE", "STATUS"), *rows])


_COLUMNS = ("updatedAt", "updatedBy", "source", "status")


def _ask(paths: tuple[Path, ...], target: str, **asked: str) -> Mapping[str, Any]:
    query = urlencode({name: value for name, value in asked.items() if value})
    place = f"/records{target}?{query}" if query else f"/records{target}"
    return ask(paths, "GET", place)
