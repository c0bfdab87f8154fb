"""`frontdesk run` and `frontdesk dev`: one process until SIGTERM or Ctrl-C.

Owns signals, what is said on the console, and the reload of `dev`. The composition is `frontdesk.app`.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import uvloop

from frontdesk import __version__
from frontdesk.app import Frontdesk
from frontdesk.base.errors import ConfigError, StartError
from frontdesk.cli.configured import config_option, read, show
from frontdesk.cli.console import log_to_console, visible
from frontdesk.cli.watch import Watcher, watched_files
from frontdesk.config.check import check
from frontdesk.config.check.handlers import from_here
from frontdesk.config.load import Loaded, load

_log = logging.getLogger("frontdesk")


@click.command()
@config_option
def run(paths: tuple[Path, ...]) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; then let running requests finish (limits.drain).

    A second signal ends it at once. SIGUSR1 reopens the access log after it has been rotated.
    Frontdesk's own messages go to standard error as JSON lines, the access log where logs.access says.

    Example: frontdesk run --config clinic.yaml
    """
    loaded = read(paths)
    log_to_console(loaded.config.logs.level, readable=False)
    uvloop.run(_run(loaded))


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


async def _run(loaded: Loaded) -> None:
    app = Frontdesk(loaded)

    def ready() -> None:
        _log.info("listening on %s", ", ".join(map(str, app.addresses)))

    await _serve(app, ready)


async def _dev(loaded: Loaded, paths: tuple[Path, ...]) -> None:
    app = Frontdesk(loaded, development=True, echo=_echo)
    reloads = _Reloads(app, paths)
    watcher = Watcher(lambda: watched_files(paths, app.config), reloads.begin)

    def ready() -> None:
        _introduce(app, paths)
        watcher.start()

    try:
        await _serve(app, ready)
    finally:
        watcher.stop()


async def _serve(app: Frontdesk, ready: Callable[[], None]) -> None:
    """Start, say so, stay until a signal, stop. A second signal cuts the stopping short."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    loop.add_signal_handler(signal.SIGUSR1, app.reopen_logs)
    with suppress(asyncio.CancelledError):
        await app.start()
        # What lives now lives on: the collector need not look at it again and again.
        gc.freeze()
        gc.enable()
        ready()
        await loop.create_future()
    _log.info("stopping: requests under way may finish")
    with suppress(asyncio.CancelledError):
        await app.stop()


class _Reloads:
    """Reloads of `dev`: one at a time; a change during one begins another."""

    def __init__(self, app: Frontdesk, paths: tuple[Path, ...]) -> None:
        self._app = app
        self._paths = paths
        self._running: asyncio.Task[None] | None = None
        self._again = False

    def begin(self, changed: Path) -> None:
        """Reload because of a file."""
        if self._running is not None and not self._running.done():
            self._again = True
            return
        self._running = asyncio.get_running_loop().create_task(self._reload(changed))

    async def _reload(self, changed: Path) -> None:
        await self._load(changed)
        while self._again:
            self._again = False
            await self._load(changed)

    async def _load(self, changed: Path) -> None:
        file = from_here(changed)
        try:
            loaded = load(self._paths, os.environ)
            waiting = await self._app.reload(loaded)
        except ConfigError as error:
            show(error.findings)
            click.secho(f"not reloaded: {file} (the former state serves on)", err=True, fg="red")
        except StartError as error:
            click.secho(f"not reloaded: {error}. {error.hint}", err=True, fg="red")
        else:
            broken = [finding for finding in check(loaded) if finding.id == "handler-not-found"]
            show(broken)
            click.secho(f"reloaded: {file}", err=True, fg="yellow" if broken else "green")
            if waiting:
                click.secho(f"restart to apply: {', '.join(waiting)}", err=True, fg="yellow")


def _introduce(app: Frontdesk, paths: tuple[Path, ...]) -> None:
    config = app.config
    files = "".join(f" -c {path}" for path in paths if path != Path("frontdesk.yaml"))
    routes = sum(len(api.routes) for api in config.apis.values())
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
