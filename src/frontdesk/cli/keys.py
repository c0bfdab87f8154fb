"""`frontdesk keys`: the API keys of a running gateway, and the requests that they have made."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask, ask_all

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(("table", "csv", "json")),
    default="table",
    show_default=True,
    help="How to print it.",
)


@click.group(cls=Commands)
def keys() -> None:
    """Make, list, revoke and import API keys of a running gateway, and show what they have used.

    Keys of the file are listed too; they are changed there.

    Example: frontdesk keys create practice_b --plan small
    """


@keys.command()
@config_option
@click.argument("name")
@click.option("--plan", "plans", multiple=True, required=True, help="Plan; repeat for several.")
@click.option("--description", default="", help="For people.")
def create(paths: Paths, name: str, plans: tuple[str, ...], description: str) -> None:
    """Make a key and print it. It is kept as a digest: nobody can show it again.

    Example: frontdesk keys create practice_b --plan small
    """
    wanted = {"name": name, "plans": plans, "description": description}
    made = ask(paths, "POST", "/api/keys", wanted)
    click.secho(f"made {visible(name)}; the key is shown this once:", err=True, fg="green")
    click.echo(made["value"])


@keys.command("list")
@config_option
@format_option
def list_(paths: Paths, form: str) -> None:
    """List all keys: name, id, how they begin, plans, whether they are enabled."""
    listed = sorted(ask_all(paths, "/api/keys", "keys"), key=lambda key: str(key["name"]))
    _print(form, listed, ("name", "id", "prefix", "plans", "enabled", "created", "from"))


@keys.command()
@config_option
@click.argument("name")
def show(paths: Paths, name: str) -> None:
    """Show one key by its name or id; never the key itself."""
    found = ask(paths, "GET", f"/api/keys/{quote(name, safe='')}")["key"]
    print_columns((member, _cell(member, value)) for member, value in found.items())


@keys.command()
@config_option
@click.argument("name")
def revoke(paths: Paths, name: str) -> None:
    """Refuse a key from now on: 403. `keys enable` takes that back."""
    ask(paths, "POST", f"/api/keys/{quote(name, safe='')}/revoke")
    click.secho(f"revoked {visible(name)}", err=True, fg="green")


@keys.command()
@config_option
@click.argument("name")
def enable(paths: Paths, name: str) -> None:
    """Let a key in again that has been revoked."""
    ask(paths, "POST", f"/api/keys/{quote(name, safe='')}/enable")
    click.secho(f"enabled {visible(name)}", err=True, fg="green")


@keys.command()
@config_option
@click.argument("name", required=False)
@click.option("--plan", help="Only of this plan.")
@click.option("--from", "first", help="First day, such as 2026-11-01. Default: of this month.")
@click.option("--to", "last", help="Last day. Default: today.")
@format_option
def usage(
    *,
    paths: Paths,
    name: str | None,
    plan: str | None,
    first: str | None,
    last: str | None,
    form: str,
) -> None:
    """Show the requests of each key on each day of UTC, and what was left of its quota then.

    Example: frontdesk keys usage practice_b --from 2026-11-01 --format csv
    """
    asked = {"key": name, "plan": plan, "from": first, "to": last}
    target = f"/api/usage?{urlencode({key: text for key, text in asked.items() if text})}"
    rows = ask_all(paths, target, "usage")
    _print(form, rows, ("day", "name", "key", "plan", "requests", "remaining"))


@keys.command()
@config_option
def plans(paths: Paths) -> None:
    """Show what the keys of each plan may take.

    Example: frontdesk keys plans
    """
    told = ask(paths, "GET", "/api/plans")["plans"]
    print_columns([("PLAN", "APIS", "THROTTLE", "QUOTA", "KEYS"), *map(_plan_row, told)])


@keys.command("import")
@config_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--plan",
    "plans",
    multiple=True,
    metavar="ID=PLAN",
    help="Name of the plan here for an id in usageplanIds; repeat for several.",
)
def import_(paths: Paths, file: Path, plans: tuple[str, ...]) -> None:
    """Import keys of a CSV file of AWS's form, all or none: name,key,description,enabled,usageplanIds.

    Example: frontdesk keys import keys.csv --plan c7y23b=small
    """
    from frontdesk.rules.auth.key_file import read_key_file

    names = dict(each.partition("=")[::2] for each in plans)
    if "" in names.values():
        raise click.UsageError("expected --plan ID=PLAN")
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise click.UsageError(f"expected a text in UTF-8: {file}") from None
    found, problems = read_key_file(text, names)
    for problem in problems:
        click.secho(f"{file}:{problem.line}: {problem.message}", err=True, fg="red")
    if problems:
        raise SystemExit(1)
    made = ask(paths, "POST", "/api/keys/import", {"keys": found})["keys"]
    click.secho(f"keys imported: {len(made)}", err=True, fg="green")


def _plan_row(plan: dict[str, Any]) -> tuple[str, ...]:
    throttle, quota = plan["throttle"], plan["quota"]
    return (
        plan["name"],
        " ".join(plan["apis"]),
        throttle["rate"] if throttle else "-",
        f"{quota['limit']} a {quota['period']}" if quota else "-",
        str(plan["keys"]),
    )


# -- printing ---------------------------------------------------------------------------------------


def _print(form: str, rows: Sequence[dict[str, Any]], members: Sequence[str]) -> None:
    _FORMS[form](rows, members)


def _table(rows: Iterable[dict[str, Any]], members: Sequence[str]) -> None:
    cells = ([_cell(member, row[member]) for member in members] for row in rows)
    print_columns([[member.upper() for member in members], *cells])


def _csv(rows: Iterable[dict[str, Any]], members: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(members)
    writer.writerows([_cell(member, row[member]) for member in members] for row in rows)


def _json(rows: Sequence[dict[str, Any]], _members: Sequence[str]) -> None:
    click.echo(json.dumps(rows, indent=2))


_FORMS: dict[str, Callable[[Sequence[dict[str, Any]], Sequence[str]], None]] = {
    "csv": _csv,
    "json": _json,
    "table": _table,
}


def _cell(member: str, value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return " ".join(map(str, value))
        case float() if member == "created":
            return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d}"
    return visible(str(value))
