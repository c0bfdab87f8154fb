"""`frontdesk run`: serve until SIGTERM or Ctrl-C.

Owns signals and watching files. The composition is `frontdesk.app`; what a developer sees is `dev`'s.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click
import uvloop

from frontdesk.app import Frontdesk
from frontdesk.app.collector import begin_to_serve
from frontdesk.cli.configured import config_option, read
from frontdesk.cli.console import log_to_console
from frontdesk.cli.watch import Watcher, watched_files
from frontdesk.config.issuers import taking_development_tokens
from frontdesk.config.load import Loaded
from frontdesk.config.text import from_here

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


async def _run(loaded: Loaded, watched: tuple[Path, ...], workers: int | None) -> None:
    app = Frontdesk(loaded, workers=workers)

    def ready() -> None:
        _log.info("listening on %s", ", ".join(map(str, app.addresses)))
        _log.info("console at %s/console", app.config.admin.url)
        for name in taking_development_tokens(app.config):
            _log.warning("only `frontdesk dev` serves the issuer of authorizers.%s", name)

    await serve(app, ready, watched)


async def serve(app: Frontdesk, ready: Callable[[], None], watched: tuple[Path, ...]) -> None:
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
