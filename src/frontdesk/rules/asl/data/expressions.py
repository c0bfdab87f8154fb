"""Owns JSONata in states: texts `{% ... %}` at any depth, what `$states` holds, and the types of fields.

A text is an expression only if it begins with exactly `{%` and ends with `%}`; all else is literal.
Source: AWS, "Transforming data with JSONata in Step Functions".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.asl.data.errors import QUERY_EVALUATION_ERROR, StateError
from frontdesk.rules.asl.data.scope import Scope, json_text
from frontdesk.rules.asl.model import ABSENT, Absent, Json
from frontdesk.rules.lang.jsonata import (
    UNDEFINED,
    JsonataError,
    UnsupportedResultError,
    compile_expression,
)

_OPENING: Final = "{%"
_CLOSING: Final = "%}"
_SHORTEST: Final = 4
"""Characters of both marks: a shorter text cannot have both."""


@dataclass(frozen=True, slots=True)
class States:
    """The members of `$states` beside the context; ABSENT are those that do not exist here."""

    input: Json
    result: Json | Absent = ABSENT
    error_output: Json | Absent = ABSENT


def is_expression(value: Json) -> bool:
    """Whether a value is the text of an expression, with its marks."""
    return (
        isinstance(value, str)
        and len(value) >= _SHORTEST
        and value.startswith(_OPENING)
        and value.endswith(_CLOSING)
    )


def expression_of(text: str) -> str:
    """Return an expression without its marks and the blanks around it."""
    return text[len(_OPENING) : -len(_CLOSING)].strip()


def evaluate_template(template: Json, field: str, seen: States, scope: Scope) -> Json:
    """Return the value of a field: literals as they are, with the values of the expressions in them.

    field: its name in errors, such as `Output`; what is below is told as `Output/name`.
    Raises: StateError, States.QueryEvaluationError.
    """
    if isinstance(template, Mapping):
        return {
            key: evaluate_template(value, f"{field}/{key}", seen, scope)
            for key, value in template.items()
        }
    if isinstance(template, list):
        return [
            evaluate_template(item, f"{field}[{index}]", seen, scope)
            for index, item in enumerate(template)
        ]
    return _evaluate(template, field, seen, scope) if is_expression(template) else template


def evaluate_field(
    value: Json, field: str, expected: str, seen: States, scope: Scope, *, also: str = ""
) -> Json:
    """Return the value of a field that must be of one type.

    expected: number, string, boolean, object or array. also: another type that will do. Raises: StateError,
    States.QueryEvaluationError.
    """
    found = evaluate_template(value, field, seen, scope)
    if type_of(found) not in (expected, also):
        shown = expression_of(value) if is_expression(value) else json_text(value)
        raise _refused(
            shown,
            field,
            f"returned an unexpected result type. Expected '{expected}', but was '{type_of(found)}' for value: {json_text(found)}",
        )
    return found


def type_of(value: Json) -> str:
    """Return the name that JSON has for the type of a value."""
    return _TYPES[type(value)]


_TYPES: Final = {
    bool: "boolean",
    dict: "object",
    float: "number",
    int: "number",
    list: "array",
    str: "string",
    type(None): "null",
}


def _evaluate(text: str, field: str, seen: States, scope: Scope) -> Json:
    expression = expression_of(text)
    states = {"context": scope.context, "input": seen.input}
    if seen.result is not ABSENT:
        states["result"] = seen.result
    if seen.error_output is not ABSENT:
        states["errorOutput"] = seen.error_output
    try:
        value = compile_expression(expression).evaluate(
            {**scope.variables, "states": states}, now=scope.now, chance=scope.chance
        )
    except UnsupportedResultError as error:
        raise _refused(expression, field, "returned an unsupported result type.") from error
    except JsonataError as error:
        raise _refused(
            expression, field, f"threw an error during evaluation. {error.number}: {error.message}"
        ) from error
    if value is UNDEFINED:
        raise _refused(expression, field, "returned nothing (undefined).")
    return value


def _refused(expression: str, field: str, what: str) -> StateError:
    return StateError(
        QUERY_EVALUATION_ERROR,
        f"The JSONata expression '{expression}' specified for the field '{field}' {what}",
        location=field,
    )
