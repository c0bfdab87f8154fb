"""Owns which state is tried: one that is given alone, or one of a machine.

Source: AWS, API reference, TestState; texts as recorded from it.
"""

from dataclasses import replace
from typing import Final

from frontdesk.rules.asl.check import check, read_definition
from frontdesk.rules.asl.check.transitions import ways_out
from frontdesk.rules.asl.diagnostics import Diagnostic, Severity
from frontdesk.rules.asl.model import Json, State
from frontdesk.rules.asl.parse import build_machine
from frontdesk.rules.asl.program import Program, compile_machine
from frontdesk.rules.asl.trial.refused import RefusedError

ALONE: Final = "StateName"
"""The name of a state that is given alone."""


def find_state(definition: str, name: str | None) -> tuple[Program, State]:
    """Return a machine that starts with the state to try, and that state.

    definition: JSON text of the state, or with a name that of the machine. name: of a state at any depth.
    Raises: RefusedError.
    """
    document = read_definition(definition)
    if isinstance(document, Diagnostic):
        raise _invalid([document])
    machine = _around(document) if name is None else document
    errors = [one for one in check(machine) if one.severity is Severity.ERROR]
    if errors:
        raise _invalid(errors)
    program = compile_machine(build_machine(machine))
    state = program.states.get(ALONE if name is None else name)
    if state is None:
        raise RefusedError("State not found in definition")
    begins_there = replace(program.machine, start_at=state.name, timeout_seconds=None)
    return replace(program, machine=begins_there), state


def _around(state: Json) -> Json:
    """Make a machine of one state. What it leads to is there, and does nothing."""
    leads_to = ways_out(state) if isinstance(state, dict) else ()
    states = {target: {"Type": "Succeed"} for _, target in leads_to}
    return {"StartAt": ALONE, "States": {**states, ALONE: state}}


def _invalid(found: list[Diagnostic]) -> RefusedError:
    told = ", ".join(str(one) for one in found)
    return RefusedError(f"Invalid State Machine Definition: '{told}'", "InvalidDefinition")
