"""Owns the kinds of single values: texts, numbers, names, instants, paths. A kind is a function.

A kind is given a value and its spot, and notes what is wrong. Knows no state.
"""

import re
from collections.abc import Callable
from datetime import date, time
from typing import Final

from frontdesk.rules.asl.check.expressions import check_expression
from frontdesk.rules.asl.check.paths import (
    check_path,
    check_reference_path,
    likeness,
    looks_like_path,
)
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.data.expressions import is_expression
from frontdesk.rules.asl.diagnostics import Code
from frontdesk.rules.asl.model import Json, QueryLanguage
from frontdesk.rules.lang.intrinsics import (
    IntrinsicSyntaxError,
    compile_intrinsic,
    is_intrinsic,
)
from frontdesk.rules.lang.states_path import Root

Check = Callable[[Json, Spot], None]
"""Judges a value at its spot."""

MOST_SECONDS: Final = 99_999_999


def anything(_value: Json, _spot: Spot) -> None:
    """Accept every JSON value."""


def text(value: Json, spot: Spot) -> None:
    """Accept a text."""
    spot.expects(value, str)


def flag(value: Json, spot: Spot) -> None:
    """Accept true and false."""
    spot.expects(value, bool)


def true(value: Json, spot: Spot) -> None:
    """Accept true alone."""
    if spot.expects(value, bool) and value is False:
        spot.tell(f"The field '{spot.name}' must be true", hint="leave it out and write Next")


def texts(value: Json, spot: Spot) -> None:
    """Accept a list of texts that is not empty."""
    filled(value, spot)
    for at, one in enumerate(value if isinstance(value, list) else ()):
        text(one, spot.at(at))


def filled(value: Json, spot: Spot) -> None:
    """Accept a list that is not empty."""
    if spot.expects(value, list) and not value:
        spot.tell("Value cannot be empty")


def one_of(*names: str) -> Check:
    """Accept one of these texts."""

    def check(value: Json, spot: Spot) -> None:
        if value not in names:
            listed = ", ".join(names)
            spot.tell(f"The field '{spot.name}' should have one of these values: [{listed}]")

    return check


def whole(least: int, most: int = MOST_SECONDS, *, computed: bool = False) -> Check:
    """Accept an integer, bounds included. computed: in JSONata an expression as well."""
    return _number(least, most, (int,), computed=computed)


def number(least: float, most: float = float("inf"), *, computed: bool = False) -> Check:
    """Accept a number, bounds included. computed: in JSONata an expression as well."""
    return _number(least, most, (int, float), computed=computed)


def _number(least: float, most: float, types: tuple[type, ...], *, computed: bool) -> Check:
    def check(value: Json, spot: Spot) -> None:
        if computed and spot.language is QueryLanguage.JSONATA and is_expression(value):
            check_expression(value, spot)
        elif type(value) not in types:
            hint = f"write {spot.name}Path for a path" if looks_like_path(value) else ""
            kind = "Integer" if types == (int,) else "Number"
            spot.tell(f"Expected value of type {kind}", hint=hint)
        elif value < least:
            spot.tell(f"The field '{spot.name}' must not be less than {least:g}")
        elif value > most:
            spot.tell(f"The field '{spot.name}' must not be greater than {most:.0f}")

    return check


def static_text(value: Json, spot: Spot) -> None:
    """Accept a text; in JSONata an expression as well. A path is a text here, and surely not meant so."""
    if not spot.expects(value, str):
        return
    if spot.language is QueryLanguage.JSONATA:
        if is_expression(value):
            check_expression(value, spot)
    elif looks_like_path(value):
        like = likeness(value)
        spot.tell(
            f"The value of '{spot.name}' looks like {like}. Instead of '{spot.name}', use"
            f" '{spot.name}Path' to evaluate it as {like} at runtime.",
            code=Code.NO_PATH,
        )


def condition(value: Json, spot: Spot) -> None:
    """Accept a boolean or an expression in JSONata."""
    if type(value) is bool:
        return
    if is_expression(value):
        check_expression(value, spot)
    else:
        spot.tell("Expected a boolean or a JSONata expression", hint="write {% ... %}")


def path(value: Json, spot: Spot) -> None:
    """Accept a path of JSONPath to anything, or null."""
    if value is not None and spot.expects(value, str):
        check_path(value, spot)


def reference_path(value: Json, spot: Spot) -> None:
    """Accept a path to one node: of the state's data, the context object, or a variable."""
    if spot.expects(value, str):
        check_reference_path(value, spot)


_GIVE_TEXT: Final = tuple(
    f"States.{name}"
    for name in (
        "ArrayGetItem",
        "Base64Decode",
        "Base64Encode",
        "Format",
        "Hash",
        "JsonToString",
        "UUID",
    )
)
"""Source: AWS, "Fail workflow state", CausePath."""


def computed_path(value: Json, spot: Spot) -> None:
    """Accept a path to one node, or a call of an intrinsic function that may give a text."""
    if not spot.expects(value, str):
        return
    if not is_intrinsic(value):
        check_reference_path(value, spot)
        return
    try:
        compile_intrinsic(value)
    except IntrinsicSyntaxError as error:
        hint = f"column {error.column}: {error.message}"
    else:
        if value.partition("(")[0].strip() in _GIVE_TEXT:
            return
        hint = f"write one of {', '.join(_GIVE_TEXT)}"
    spot.tell("Value is not a valid intrinsic function call", hint=hint)


def result_path(value: Json, spot: Spot) -> None:
    """Accept a path to one node of the state's own data, or null."""
    if value is None or not spot.expects(value, str):
        return
    found = check_reference_path(value, spot)
    if found is not None and found.root is not Root.DATA:
        spot.tell("Value is not a Reference Path: it must lead into the state's own data")


def _rfc3339(value: str) -> bool:
    found = _INSTANT.fullmatch(value)
    if not found:
        return False
    try:
        date.fromisoformat(found["date"])
        time.fromisoformat(found["time"])
        time.fromisoformat(found["zone"] or "00:00")
    except ValueError:
        return False
    return True


_INSTANT: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|[+-](?P<zone>\d\d:\d\d))",
    re.ASCII,
)


def instant(value: Json, spot: Spot) -> None:
    """Accept an instant of RFC 3339 with `T` and zone; in JSONata an expression as well."""
    if not spot.expects(value, str):
        return
    if spot.language is QueryLanguage.JSONATA and is_expression(value):
        check_expression(value, spot)
    elif not _rfc3339(value):
        hint = f"write {spot.name}Path for a path" if looks_like_path(value) else ""
        spot.tell("String does not match RFC3339 timestamp", hint=hint)
