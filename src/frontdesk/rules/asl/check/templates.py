"""Owns payload templates: of JSONPath, where keys that end with `.$` hold paths; of JSONata, with expressions.

Knows no state.
"""

from collections.abc import Iterable, Iterator

from frontdesk.rules.asl.check.expressions import check_expression
from frontdesk.rules.asl.check.paths import likeness, looks_like_path
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.data.expressions import is_expression
from frontdesk.rules.asl.diagnostics import Code
from frontdesk.rules.asl.model import Json, Place, QueryLanguage
from frontdesk.rules.lang.intrinsics import (
    IntrinsicSyntaxError,
    compile_intrinsic,
    is_intrinsic,
)
from frontdesk.rules.lang.jsonpath import PathError
from frontdesk.rules.lang.states_path import compile_states_path


def template(value: Json, spot: Spot) -> None:
    """Judge a template of JSONPath, at every level of its objects."""
    for place, found in _objects(value):
        for key, item in found.items():
            if key.endswith(".$"):
                _filled_in(key, item, spot)
            elif f"{key}.$" in found:
                message = f"The fields '{key}' and '{key}.$' cannot both be specified"
                spot.at(*place).tell(message)
            elif looks_like_path(item):
                like = likeness(item)
                spot.at(*place, key).tell(
                    f"The value of '{key}' looks like {like}. Instead of '{key}', use '{key}.$' to"
                    f" evaluate it as {like} at runtime.",
                    code=Code.NO_DOLLAR,
                    within=spot,
                )


def _filled_in(key: str, item: Json, spot: Spot) -> None:
    """Judge the value of a key that ends with `.$`; AWS names the place of the whole template."""
    try:
        if not isinstance(item, str):
            hint = "write it as a text"
        elif is_intrinsic(item):
            compile_intrinsic(item)
            return
        else:
            compile_states_path(item)
            return
    except (PathError, IntrinsicSyntaxError) as error:
        hint = f"column {error.column}: {error.message}"
    spot.tell(
        f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function"
        " call",
        hint=hint,
    )


def expressions(value: Json, spot: Spot) -> None:
    """Judge the expressions of JSONata at every level of a value."""
    if is_expression(value):
        check_expression(value, spot)
    for key, item in _members(value):
        expressions(item, spot.at(key))


def payload(value: Json, spot: Spot) -> None:
    """Judge what a query language fills in."""
    if spot.language is QueryLanguage.JSONATA:
        expressions(value, spot)
    elif spot.expects(value, dict):
        template(value, spot)


def static(value: Json, spot: Spot) -> None:
    """Judge a value that nothing is filled into; what looks as if it were is surely a mistake."""
    for place, found in _objects(value):
        for key, item in found.items():
            if key.endswith(".$") and looks_like_path(item):
                spot.at(*place, key).tell(
                    f"The value of '{key}' will not evaluate as a JSONPath or Intrinsic Function at"
                    " runtime. Instead of 'Result', use 'Parameters' to evaluate it as a JSONPath or"
                    " Intrinsic Function at runtime.",
                    code=Code.PASS_RESULT_IS_STATIC,
                    within=spot,
                )


def _objects(value: Json, place: Place = ()) -> Iterator[tuple[Place, dict[str, Json]]]:
    """Yield (place, object) for all objects in a value, outer ones first."""
    if isinstance(value, dict):
        yield place, value
    for key, item in _members(value):
        yield from _objects(item, (*place, key))


def _members(value: Json) -> Iterable[tuple[str | int, Json]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()
