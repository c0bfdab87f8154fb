"""Owns what a picture writes: a state's second line, a way's label, how wide and how long texts are.

Knows no place in the picture.
"""

import json
import unicodedata
from typing import Final

from frontdesk.rules.asl.data.expressions import expression_of, is_expression
from frontdesk.rules.asl.model import (
    And,
    Catcher,
    ChoiceRule,
    Comparison,
    FailState,
    Json,
    MapState,
    Mode,
    Not,
    Or,
    ParallelState,
    State,
    TaskState,
    Test,
    WaitState,
    WorkState,
)
from frontdesk.rules.asl.resources import Kind, read_resource

LONGEST_LINE: Final = 30
"""Characters of a line in a box; names that are longer take several."""

LONGEST_LABEL: Final = 34
"""Characters of a line at an edge; the whole text is told beside it, for readers who point there."""

LONGEST_DETAIL: Final = 48
"""Characters of a box's second line."""

_NARROW: Final = frozenset("fijlrt.,:;'|!()[]{} -/\\")
_WIDE: Final = frozenset("mwMW@%&—…")

_SIGNS: Final = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanEquals": "≥",
    "LessThan": "<",
    "LessThanEquals": "≤",
    "Matches": "matches",
}


def width(text: str, size: int) -> int:
    """Estimate how wide a text is at a font size, in pixels, rather too wide than too narrow."""
    return round(sum(_share(character) for character in text) * size)


def _share(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.1
    if character in _NARROW:
        return 0.4
    if character in _WIDE:
        return 1.15
    return 0.78 if character.isupper() else 0.65


def lines(name: str) -> list[str]:
    """Break a name into lines: at blanks where it can be."""
    broken = [""]
    for word in name.split(" "):
        joined = f"{broken[-1]} {word}" if broken[-1] else word
        if len(joined) <= LONGEST_LINE:
            broken[-1] = joined
            continue
        pieces = [word[at : at + LONGEST_LINE] for at in range(0, len(word), LONGEST_LINE)]
        broken = [*broken, *pieces] if broken[-1] else pieces
    return broken


def short(text: str, most: int = LONGEST_LABEL) -> str:
    """Cut a text to so many characters, in one line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def kind(state: State) -> str:
    """Name the type of a state."""
    return type(state).__name__.removesuffix("State")


def detail(state: State) -> str:
    """Say in one line what a state is, and what it does."""
    said = [kind(state), *_particulars(state)]
    if isinstance(state, WorkState) and state.retry:
        said.append("retries")
    return short(" · ".join(said), LONGEST_DETAIL)


def _particulars(state: State) -> list[str]:
    match state:
        case TaskState():
            return [_resource(state.resource)]
        case WaitState(seconds=int(seconds)):
            return [f"{seconds} s"]
        case WaitState():
            until = state.timestamp or state.timestamp_path or state.seconds_path or state.seconds
            return [_plain(str(until))]
        case MapState(mode=Mode.DISTRIBUTED):
            return ["distributed"]
        case ParallelState():
            return [f"{len(state.branches)} branches"]
        case FailState(error=str(error)):
            return [_plain(error)]
        case _:
            return []


def _resource(arn: str) -> str:
    found = read_resource(arn)
    if found.kind is Kind.SERVICE:
        return f"{found.service}:{found.action}"
    return f"activity {found.name}" if found.kind is Kind.ACTIVITY else found.name


def _plain(text: str) -> str:
    """Return an expression without its marks; other texts as they are."""
    return expression_of(text) if is_expression(text) else text


def rule(one: ChoiceRule) -> str:
    """Write the condition of a rule."""
    if isinstance(one.condition, str):
        return _plain(one.condition)
    return _value(one.condition) if isinstance(one.condition, bool) else _test(one.condition)


def catcher(one: Catcher) -> str:
    """Write which errors are caught."""
    names = ", ".join(one.error_equals)
    return "any error" if names == "States.ALL" else f"error: {names}"


def _test(test: Test) -> str:
    match test:
        case And():
            return " and ".join(_inner(one) for one in test.tests)
        case Or():
            return " or ".join(_inner(one) for one in test.tests)
        case Not():
            return f"not {_inner(test.test)}"
        case Comparison():
            return _comparison(test)


def _inner(test: Test) -> str:
    return _test(test) if isinstance(test, Comparison) else f"({_test(test)})"


def _comparison(test: Comparison) -> str:
    if test.operator.startswith("Is"):
        word = test.operator.removeprefix("Is").lower()
        return f"{test.variable} is {'' if test.operand else 'not '}{word}"
    for family in ("String", "Numeric", "Boolean", "Timestamp"):
        if test.operator.startswith(family):
            sign = _SIGNS[test.operator.removeprefix(family)]
            operand = test.operand if test.operand_is_path else _value(test.operand)
            return f"{test.variable} {sign} {operand}"
    raise ValueError(test.operator)


def _value(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
