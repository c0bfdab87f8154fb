"""`frontdesk states replay`: whether this interpreter makes the recorded history out of the recorded steps.

In this process, on what the gateway reads out of its journal: beside a running gateway nothing is touched.
"""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

import click

from frontdesk.cli.configured import Paths, config_option
from frontdesk.cli.console import visible
from frontdesk.cli.executions import examples
from frontdesk.cli.running import ask

_TOLD: Final = 100
"""Steps after which a terminal is told how far it is."""

if TYPE_CHECKING:
    from frontdesk.durable.executions.comparison import Comparison
    from frontdesk.rules.asl.history import HistoryEvent


@click.command(
    short_help="Take the recorded steps again, and compare.",
    epilog=examples(
        "frontdesk states replay order-7",
        "frontdesk states list charge --json | jq -r '.[].arn' | xargs -n 1 frontdesk states replay",
    ),
)
@config_option
@click.argument("execution")
def replay(paths: Paths, execution: str) -> None:
    """Run the recorded steps of an execution again, and compare the history with the recorded one.

    Nothing is done and nothing is changed: answers of tasks are the recorded ones. Use it before an upgrade,
    with the new version's command beside the old gateway. Exits with 1 at the first difference.
    """
    target = f"/api/executions/{quote(execution)}"
    comparison = None
    number = 0
    for number, step in enumerate(_steps(paths, target), 1):
        if comparison is None:
            comparison = _comparison(paths, target, step)
        different = comparison.take(step)
        if different is not None:
            click.secho(f"step {number} ({step['in']['type']}) differs", fg="red")
            click.echo(f"  recorded: {_told(different.recorded)}")
            click.echo(f"  replayed: {visible(different.fault) or _told(different.replayed)}")
            raise SystemExit(1)
        if number % _TOLD == 0 and sys.stderr.isatty():
            click.echo(f"\r{number} steps", nl=False, err=True)
    events = 0 if comparison is None else comparison.events
    click.secho(f"{number} step(s), {events} event(s): no difference", fg="green")


def _steps(paths: Paths, target: str) -> Iterator[dict[str, Any]]:
    first = 1
    while page := ask(paths, "GET", f"{target}/steps?first={first}")["steps"]:
        yield from page
        first += len(page)


def _comparison(paths: Paths, target: str, first: dict[str, Any]) -> "Comparison":
    from frontdesk.durable.executions.comparison import Comparison
    from frontdesk.durable.executions.pinned import INTERPRETER, program_of, read_pinned
    from frontdesk.rules.asl.check import read_definition
    from frontdesk.rules.asl.parse import Document, build_machine
    from frontdesk.rules.asl.program import compile_machine

    recorded = first["execution"]["interpreter"]
    if recorded != INTERPRETER:
        click.echo(f"recorded by interpreter {recorded}, replayed by {INTERPRETER}", err=True)
    text = ask(paths, "GET", f"{target}/definition")["definition"]
    machine = compile_machine(build_machine(cast(Document, read_definition(text))))
    pinned = read_pinned(first["execution"])
    return Comparison(program_of(machine, pinned), pinned)


def _told(event: "HistoryEvent | None") -> str:
    if event is None:
        return "nothing"
    details = json.dumps(event.details, ensure_ascii=False)
    return visible(f"event {event.id} after {event.previous}: {event.type} {details}")
