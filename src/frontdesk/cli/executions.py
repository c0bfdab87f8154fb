"""`frontdesk states …` for executions of a running gateway: start, list, show, history, stop, redrive."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import Paths, config_option, file_option, write
from frontdesk.cli.console import visible
from frontdesk.cli.inputs import input_option, read_input
from frontdesk.cli.running import admin_of, ask, ask_all
from frontdesk.cli.times import local_time

if TYPE_CHECKING:
    from frontdesk.rules.asl.history import HistoryEvent

_PATIENCE: Final = 60
"""Looks, a second apart, while no gateway answers: one that is started again goes on with its executions."""

_NOT_KEPT: Final = "nothing is kept of an express execution but its log: `log` of the machine"

STATUSES: Final = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def examples(*commands: str) -> str:
    """Write what the help of a command ends with. commands: as they are typed."""
    return "\n".join(("\b", "Examples:", *(f"  {one}" for one in commands)))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
watch_option = click.option("--watch", is_flag=True, help="Follow it until it ends.")


@click.command(
    epilog=examples(
        """frontdesk states start charge --input '{"order": 7}'""",
        "frontdesk states start charge --input order.json --name order-7 --wait",
        "jq .order mail.json | frontdesk states start charge --input -",
    )
)
@config_option
@click.argument("machine")
@input_option
@click.option("--name", default="", help="Name of the execution. Default: a random one.")
@click.option(
    "--wait", is_flag=True, help="Follow it until it ends; exit with 1 unless it succeeds."
)
def start(paths: Paths, machine: str, given: str, name: str, wait: bool) -> None:
    """Start an execution of MACHINE and print its ARN.

    MACHINE is a name or an ARN, with :VERSION or :ALIAS behind it or without. The same name with the same
    input, while it runs, is the same execution.
    """
    wanted = {"input": read_input(given), "name": name}
    made = ask(paths, "POST", f"/api/state-machines/{quote(machine)}/executions", wanted)
    click.echo(made["execution"]["arn"])
    if wait and ":express:" in made["execution"]["arn"]:
        click.echo(f"hint: {_NOT_KEPT}", err=True)
    elif wait and not _show(paths, made["execution"]["arn"], watch=True, every=False):
        raise SystemExit(1)


@click.command(
    "list",
    short_help="List executions, newest first.",
    epilog=examples(
        "frontdesk states list charge",
        "frontdesk states list --status failed",
    ),
)
@config_option
@click.argument("machine", required=False)
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only with this.")
@click.option("--name", default="", help="Only those whose names begin so.")
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def list_(
    *, paths: Paths, machine: str | None, status: str | None, name: str, most: int, as_json: bool
) -> None:
    """List executions, newest first: of MACHINE, or of all state machines."""
    found = []
    said = {name: value for name, value in (("status", status), ("name", name)) if value}
    for one in _standard(paths) if machine is None else [machine]:
        asked = {"most": str(most)} | said
        target = f"/api/state-machines/{quote(one)}/executions?{urlencode(asked)}"
        found += ask(paths, "GET", target)["executions"]
    found.sort(key=lambda each: each["started"], reverse=True)
    if as_json:
        click.echo(json.dumps(found[:most], indent=2))
        return
    rows = [("MACHINE", "NAME", "STATUS", "STARTED", "TOOK")]
    rows += [_listed(each) for each in found[:most]]
    print_columns(rows)


def _listed(each: dict[str, Any]) -> tuple[str, str, str, str, str]:
    from frontdesk.base.durations import tell_duration

    took = "" if each["ended"] is None else tell_duration(each["ended"] - each["started"])
    machine, name = visible(each["machine"]), visible(each["name"])
    return machine, name, each["status"], local_time(each["started"]), took


def _standard(paths: Paths) -> list[str]:
    """List the machines whose executions are kept."""
    machines = ask_all(paths, "/api/state-machines", "machines")
    return [one["name"] for one in machines if one["type"] == "STANDARD"]


@click.command(
    short_help="Show an execution: its states, and what comes next.",
    epilog=examples(
        "frontdesk states show order-7",
        "frontdesk states show charge:order-7 --watch",
        "frontdesk states show 5f3a --svg order.svg",
    ),
)
@config_option
@click.argument("execution")
@watch_option
@click.option("--all", "every", is_flag=True, help="All states, not only the last ones.")
@file_option("--svg", about="Draw it to this file.")
@json_option
def show(
    *, paths: Paths, execution: str, watch: bool, every: bool, svg: Path | None, as_json: bool
) -> None:
    """Show an execution: its states with attempts, durations and errors, what comes next and when.

    EXECUTION is an ARN, MACHINE:NAME, or the beginning of a name that no other one has. With --watch it
    exits with 1 unless the execution succeeds.
    """
    succeeded = True
    if as_json:
        told = ask(paths, "GET", of_execution(execution))
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        succeeded = _show(paths, execution, watch=watch, every=every)
    if svg is not None:
        from frontdesk.cli.operator import picture

        write(picture(admin_of(paths), of_execution(execution, "/graph.svg")), svg)
    if watch and not succeeded:
        raise SystemExit(1)


@click.command(
    short_help="Print the events of an execution.",
    epilog=examples(
        "frontdesk states history order-7",
        "frontdesk states history order-7 --json > order-7.json",
    ),
)
@config_option
@click.argument("execution")
@json_option
def history(paths: Paths, execution: str, as_json: bool) -> None:
    """Print the events of an execution; with --json as GetExecutionHistory does."""
    from frontdesk.rules.asl.history import read_aws_event

    written = list(_pages(paths, execution))
    if as_json:
        click.echo(json.dumps({"events": written}, indent=2, ensure_ascii=False))
        return
    events = [read_aws_event(one) for one in written]
    rows = [("ID", "AT", "EVENT", "STATE", "ABOUT")]
    rows += [_event(event, events[0].at) for event in events]
    print_columns(rows)


def _event(event: "HistoryEvent", began: int) -> tuple[str, str, str, str, str]:
    from frontdesk.base.durations import tell_duration

    details = event.details
    state = details.get("state") or details.get("name") or ""
    about = [
        str(details[name])
        for name in ("resource", "error", "index", "mapRunArn")
        if name in details
    ]
    at = tell_duration((event.at - began) / 1000)
    return str(event.id), at, event.type, visible(str(state)), visible(", ".join(about))


@click.command(short_help="Stop an execution.")
@config_option
@click.argument("execution")
@click.option("--error", help="Name of the error that it ends with.")
@click.option("--cause", help="Why, for people.")
def stop(paths: Paths, execution: str, error: str | None, cause: str | None) -> None:
    """Stop an execution; what its tasks have begun is cancelled. One that has ended stays as it is.

    Example: frontdesk states stop order-7 --cause "the order was cancelled"
    """
    done = ask(paths, "POST", of_execution(execution, "/stop"), {"error": error, "cause": cause})
    if done["status"] == "ABORTED":
        click.secho(f"stopped: {visible(done['arn'])}", err=True, fg="green")
    else:
        click.echo(f"it has ended already: {done['status']}", err=True)


@click.command(short_help="Let an execution that has failed go on there.")
@config_option
@click.argument("execution")
@watch_option
def redrive(paths: Paths, execution: str, watch: bool) -> None:
    """Let an execution that failed, timed out or was stopped go on at the states where it ended.

    What had succeeded is not done again. It runs the definition that it was started with.

    Example: frontdesk states redrive order-7 --watch
    """
    done = ask(paths, "POST", of_execution(execution, "/redrive"))
    click.secho(f"redriven: {visible(done['arn'])}", err=True, fg="green")
    if watch and not _show(paths, done["arn"], watch=True, every=False):
        raise SystemExit(1)


# -- asking -----------------------------------------------------------------------------------------


def of_execution(execution: str, what: str = "") -> str:
    """Return the path of the admin API about an execution, or about a part of it."""
    return f"/api/executions/{quote(execution)}{what}"


def _pages(paths: Paths, execution: str) -> Iterator[dict[str, Any]]:
    """Read all of a history, as AWS writes it."""
    token = ""
    while True:
        asked = urlencode({"token": token} if token else {})
        page = ask(paths, "GET", of_execution(execution, f"/history?{asked}"))
        yield from page["events"]
        token = page["next"]
        if not token:
            return


# -- following --------------------------------------------------------------------------------------


def _show(paths: Paths, execution: str, *, watch: bool, every: bool) -> bool:
    """Print an execution, while it is watched on a terminal again and again; tell whether it succeeded."""
    from frontdesk.base.clock import SystemClock
    from frontdesk.cli.execution_view import lines

    clock = SystemClock()
    followed = _Followed(paths, execution)
    told: list[object] = []
    while True:
        document = followed.look(wait=watch)
        over = document["execution"]["ended"] is not None
        if over or not watch or sys.stdout.isatty():
            shown = "\n".join(lines(document, followed.events, clock.time(), every=every))
            if watch:
                click.clear()
            click.echo(shown)
        else:
            told = _tell(document["outlook"], told, clock.time())
        if over or not watch:
            return bool(document["execution"]["status"] == "SUCCEEDED")


def _tell(outlook: list[dict[str, Any]], told: list[object], now: float) -> list[object]:
    """Say on standard error what an execution waits for, unless that was told; return what is told now."""
    from frontdesk.cli.execution_view import moment, sentence

    news: list[object] = [(one["state"], one["awaited"], one["attempt"]) for one in outlook]
    if news != told:
        for one in outlook:
            click.echo(f"{moment(now, now)} {visible(sentence(one, now))}", err=True)
    return news


class _Followed:
    """An execution that is looked at. events: its history up to the last look."""

    def __init__(self, paths: Paths, execution: str) -> None:
        self.events: list[HistoryEvent] = []
        self._paths = paths
        self._execution = execution

    def look(self, *, wait: bool) -> dict[str, Any]:
        """Read what is new; return how it stands. wait: up to a second for its end, and for a gateway."""
        first = not self.events
        return _patiently(lambda: self._look(wait=wait and not first), wait=wait and not first)

    def _look(self, *, wait: bool) -> dict[str, Any]:
        document = ask(self._paths, "GET", of_execution(self._execution, "?wait=1" if wait else ""))
        self._execution = document["execution"]["arn"]
        self._read_new()
        return document

    def _read_new(self) -> None:
        from frontdesk.rules.asl.history import read_aws_event

        if not self.events:
            self.events = [read_aws_event(one) for one in _pages(self._paths, self._execution)]
            return
        known, new, token = self.events[-1].id, [], ""
        while True:
            asked = {"newest_first": "true", "most": "100"} | ({"token": token} if token else {})
            page = ask(
                self._paths, "GET", of_execution(self._execution, f"/history?{urlencode(asked)}")
            )
            read_ = [read_aws_event(one) for one in page["events"]]
            new += [event for event in read_ if event.id > known]
            token = page["next"]
            if not token or read_[-1].id <= known:
                break
        self.events += reversed(new)


def _patiently(look: Callable[[], dict[str, Any]], *, wait: bool) -> dict[str, Any]:
    from frontdesk.app.asking import NoGatewayError

    for _ in range(_PATIENCE if wait else 0):
        try:
            return look()
        except NoGatewayError:
            time.sleep(1)
    return look()
