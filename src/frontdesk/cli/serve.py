"""`frontdesk run` and `frontdesk dev`: serve until SIGTERM or Ctrl-C.

Owns signals, watching files, and what is said on the console. The composition is `frontdesk.app`.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import uvloop

from frontdesk import __version__
from frontdesk.app import Effect, Frontdesk
from frontdesk.app.collector import begin_to_serve
from frontdesk.base.errors import ConfigError, FrontdeskError
from frontdesk.cli.configured import config_option, read, show
from frontdesk.cli.console import log_to_console, visible
from frontdesk.cli.watch import Watcher, watched_files
from frontdesk.config.check import check
from frontdesk.config.check.handlers import from_here
from frontdesk.config.load import Loaded

_log = logging.getLogger("frontdesk")


@click.command()
@config_option
@click.option("--watch", is_flag=True, help="Reload when the configuration or code changes.")
@click.option(
    "--workers",
    type=click.IntRange(1, 128),
    help="Processes that serve clients. Default: as the file says.",
)
def run(paths: tuple[Path, ...], watch: bool, workers: int | None) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; then let running requests finish (limits.drain).

    A second signal ends it at once. SIGHUP reloads the configuration. SIGUSR1 reopens the access log
    after it has been rotated.
    Frontdesk's own messages go to standard error as JSON lines, the access log where logs.access says.

    Example: frontdesk run --config clinic.yaml
    """
    loaded = read(paths)
    log_to_console(loaded.config.logs.level, readable=False)
    uvloop.run(_run(loaded, paths if watch else (), workers))


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


async def _run(loaded: Loaded, watched: tuple[Path, ...], workers: int | None) -> None:
    app = Frontdesk(loaded, workers=workers)

    def ready() -> None:
        _log.info("listening on %s", ", ".join(map(str, app.addresses)))

    await _serve(app, ready, watched)


async def _dev(loaded: Loaded, paths: tuple[Path, ...]) -> None:
    app = Frontdesk(loaded, development=True, echo=_echo, report=_ConsoleReport(), workers=1)
    await _serve(app, lambda: _introduce(app, paths), paths)


async def _serve(app: Frontdesk, ready: Callable[[], None], watched: tuple[Path, ...]) -> None:
    """Start, say so, stay until a signal, stop. A second signal cuts the stopping short.

    watched: reload when one of these files, or code that they name, changes; empty: on SIGHUP only.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    loop.add_signal_handler(signal.SIGUSR1, app.reopen_logs)
    loop.add_signal_handler(signal.SIGHUP, app.reloads.begin, "SIGHUP")
    watcher = Watcher(
        lambda: watched_files(app.loaded),
        lambda changed: app.reloads.begin(from_here(changed)),
    )
    with suppress(asyncio.CancelledError):
        await app.start()
        begin_to_serve()
        ready()
        if watched:
            watcher.start()
        await loop.create_future()
    watcher.stop()
    _log.info("stopping: requests under way may finish")
    with suppress(asyncio.CancelledError):
        await app.stop()


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
    click.echo(f"  http://{config.admin.listen}  /healthz, token issuer at /issuer", err=True)
    click.echo(f"  a token: frontdesk token{files} --claim sub=me", err=True)
    click.echo("  reloads when a file changes; Ctrl-C stops", err=True)


def _echo(function: str, line: str) -> None:
    with suppress(OSError):  # a console that has gone stops no function
        click.echo(f"{click.style(function, fg='cyan')} {visible(line)}")
