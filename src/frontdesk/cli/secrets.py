"""`frontdesk secrets`: the vault. A running gateway makes the changes; what only reads asks the store itself.

Values come by a prompt, a pipe or a file, never on the command line, which others see in lists of processes.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option, read
from frontdesk.cli.console import visible
from frontdesk.cli.groups import Commands
from frontdesk.cli.times import local_time

if TYPE_CHECKING:
    from frontdesk.app.named_secrets import NamedSecrets
    from frontdesk.stores.vault.vault import Vault

T = TypeVar("T")


@click.group(cls=Commands)
def secrets() -> None:
    """Keep secrets encrypted, for references such as ${secret:vendor} and ${ssm:/clinic/vendor}.

    NAME is that of a secret, or /PATH (or ssm:NAME) of a parameter.

    Example: frontdesk secrets set vendor < vendor.txt
    """


@secrets.command("set")
@config_option
@click.argument("name")
@click.argument("stdin", nargs=-1, metavar="[-]")
@click.option(
    "--from-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take the text of this file.",
)
def set_(paths: Paths, name: str, stdin: tuple[str, ...], from_file: Path | None) -> None:
    """Make a secret, or give it a new value, which is asked for or read from a pipe (-) or a file.

    One line end at its end is left out. A running gateway that uses it goes on with the new value.

    Example: frontdesk secrets set stripe_webhook --from-file stripe.txt
    """
    if stdin not in ((), ("-",)):  # a value, which is not repeated
        raise click.UsageError("others see a command line: pipe the value, or use --from-file")
    if stdin and from_file:
        raise click.UsageError("expected either - or --from-file")
    value = _value(from_file, piped=bool(stdin))
    version = _change(
        paths,
        "set",
        {"name": name, "value": value},
        lambda vault: _named(vault).set(name, value),
        "version",
    )
    click.secho(f"kept {visible(name)}: version {version}", err=True, fg="green")


@secrets.command("list")
@config_option
def list_(paths: Paths) -> None:
    """List secrets and parameters by their references, never by their values."""
    rows = [
        (each.reference, str(len(each.versions)), local_time(each.changed), _leaves(each.leaves))
        for each in _look(paths, lambda vault: _named(vault).all())
    ]
    print_columns([("REFERENCE", "VERSIONS", "CHANGED", "STATE"), *rows])


@secrets.command()
@config_option
@click.argument("name")
@click.option("--reveal", is_flag=True, help="Print the value, and nothing else.")
def show(paths: Paths, name: str, reveal: bool) -> None:
    """Show one secret; its value only with --reveal.

    Example: frontdesk secrets show vendor --reveal
    """
    if reveal:
        click.echo(_look(paths, lambda vault: _named(vault).reveal(name)))
        return
    found = _look(paths, lambda vault: _named(vault).show(name))
    print_columns(
        [
            ("reference", found.reference),
            ("versions", str(len(found.versions))),
            ("changed", local_time(found.changed)),
            ("state", _leaves(found.leaves)),
            ("value", "***"),
        ]
    )


@secrets.command()
@config_option
@click.argument("name")
def versions(paths: Paths, name: str) -> None:
    """List the versions of a secret, newest first, with their stages or labels."""
    found = _look(paths, lambda vault: _named(vault).show(name))
    rows = [
        (version, local_time(time), " ".join(stages)) for version, time, stages in found.versions
    ]
    print_columns([("VERSION", "CREATED", "STAGES"), *rows])


@secrets.command()
@config_option
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(paths: Paths, name: str, yes: bool) -> None:
    """Delete a secret at once, with all its versions.

    A running gateway that uses it keeps its value until it reloads or starts again, which then fails.
    """
    if not yes:
        click.confirm(f"Delete {visible(name)} for good?", abort=True, err=True)
    _change(paths, "delete", {"name": name}, lambda vault: _named(vault).delete(name), "")
    click.secho(f"deleted {visible(name)}", err=True, fg="green")


@secrets.command("rotate-key")
@config_option
def rotate_key(paths: Paths) -> None:
    """Encrypt all values under a new master key.

    That is a new one in secret.key of data_dir; where FRONTDESK_SECRET_KEY gives keys, the first of them:
    put the new one before the old one, separated by a comma, for the gateway and for this command.
    """
    count = _change(paths, "rotate-key", {}, lambda vault: vault.rotate_key(), "values")
    click.secho(f"values encrypted anew: {count}", err=True, fg="green")


# -- where it is done -------------------------------------------------------------------------------


def _change(
    paths: Paths,
    action: str,
    document: dict[str, Any],
    here: Callable[["Vault"], Awaitable[T]],
    member: str,
) -> T | Any:
    """Have the running gateway make a change, so that it knows; make it here where none runs.

    Returns the answer's `member`, or what `here` returns.
    """
    from frontdesk.app.data_dir import holder
    from frontdesk.cli.operator import command

    if holder(read(paths, _settings()).config.data_dir) is None:
        return _in_vault(paths, here, make=True)
    admin = read(paths, ("name", "admin", *_settings())).config.admin
    return command(admin, f"/api/secrets/{action}", document).get(member)


def _look(paths: Paths, reading: Callable[["Vault"], Awaitable[T]]) -> T:
    return _in_vault(paths, reading, make=False)


def _in_vault(paths: Paths, work: Callable[["Vault"], Awaitable[T]], *, make: bool) -> T:
    from frontdesk.app.vault import open_vault

    config = read(paths, _settings()).config

    async def whole() -> T:
        async with open_vault(config, os.environ, make=make) as vault:
            return await work(vault)

    return asyncio.run(whole())


def _settings() -> tuple[str, ...]:
    from frontdesk.app.reading import SETTINGS

    return SETTINGS


def _named(vault: "Vault") -> "NamedSecrets":
    from frontdesk.app.named_secrets import NamedSecrets

    return NamedSecrets(vault)


# -- values and times -------------------------------------------------------------------------------


def _value(from_file: Path | None, *, piped: bool) -> str:
    """Read a value from where it is given. Raises: ClickException."""
    if from_file is None and not piped and sys.stdin.isatty():
        text = click.prompt("Value", hide_input=True, confirmation_prompt=True, err=True)
    else:
        data = from_file.read_bytes() if from_file else sys.stdin.buffer.read()
        try:
            text = data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise click.ClickException("expected a text in UTF-8") from None
    if not text:
        raise click.ClickException("expected a value that is not empty")
    return str(text)


def _leaves(time: float) -> str:
    return f"deleted on {local_time(time)}" if time else "kept"
