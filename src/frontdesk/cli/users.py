"""`frontdesk users`: who may sign in to the console of a running gateway."""

import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option, read
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.operator import command, everything
from frontdesk.cli.times import local_time

_role = click.option(
    "--role",
    type=click.Choice(("viewer", "operator", "admin")),
    help="viewer: looks. operator: also acts on what runs. admin: also changes what there is.",
)


@click.group(cls=Commands)
def users() -> None:
    """Make, list and remove users of the console. `admin.token` must be set.

    Example: frontdesk users add ada --role operator
    """


@users.command("list")
@config_option
def list_(paths: Paths) -> None:
    """List all users with their roles."""
    found = everything(read(paths).config.admin, "/api/users", "users")
    if not found:
        click.echo("no users; make one: frontdesk users add NAME --role viewer")
        return
    print_columns((visible(user["name"]), user["role"]) for user in found)


@users.command()
@config_option
@click.argument("name")
@_role
def add(paths: Paths, name: str, role: str | None) -> None:
    """Make a user. The password is asked for, or read from a pipe up to the line's end.

    Example: frontdesk users add ada --role operator < password.txt
    """
    _put(paths, name, {"role": role or "viewer", "password": _password()})
    click.secho(f"{visible(name)} may sign in as {role or 'viewer'}", err=True, fg="green")


@users.command()
@config_option
@click.argument("name")
def password(paths: Paths, name: str) -> None:
    """Give a user another password, which ends all of their sessions."""
    _put(paths, name, {"password": _password()})
    click.secho(f"{visible(name)} has another password", err=True, fg="green")


@users.command()
@config_option
@click.argument("name")
@_role
def role(paths: Paths, name: str, role: str | None) -> None:
    """Give a user another role, which ends all of their sessions."""
    if role is None:
        raise click.UsageError("expected --role")
    _put(paths, name, {"role": role})
    click.secho(f"{visible(name)} is {role} now", err=True, fg="green")


@users.command()
@config_option
@click.argument("name")
def remove(paths: Paths, name: str) -> None:
    """Remove a user, and end all of their sessions."""
    command(read(paths).config.admin, f"/api/users/{quote(name, safe='')}", method="DELETE")
    click.secho(f"removed {visible(name)}", err=True, fg="green")


@users.command()
@config_option
@click.option("--most", default=50, show_default=True, help="So many, newest first.")
@click.option("--text", default="", help="Only changes whose line has this text.")
def audit(paths: Paths, most: int, text: str) -> None:
    """Show who has changed what, through the console or the command line, and who has signed in and out, or tried to.

    Example: frontdesk users audit --text /api/keys
    """
    target = f"/api/audit?most={most}&text={quote(text)}"
    changes = command(read(paths).config.admin, target, method="GET")["changes"]
    print_columns(_change(each) for each in changes)


def _change(entry: Mapping[str, Any]) -> tuple[str, ...]:
    what = f"{entry['method']} {entry['path']}"
    return (
        local_time(entry["time"]),
        visible(entry["operator"]),
        visible(what),
        str(entry["status"]),
    )


def _put(paths: Paths, name: str, wanted: Mapping[str, object]) -> None:
    admin = read(paths).config.admin
    command(admin, f"/api/users/{quote(name, safe='')}", wanted, method="PUT")


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")
