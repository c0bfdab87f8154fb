"""`frontdesk reload`, `diff`, `rollback` and `history`: the configuration of a running gateway."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frontdesk.cli.configured import config_option, read
from frontdesk.cli.running import ask
from frontdesk.cli.times import local_time

if TYPE_CHECKING:
    from frontdesk.app.history import Version

_STORE = ("name", "data_dir")


@click.command()
@config_option
def reload(paths: tuple[Path, ...]) -> None:
    """Put the changed configuration of a running gateway in force; no request is lost or delayed.

    The gateway reads the files that it was started with, in its own environment. A configuration that
    is wrong changes nothing: each finding is printed, and the command exits with 1.

    Example: frontdesk reload
    """
    _tell(ask(paths, "POST", "/config/reload"))


@click.command()
@config_option
def diff(paths: tuple[Path, ...]) -> None:
    """Show what a reload would change in a running gateway: keys, functions, what needs a restart.

    Values of references and secrets are not shown. Exits with 1 where a reload would be refused.

    Example: frontdesk diff
    """
    _tell(ask(paths, "POST", "/config/preview"))


@click.command()
@config_option
@click.argument("version", type=int, required=False)
def rollback(paths: tuple[Path, ...], version: int | None) -> None:
    """Put a former version of the configuration in force, or the one before where none is given.

    The files stay as they are: the next reload or restart takes them again. Mend them.

    Example: frontdesk rollback 7
    """
    from frontdesk.cli.operator import command

    config = read(paths, ("admin", *_STORE)).config
    if version is None:
        version = _former(_versions(config.data_dir, config.name))
    _tell(command(config.admin, "/config/rollback", {"version": version}))
    files = ", ".join(str(path) for path in paths)
    click.secho(
        f"{files} may differ from what is in force now: the next reload or restart takes the files",
        err=True,
        fg="yellow",
    )


@click.command()
@config_option
@click.argument("version", type=int, required=False)
def history(paths: tuple[Path, ...], version: int | None) -> None:
    """List the last ten configurations that were in force, newest first; or print one as it was written.

    Reads the store in data_dir, whether the gateway runs or not.

    Example: frontdesk history 7 > former.yaml
    """
    config = read(paths, _STORE).config
    versions = _versions(config.data_dir, config.name)
    if version is None:
        for each in versions:
            click.echo(
                f"{each.number:>5}  {local_time(each.time)}  {each.changes:>4} changed  {each.by}"
            )
        return
    found = next((each for each in versions if each.number == version), None)
    if found is None:
        raise click.UsageError(f"no such version: {version}; `frontdesk history` lists them")
    for path in found.paths:
        click.echo(found.sources[path].decode(), nl=False)


def _tell(answer: dict[str, Any]) -> None:
    for change in answer["changes"]:
        click.echo(change)
    version = f" (version {answer['version']})" if answer["version"] else ""
    click.secho(answer["summary"] + version, err=True, fg="green")


def _former(versions: Sequence["Version"]) -> int:
    if len(versions) < 2:
        raise click.UsageError("there is no former version to go back to")
    return versions[1].number


def _versions(data_dir: Path, name: str) -> Sequence["Version"]:
    from frontdesk.app.history import read_history

    return asyncio.run(read_history(data_dir, name))
