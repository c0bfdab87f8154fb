"""`frontdesk dev`: serve, and tell a developer's terminal what happens. How it serves is `serve`'s."""

from contextlib import suppress
from pathlib import Path

import click
import uvloop

from frontdesk import __version__
from frontdesk.app import Effect, Frontdesk
from frontdesk.base.errors import ConfigError, FrontdeskError
from frontdesk.cli.configured import config_option, read, show
from frontdesk.cli.console import log_to_console, visible
from frontdesk.cli.serve import serve
from frontdesk.config.check import check
from frontdesk.config.issuers import taking_development_tokens
from frontdesk.config.load import Loaded


@click.command()
@config_option
def dev(paths: tuple[Path, ...]) -> None:
    """Run with reload when the configuration or a function's code changes, and with readable logs.

    Serves a token issuer at http://{admin.listen}/issuer; `frontdesk token` makes its tokens.

    Example: frontdesk dev --config clinic.yaml
    """
    loaded = read(paths)
    log_to_console(loaded.config.logs.level, readable=True)
    uvloop.run(_dev(loaded, paths))


async def _dev(loaded: Loaded, paths: tuple[Path, ...]) -> None:
    app = Frontdesk(loaded, development=True, echo=_echo, report=_ConsoleReport(), workers=1)
    await serve(app, lambda: _introduce(app, paths), paths)


class _ConsoleReport:
    """Reports reloads to a developer's terminal."""

    def reloaded(self, by: str, loaded: Loaded, effect: Effect) -> None:
        broken = [finding for finding in check(loaded) if finding.id == "handler-not-found"]
        show(broken)
        click.secho(f"reloaded: {by}", err=True, fg="yellow" if broken else "green")
        if effect.waiting:
            click.secho(f"restart to apply: {', '.join(effect.waiting)}", err=True, fg="yellow")

    def refused(self, by: str, error: FrontdeskError) -> None:
        if isinstance(error, ConfigError):
            show(error.findings)
            click.secho(f"not reloaded: {by} (the former state serves on)", err=True, fg="red")
        else:
            click.secho(f"not reloaded: {error}. {error.hint}", err=True, fg="red")


def _introduce(app: Frontdesk, paths: tuple[Path, ...]) -> None:
    config = app.config
    files = "".join(f" -c {path}" for path in paths if path != Path("frontdesk.yaml"))
    routes = sum(1 for api in config.apis.values() for _ in api.operations())
    click.secho(f"Frontdesk {__version__}: {config.name}", err=True, bold=True)
    for address in app.addresses:
        click.echo(
            f"  http://{address}  {routes} routes, {len(config.functions)} functions", err=True
        )
    click.echo(f"  {config.admin.url}  console at /console, token issuer at /issuer", err=True)
    if taking_development_tokens(config):
        click.echo(f"  a token: frontdesk token{files} --claim sub=me", err=True)
    click.echo("  reloads when a file changes; Ctrl-C stops", err=True)


def _echo(function: str, line: str) -> None:
    with suppress(OSError):  # a console that has gone stops no function
        click.echo(f"{click.style(function, fg='cyan')} {visible(line)}")
