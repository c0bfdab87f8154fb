"""Owns the `--input` of executions: JSON on the command line, in a file, or on standard input."""

import json
import sys
from pathlib import Path
from typing import Any

import click

input_option = click.option(
    "--input",
    "given",
    metavar="JSON|FILE|-",
    default="{}",
    show_default=True,
    help="The input: JSON, a file with JSON, or - for standard input.",
)


def read_input(given: str) -> Any:
    """Read the value of `--input`; a file may have an @ before it. Raises: click.BadParameter."""
    try:
        return json.loads(given)
    except ValueError:
        pass
    try:
        if given == "-":
            text = sys.stdin.read()
        elif Path(given).is_file() or given.startswith("@"):
            text = Path(given.removeprefix("@")).read_text(encoding="utf-8")
        else:
            text = given
        return json.loads(text)
    except (OSError, ValueError) as error:
        raise click.BadParameter(
            f"expected JSON, or a file that is there: {error}", param_hint="--input"
        ) from error
