"""`frontdesk functions`: run a file's functions for gateways on other machines; look at those of a running gateway."""

import asyncio
import logging
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import uvloop

from frontdesk.app.collector import begin_to_serve
from frontdesk.app.function_server import FunctionServer
from frontdesk.base.addresses import Address, parse_address
from frontdesk.base.durations import write_duration
from frontdesk.cli.columns import counted, print_columns
from frontdesk.cli.configured import config_option, read
from frontdesk.cli.console import log_to_console
from frontdesk.cli.groups import Commands
from frontdesk.cli.running import ask, ask_all
from frontdesk.cli.times import short_span

_log = logging.getLogger("frontdesk")


def _address(_ctx: click.Context, _param: click.Parameter, text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group(cls=Commands)
def functions() -> None:
    """Run the functions of a file for gateways on other machines, look at those of a running gateway.

    Example: frontdesk functions serve --listen 127.0.0.1:9001
    """


@functions.command("list")
@config_option
def list_functions(paths: tuple[Path, ...]) -> None:
    """Show the functions of a running gateway: those of the file, and of the Lambda API.

    Example: frontdesk functions list
    """
    told = ask_all(paths, "/api/functions", "functions")
    head = ("FUNCTION", "HANDLER", "VERSIONS", "ALIASES", "CALLS", "ERRORS", "P99")
    print_columns([head, *map(_row, told)])


def _row(function: Mapping[str, Any]) -> tuple[str, ...]:
    if function["elsewhere"]:
        return (function["name"], "runs elsewhere", "-", "-", "-", "-", "-")
    figures = function["figures"]
    return (
        function["name"],
        function["handler"],
        ", ".join(("$LATEST", *function["published"])),
        ", ".join(f"{alias['name']} -> {_target(alias)}" for alias in function["aliases"]) or "-",
        str(figures["invocations"]),
        str(figures["errors"]),
        short_span(figures["p99"]),
    )


def _target(alias: Mapping[str, Any]) -> str:
    others = (f"{version} ({share:.3g})" for version, share in alias["weights"].items())
    return " + ".join((alias["version"], *others))


@functions.command()
@config_option
@click.argument("function")
@click.option("--description", default="", help="What is new.")
def publish(paths: tuple[Path, ...], function: str, description: str) -> None:
    """Make a version of what FUNCTION of the Lambda API is now; those of the file are published there.

    Example: frontdesk functions publish resize --description "smaller thumbnails"
    """
    told = ask(paths, "POST", f"/api/functions/{function}/publish", {"description": description})
    click.echo(told["version"])


@functions.command()
@config_option
@click.argument("function")
@click.argument("alias")
@click.argument("version")
@click.option("--also", help="Another VERSION=SHARE of the calls, such as 2=0.1.")
def shift(
    paths: tuple[Path, ...], function: str, alias: str, version: str, also: str | None
) -> None:
    """Have ALIAS of FUNCTION of the Lambda API name VERSION from the next call on; make it where there is none.

    Example: frontdesk functions shift resize live 1 --also 2=0.1
    """
    given = {"version": version, "weights": {} if also is None else _weights(also)}
    ask(paths, "PUT", f"/api/functions/{function}/aliases/{alias}", given)
    click.secho(f"{alias} -> {version}{f' + {also}' if also else ''}", err=True, fg="green")


def _weights(text: str) -> dict[str, float]:
    version, _, share = text.partition("=")
    try:
        return {version: float(share)}
    except ValueError:
        raise click.BadParameter(f"expected VERSION=SHARE such as 2=0.1, got {text!r}") from None


@functions.command()
@config_option
def waiting(paths: tuple[Path, ...]) -> None:
    """Show which functions of a running gateway have asynchronous invocations that are not over.

    Example: frontdesk functions waiting
    """
    told = ask(paths, "GET", "/invocations")["functions"]
    rows = [
        (each["function"], str(each["waiting"]), write_duration(round(each["oldest_age"])))
        for each in told
    ]
    print_columns([("FUNCTION", "WAITING", "OLDEST"), *rows])


@functions.command()
@config_option
@click.argument("function")
@click.confirmation_option(prompt="Drop all asynchronous invocations of this function?")
def drop(paths: tuple[Path, ...], function: str) -> None:
    """Drop the asynchronous invocations of FUNCTION that are not over; nobody is told of them.

    Example: frontdesk functions drop send_letter --yes
    """
    dropped = ask(paths, "POST", f"/invocations/{function}/drop")["dropped"]
    click.echo(f"{counted(dropped, 'invocation')} dropped")


@functions.command()
@config_option
@click.option(
    "--listen",
    default="127.0.0.1:9001",
    show_default=True,
    callback=_address,
    help="Address to serve at; beyond this machine only with admin.token.",
)
def serve(paths: tuple[Path, ...], listen: Address) -> None:
    """Serve Lambda's Invoke for the functions of the file.

    Until SIGTERM or Ctrl-C; then running invocations may finish (limits.drain). Another Frontdesk
    reaches them by `url`, boto3 by endpoint_url. Where the file has an admin.token, requests are signed
    with it as the secret of the access key id `frontdesk`.

    Example: frontdesk functions serve --listen 127.0.0.1:9001
    """
    config = read(paths).config
    log_to_console(config.logs.level, readable=False)
    uvloop.run(_serve(FunctionServer(config, listen)))


async def _serve(app: FunctionServer) -> None:
    """Start, say so, stay until a signal, stop. A second signal cuts the stopping short."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await app.start()
        begin_to_serve()
        _log.info("listening on %s", app.address)
        await loop.create_future()
    with suppress(asyncio.CancelledError):
        await app.stop()
