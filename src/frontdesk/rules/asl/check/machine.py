"""Owns how a whole machine is judged: its fields, its states, and the machines inside of these.

Knows what may be inside of what; each part has a module of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from frontdesk.rules.asl.check.fields import Field, Fields, check_fields
from frontdesk.rules.asl.check.maps import processor_config
from frontdesk.rules.asl.check.names import check_labels, check_names
from frontdesk.rules.asl.check.nesting import machines_of, states_of
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.check.states import check_state
from frontdesk.rules.asl.check.transitions import check_transitions
from frontdesk.rules.asl.check.values import one_of, text, whole
from frontdesk.rules.asl.check.variables import check_scopes
from frontdesk.rules.asl.diagnostics import Code, Diagnostic, Severity
from frontdesk.rules.asl.model import ExecutionType, Json, QueryLanguage

# Differs: [states-nesting] AWS has a bound, too, and does not tell it.
MAX_DEPTH: Final = 100
"""Objects and lists inside of each other."""


def check(document: Json, *, express: bool = False) -> list[Diagnostic]:
    """List everything that is wrong with a definition, errors first, each group in the document's order.

    document: the JSON value. express: of a machine of type EXPRESS.
    """
    spot = Spot(express=express)
    if not isinstance(document, dict):
        message = "Definition must be a valid JSON object"
        return [Diagnostic(Code.SCHEMA_VALIDATION_FAILED, message)]
    if _too_deep(document):
        spot.tell(f"Nested more than {MAX_DEPTH} deep", code=Code.TOO_DEEPLY_NESTED)
        return spot.found
    language = document.get("QueryLanguage")
    if language == QueryLanguage.JSONATA:
        spot = spot.speaking(QueryLanguage.JSONATA)
    _machine(document, spot, _WHOLE)
    check_names(document, spot)
    check_labels(document, spot)
    check_scopes(document, spot)
    return sorted(spot.found, key=lambda one: one.severity is Severity.WARNING)


def _states(value: Json, spot: Spot) -> None:
    if not spot.expects(value, dict):
        return
    if not value:
        spot.tell("Value cannot be empty")
    for name, state in value.items():
        spot.at(name).expects(state, dict)


_INNER: Final[Fields] = {
    "States": Field(_states, required=True),
    "StartAt": Field(text, required=True),
    "Comment": Field(text),
}
_WHOLE: Final[Fields] = {
    **_INNER,
    "QueryLanguage": Field(one_of(*QueryLanguage)),
    "TimeoutSeconds": Field(whole(1)),
    "Version": Field(one_of("1.0")),
}
_PROCESSOR: Final[Fields] = {**_INNER, "ProcessorConfig": Field(processor_config)}


def _machine(machine: Mapping[str, Json], spot: Spot, fields: Fields) -> None:
    """Judge a machine and those inside of it. spot: in the language of the whole one."""
    check_fields(machine, fields, spot)
    check_transitions(machine, spot)
    if _runs_express(machine):
        spot = replace(spot, express=True)
    for name, state in states_of(machine):
        here = spot.at("States", name)
        check_state(state, here)
        for place, inner in machines_of(state):
            _machine(inner, here.at(*place), _INNER if place[0] == "Branches" else _PROCESSOR)


def _runs_express(machine: Mapping[str, Json]) -> bool:
    """Whether each item of a Map is an Express execution."""
    config = machine.get("ProcessorConfig")
    return isinstance(config, dict) and config.get("ExecutionType") == ExecutionType.EXPRESS


def _too_deep(document: Json) -> bool:
    level: list[Json] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for value in level
            for inner in (value.values() if isinstance(value, dict) else value)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
