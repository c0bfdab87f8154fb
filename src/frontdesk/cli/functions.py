"""`frontdesk invoke` and `frontdesk logs`: one function by hand, and what functions have written."""

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import click
import uvloop

from frontdesk.app import function_definition, remote_settings
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StartError
from frontdesk.base.wheel import Wheel
from frontdesk.cli.configured import config_option, read
from frontdesk.cli.console import visible
from frontdesk.cli.running import ask
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.functions.host import FunctionHost
from frontdesk.functions.remote import RemoteFunctions
from frontdesk.functions.settings import Alias, FunctionDefinition
from frontdesk.ports.invoker import Invocation, Invoker, Outcome
from frontdesk.rules.concurrency import LATEST

_FOLLOW_EVERY = 0.2
"""Seconds between two looks for new lines."""


def _event(_ctx: click.Context, _param: click.Parameter, text: str) -> bytes:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise click.BadParameter(f"cannot read {text[1:]}: {error.strerror}") from None
    try:
        return json.dumps(json.loads(text)).encode()
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}") from None


@click.command()
@config_option
@click.argument("function")
@click.option(
    "-e",
    "--event",
    default="{}",
    show_default=True,
    callback=_event,
    help="The event: JSON text, @FILE, or - for standard input.",
)
@click.option("--quiet", is_flag=True, help="Do not show the function's log.")
@click.option("--later", is_flag=True, help="Have a running gateway do it, and wait for nothing.")
def invoke(
    paths: tuple[Path, ...], function: str, event: bytes, *, quiet: bool, later: bool
) -> None:
    """Run FUNCTION, or FUNCTION:ALIAS, once in a process of its own, with its environment and limits.

    The result goes to standard output, the function's log to standard error. Exits with 1 when the
    function failed. No gateway needs to run. A function that runs elsewhere is called there.

    With --later a running gateway invokes it asynchronously, with retries and destinations; what is
    printed is the request id.

    Example: frontdesk invoke get_slots -e '{"pathParameters": {"id": "p001"}}'
    """
    if later:
        told = ask(paths, "POST", f"/invocations/{function}", {"event": json.loads(event)})
        click.echo(told["request_id"])
        return
    logging.getLogger("frontdesk").addHandler(logging.NullHandler())  # the outcome says as much
    config = read(paths).config
    if function in config.remote_functions:
        outcome = uvloop.run(_invoke_elsewhere(config, function, event))
    else:
        name, _, qualifier = function.partition(":")
        definition = _alone(config, name, qualifier)
        outcome = uvloop.run(_invoke(config, definition, qualifier, event, quiet=quiet))
    click.echo(outcome.payload.decode("utf-8", "replace"))
    if outcome.error:
        click.echo(f"error: {outcome.error}: {_failure(outcome)}", err=True)
        raise SystemExit(1)


def _alone(config: Config, name: str, qualifier: str) -> FunctionDefinition:
    """Return a function with one alias, for the version that is asked for: nothing else is started."""
    definition = function_definition(config, _known(config, name))
    if qualifier not in ("", *config.local_functions[name].qualifiers):
        known = ", ".join(config.local_functions[name].qualifiers)
        raise click.BadParameter(f"no version or alias {qualifier!r} of {name}; there is: {known}")
    asked_for = definition.aliases.get(qualifier, Alias(version=qualifier or LATEST))
    return replace(definition, aliases={qualifier: asked_for}, provisioned={})


def _failure(outcome: Outcome) -> str:
    """Say what failed, in the function's own words where it gave some."""
    try:
        said = json.loads(outcome.payload)
        return f"{said['errorType']}: {said['errorMessage']}"
    except (ValueError, TypeError, KeyError):
        return outcome.reason


async def _invoke(
    config: Config, definition: FunctionDefinition, qualifier: str, event: bytes, *, quiet: bool
) -> Outcome:
    def log(_function: str, lines: bytes) -> None:
        if not quiet:
            click.echo(visible(lines.decode("utf-8", "replace")), err=True, nl=False)

    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    host = FunctionHost(clock, wheel, data_dir=config.data_dir, processes=1, log=log)
    await host.start([definition])
    try:
        return await _outcome(host.invoker(definition.name, qualifier), event)
    finally:
        await host.stop(0.0)
        heartbeat.close()


async def _invoke_elsewhere(config: Config, name: str, event: bytes) -> Outcome:
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    remote = RemoteFunctions(clock, wheel)
    try:
        return await _outcome(remote.invoker(remote_settings(config, name)), event)
    finally:
        remote.close()
        heartbeat.close()


async def _outcome(invoker: Invoker, event: bytes) -> Outcome:
    """Run it once. The function's own timeout ends it: nobody else waits for the answer."""
    done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    invoker.invoke(Invocation(event, float("inf")), done.set_result)
    return await done


@click.command()
@config_option
@click.argument("functions", nargs=-1)
@click.option("-n", "--lines", default=20, show_default=True, help="Lines of the past, of each.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines until Ctrl-C.")
def logs(paths: tuple[Path, ...], functions: tuple[str, ...], lines: int, follow: bool) -> None:
    """Show the logs of FUNCTIONS, or of all of them: START, END and REPORT, and what they print.

    Of the file only data_dir is needed, whatever else it asks for: variables need not be set.

    Example: frontdesk logs book_appointment --follow
    """
    loaded = read(paths, ("name", "data_dir"))
    folder = loaded.config.data_dir / "logs"
    names = _logging(loaded, folder)
    unknown = [name for name in functions if name not in names]
    if unknown:
        raise _no_function(unknown[0], names)
    if not names:
        click.echo(f"there are no functions: none in the file, and no log in {folder}", err=True)
        return
    names = list(functions) or names
    tails = {name: _Tail(folder / f"{name}.log") for name in names}
    width = max((len(name) for name in names), default=0) if len(names) > 1 else 0
    _print(((name, tail.last(lines)) for name, tail in tails.items()), width)
    pause = threading.Event()
    try:
        while follow:
            pause.wait(_FOLLOW_EVERY)
            _print(((name, tail.new()) for name, tail in tails.items()), width)
    except KeyboardInterrupt:
        click.echo()


def _logging(loaded: Loaded, folder: Path) -> list[str]:
    """List the functions of the file, and others that have logged: those of the Lambda API."""
    written = loaded.tree.node_at(("functions",))
    of_the_file = [str(name) for name in written.children] if written else []
    logged = sorted(file.stem for file in folder.glob("*.log"))
    return list(dict.fromkeys([*of_the_file, *logged]))


def _known(config: Config, name: str) -> str:
    if name not in config.local_functions:
        raise _no_function(name, config.local_functions)
    return name


def _no_function(name: str, known: Iterable[str]) -> click.BadParameter:
    return click.BadParameter(f"no function {name!r}; there is {', '.join(known) or 'none'}")


def _print(found: Iterator[tuple[str, list[str]]], width: int) -> None:
    for name, lines in found:
        for line in lines:
            shown = visible(line)
            click.echo(f"{name:{width}} {shown}" if width else shown)


class _Tail:
    """A growing file of lines, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._partial = b""

    def last(self, count: int) -> list[str]:
        """Return the last lines, and remember where they end."""
        lines = self.new()
        return lines[-count:] if count > 0 else []

    def new(self) -> list[str]:
        """Return what has been added; all of it when the file has been replaced by a shorter one."""
        try:
            with self._path.open("rb") as file:
                return self._lines(file)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StartError(f"cannot read the log: {error}") from error

    def _lines(self, file: IO[bytes]) -> list[str]:
        if file.seek(0, 2) < self._read:
            self._read, self._partial = 0, b""
        file.seek(self._read)
        data = file.read()
        self._read += len(data)
        *whole, self._partial = (self._partial + data).split(b"\n")
        return [line.decode("utf-8", "replace") for line in whole]
