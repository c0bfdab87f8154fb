"""Owns `frontdesk states run`: one execution in memory, on a fake clock, and how it is shown."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import show
from frontdesk.cli.inputs import input_option, read_input

if TYPE_CHECKING:
    from frontdesk.asl import LocalRun
    from frontdesk.rules.asl.timeline import Stay

_PYTHON = "python:"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@input_option
@click.option(
    "--task",
    "tasks",
    metavar="NAME=python:MODULE.CALLABLE",
    multiple=True,
    help="Who does a task: NAME is a function, an activity or a Resource. Called with the task's input; "
    "a handler gets None as its context. Repeatable.",
)
def run(file: Path, given: str, tasks: tuple[str, ...]) -> None:
    """Run a definition once in memory. Waits and delays take no time: the clock is a fake one.

    Prints each state with its times, attempts and errors, then the output. Modules are looked for in
    this folder too. Exits with 1 when the execution failed.

    Example: frontdesk states run charge.asl.json --input order.json --task charge=python:tasks.charge
    """
    from frontdesk.asl import run_local
    from frontdesk.config.state_machines import load_definition
    from frontdesk.rules.asl.timeline import timeline

    read = load_definition(file)
    if read.machine is None:
        show(read.findings)
        raise SystemExit(1)
    made = run_local(read.machine, read_input(given), dict(_task(one) for one in tasks))
    _print_stays(timeline(made.events), made.events[0].at)
    _print_end(made)
    if made.status != "SUCCEEDED":
        raise SystemExit(1)


def _task(text: str) -> tuple[str, Callable[[Any], Any]]:
    name, _, way = text.rpartition(f"={_PYTHON}")
    module, _, attribute = way.rpartition(".")
    if not (name and module and attribute):
        raise click.BadParameter(
            f"expected NAME=python:MODULE.CALLABLE: {text}", param_hint="--task"
        )
    sys.path.insert(0, str(Path.cwd()))
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise click.BadParameter(f"{error}", param_hint="--task") from error
    finally:
        sys.path.pop(0)
    if not callable(found):
        raise click.BadParameter(f"nothing to call: {way}", param_hint="--task")
    return name, _of_input(found)


def _of_input(found: Callable[..., Any]) -> Callable[[Any], Any]:
    """Make a task of a callable: the handler of a function is asked for a context, too."""
    try:
        signature(found).bind(None)
    except TypeError:
        return lambda given: found(given, None)
    except ValueError:  # written in C, and does not tell
        pass
    return found


def _print_stays(stays: "list[Stay]", began: int) -> None:
    rows = [("AT", "STATE", "TYPE", "TOOK", "ATTEMPTS", "ERRORS")]
    for stay in stays:
        took = "" if stay.left is None else _seconds(stay.left - stay.entered)
        rows.append(
            (
                _seconds(stay.entered - began),
                stay.state,
                stay.type,
                took,
                str(stay.attempts or ""),
                ", ".join(stay.errors),
            )
        )
    print_columns(rows)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s"


def _print_end(made: "LocalRun") -> None:
    click.echo(f"\n{made.status} after {made.waited_seconds:g} s")
    if made.status == "SUCCEEDED":
        click.echo(json.dumps(made.output, indent=2, ensure_ascii=False))
        return
    click.echo(f"error: {made.error or 'none given'}")
    if made.cause:
        click.echo(f"cause: {made.cause}")
