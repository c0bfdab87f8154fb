"""Owns which variables the states of a definition read: DescribeStateMachine's `variableReferences`.

Knows no value. Source: AWS, API reference, DescribeStateMachine; recorded answers.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from frontdesk.rules.asl.check.nesting import PROCESSORS, every_state
from frontdesk.rules.asl.data.expressions import expression_of, is_expression
from frontdesk.rules.asl.model import Json, QueryLanguage
from frontdesk.rules.lang.intrinsics import compile_intrinsic, is_intrinsic
from frontdesk.rules.lang.jsonata import compile_expression
from frontdesk.rules.lang.jsonata_names import names_of
from frontdesk.rules.lang.states_path import compile_states_path

_INNER: Final = frozenset(("Branches", *PROCESSORS))
"""Fields with states of their own."""


def variable_references(definition: Mapping[str, Json]) -> dict[str, list[str]]:
    """List the variables that each state reads, in order of names; states that read none are left out.

    definition: one that `check` has found no error in.
    """
    whole = definition.get("QueryLanguage", QueryLanguage.JSONPATH)
    states = {str(place[-1]): state for place, state in every_state(definition)}
    assigned = {name for state in states.values() for name in _assigned(state)}
    found = {}
    for name, state in states.items():
        own = {field: value for field, value in state.items() if field not in _INNER}
        spoken = state.get("QueryLanguage", whole)
        read = _in_expressions(own) if spoken == QueryLanguage.JSONATA else _in_paths(own)
        # Functions and an expression's own bindings look like variables, and are assigned nowhere.
        if names := sorted(assigned.intersection(read)):
            found[name] = names
    return found


def _assigned(value: Json, *, names: bool = False) -> Iterator[str]:
    """Yield the names in all Assigns of a state. names: this is one, whose keys they are."""
    if isinstance(value, dict):
        for field, inner in value.items():
            if names:
                yield field.removesuffix(".$")
            elif field not in _INNER:
                yield from _assigned(inner, names=field == "Assign")
    elif isinstance(value, list) and not names:
        for inner in value:
            yield from _assigned(inner)


def _in_expressions(value: Json) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _in_expressions(inner)
    elif is_expression(value):
        yield from names_of(compile_expression(expression_of(value))).variables


def _in_paths(value: Json, field: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _in_paths(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _in_paths(inner)
    elif isinstance(value, str) and (field.endswith((".$", "Path")) or field == "Variable"):
        called = is_intrinsic(value)
        paths = compile_intrinsic(value).paths if called else (compile_states_path(value),)
        yield from (path.name for path in paths)
