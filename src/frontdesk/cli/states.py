"""`frontdesk states`: state machines, from their files."""

import json
from pathlib import Path
from typing import Literal

import click

from frontdesk.cli.configured import output_option, show, write
from frontdesk.cli.state_runs import run

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def states() -> None:
    """Check, draw and run state machines in the Amazon States Language.

    Example: frontdesk states validate charge.asl.json
    """


@states.command()
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
        errors = sum(one.severity == "error" for one in read.findings)
        warnings = len(read.findings) - errors
        click.echo(f"{file}: {errors} error(s), {warnings} warning(s)")
    if broken:
        raise SystemExit(1)


@states.command()
@click.argument("file", type=FILE)
@output_option
def graph(file: Path, output: Path | None) -> None:
    """Draw a definition as SVG, for light and dark pages alike.

    Example: frontdesk states graph charge.asl.json -o charge.svg
    """
    from frontdesk.config.state_machines import load_definition
    from frontdesk.rules.asl.graph import draw

    read = load_definition(file)
    if read.machine is None:
        show(read.findings)
        raise SystemExit(1)
    write(draw(read.machine, title=file.name.partition(".")[0]), output)


states.add_command(run)
