"""Owns the `--config` and `--output` options, and how a configuration's findings are printed."""

import os
from collections.abc import Callable, Container, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frontdesk.base.errors import ConfigError, Finding

if TYPE_CHECKING:
    from frontdesk.config.load import Loaded

Paths = tuple[Path, ...]
"""What `--config` gives a command."""

_COLOURS = {"error": "red", "warning": "yellow"}


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--config FILE`, repeatable; default frontdesk.yaml here."""
    return click.option(
        "-c",
        "--config",
        "paths",
        multiple=True,
        type=click.Path(path_type=Path),
        default=(Path("frontdesk.yaml"),),
        show_default=True,
        help="Configuration file; repeat to merge several (later ones may only add).",
    )(command)


def output_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `-o FILE`, a file that is not there yet, and `--force`, which has it written over."""
    return file_option("-o", "--output", about="Write to this file.")(command)


def file_option(*names: str, about: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command an option of such a file, with `--force` beside it. about: its help."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        force = click.option(
            "--force", is_flag=True, is_eager=True, help=f"Write over a file of {names[-1]}."
        )
        path = click.Path(path_type=Path, dir_okay=False)
        return click.option(*names, type=path, callback=_writable, help=about)(force(command))

    return add


def _writable(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """Refuse a file that is there already, before the command does anything; a device is none."""
    force = ctx.params.pop("force")  # commands need not know of it
    if value is not None and value.is_file() and not force:
        raise click.BadParameter(f"the file is there already: {value}; --force writes over it")
    return value


def write(text: str, output: Path | None) -> None:
    """Write what a command makes to the file of `--output`, or to standard output. Raises: click.ClickException."""
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise click.ClickException(f"cannot write {output}: {error.strerror}") from error
        click.echo(f"wrote {output}", err=True)


def read(paths: Paths, only: Container[str] | None = None) -> "Loaded":
    """Load the configuration, or print everything that is wrong with it and exit with 1.

    only: the keys of the top to load, whatever is wrong with others.
    """
    from frontdesk.app.reading import (
        read_files,  # models take a while to build; `--help` needs none
    )

    try:
        return read_files(paths, os.environ, only=only)
    except ConfigError as error:
        show(error.findings)
        raise SystemExit(1) from None


def show(findings: Iterable[Finding]) -> None:
    """Print findings on standard error: place, what, why and how to mend it."""
    for finding in findings:
        head, _, rest = str(finding).partition("\n")
        click.secho(head, err=True, fg=_COLOURS.get(finding.severity))
        if rest:
            click.echo(rest, err=True)
