"""`frontdesk states`: state machines from their files, and executions of a running gateway."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from frontdesk.cli.configured import output_option, show, write
from frontdesk.cli.executions import history, list_, redrive, start, stop
from frontdesk.cli.executions import show as show_
from frontdesk.cli.groups import Commands
from frontdesk.cli.machines import machine, machines
from frontdesk.cli.replays import replay
from frontdesk.cli.state_runs import run
from frontdesk.cli.steps import map_runs, step

if TYPE_CHECKING:
    from frontdesk.rules.asl.progress import Progress

FILE = click.Path(path_type=Path, dir_okay=False)

_OF_A_CONFIGURATION = frozenset(("/apis", "/functions", "/state_machines"))
"""Places of unknown fields by which a configuration is told that was taken for a definition."""


@click.group(cls=Commands)
def states() -> None:
    """Check, draw and run state machines in the Amazon States Language; start, watch and mend executions.

    validate, graph and run read files. All others ask the running gateway of `--config`.

    Example: frontdesk states validate charge.asl.json
    """


@states.command(short_help="Check definitions: everything that is wrong.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--type",
    "kind",
    type=click.Choice(["STANDARD", "EXPRESS"]),
    default="STANDARD",
    show_default=True,
    help="Of the state machine: EXPRESS may do less.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer as ValidateStateMachineDefinition.")
def validate(files: tuple[Path, ...], kind: Literal["STANDARD", "EXPRESS"], as_json: bool) -> None:
    """Check definitions (JSON or YAML): everything that is wrong, with file, line and AWS's code.

    Exits with 1 when there is an error, with 0 when there are only warnings.

    Example: frontdesk states validate *.asl.json
    """
    from frontdesk.config.state_machines import load_definition
    from frontdesk.rules.asl.check import validation
    from frontdesk.rules.asl.diagnostics import Severity

    broken = False
    for file in files:
        read = load_definition(file, express=kind == "EXPRESS")
        broken = broken or read.machine is None
        if as_json:
            answer = validation(read.diagnostics, severity=Severity.WARNING)
            click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
            continue
        show(read.findings)
        if any(one.location in _OF_A_CONFIGURATION for one in read.diagnostics):
            told = f"`frontdesk check -c {file}` checks the definitions in it"
            click.echo(f"hint: {file} is a configuration: {told}", err=True)
        errors = sum(one.severity == "error" for one in read.findings)
        warnings = len(read.findings) - errors
        click.echo(f"{file}: {errors} error(s), {warnings} warning(s)")
    if broken:
        raise SystemExit(1)


@states.command()
@click.argument("file", type=FILE)
@click.option(
    "--execution",
    "events",
    type=FILE,
    help="A history as GetExecutionHistory gives it: colour what that execution came to.",
)
@output_option
def graph(file: Path, events: Path | None, output: Path | None) -> None:
    """Draw a definition as SVG, for light and dark pages alike.

    Example: frontdesk states graph charge.asl.json -o charge.svg
    """
    from frontdesk.config.state_machines import load_definition
    from frontdesk.rules.asl.graph import draw

    read = load_definition(file)
    if read.machine is None:
        show(read.findings)
        raise SystemExit(1)
    seen = None if events is None else _progress(events)
    write(draw(read.machine, title=file.name.partition(".")[0], progress=seen), output)


def _progress(file: Path) -> "Progress":
    from frontdesk.rules.asl.history import read_aws_event
    from frontdesk.rules.asl.progress import progress

    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        written = document["events"] if isinstance(document, dict) else document
        events = sorted((read_aws_event(one) for one in written), key=lambda event: event.id)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise click.BadParameter(
            f"expected a history: {error}", param_hint="--execution"
        ) from error
    if not events:
        raise click.BadParameter("a history without events", param_hint="--execution")
    return progress(events)


for _command in (
    run,
    start,
    list_,
    machines,
    machine,
    show_,
    step,
    history,
    map_runs,
    stop,
    redrive,
    replay,
):
    states.add_command(_command)
