"""Owns Choice: the tests of JSONPath, the conditions of JSONata, and the way that follows from them.

A value of another type than an operator's is no error: the test is false. A variable that is not there
is one, except for IsPresent.
Source: AWS, "Choice workflow state".
"""

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.data.expressions import States, evaluate_field
from frontdesk.rules.asl.data.flow import choose, effective
from frontdesk.rules.asl.data.paths import present, select
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.asl.errors import NO_CHOICE_MATCHED
from frontdesk.rules.asl.instants import read_instant
from frontdesk.rules.asl.model import (
    And,
    ChoiceRule,
    ChoiceState,
    Comparison,
    Json,
    Not,
    Or,
    QueryLanguage,
    Test,
)
from frontdesk.rules.asl.run import Strand
from frontdesk.rules.asl.turn import Turn
from frontdesk.rules.lang.jsonpath import MISSING


def work(turn: Turn, strand: Strand, state: ChoiceState) -> None:
    """Go the way of the first rule that holds, else the default's."""
    scope = turn.scope(strand)
    holds = _HOLDS[state.query_language](state, strand.input, scope)
    rule = next((one for one in state.choices if holds(one)), None)
    following = rule.next if rule else state.default
    if following is None:
        raise StateError(
            NO_CHOICE_MATCHED,
            "Failed to transition out of the state. The state does not point to a next state.",
        )
    turn.leave(strand, state, choose(state, rule, strand.input, scope), following)


_Holds = Callable[[ChoiceRule], bool]


def _by_expressions(_state: ChoiceState, given: Json, scope: Scope) -> _Holds:
    seen = States(given)
    return lambda rule: bool(evaluate_field(rule.condition, "Condition", "boolean", seen, scope))


def _by_tests(state: ChoiceState, given: Json, scope: Scope) -> _Holds:
    data = effective(state, given, scope)
    return lambda rule: _true(rule.condition, data, scope)  # type: ignore[arg-type]  # no text in JSONPath


_HOLDS: Final[dict[QueryLanguage, Callable[[ChoiceState, Json, Scope], _Holds]]] = {
    QueryLanguage.JSONATA: _by_expressions,
    QueryLanguage.JSONPATH: _by_tests,
}


def _true(test: Test, data: Json, scope: Scope) -> bool:
    match test:
        case And():
            return all(_true(one, data, scope) for one in test.tests)
        case Or():
            return any(_true(one, data, scope) for one in test.tests)
        case Not():
            return not _true(test.test, data, scope)
        case Comparison():
            return _compared(test, data, scope)


def _compared(test: Comparison, data: Json, scope: Scope) -> bool:
    value = present(test.variable, data, scope)
    if test.operator == "IsPresent":
        return (value is not MISSING) is test.operand
    if value is MISSING:
        raise StateError(
            RUNTIME,
            f"Invalid path '{test.variable}': The choice state's condition path references an invalid value.",
        )
    operand = select(test.operand, data, scope) if test.operand_is_path else test.operand
    return _OPERATORS[test.operator](value, operand)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Json) -> bytes | None:
    """Return what texts are ordered by: UTF-16 code units."""
    return value.encode("utf-16-be", "surrogatepass") if isinstance(value, str) else None


def _number(value: Json) -> float | None:
    return value if _is_number(value) else None


def _flag(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


def _matches(value: Json, pattern: Json) -> bool:
    return isinstance(value, str) and _pattern(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """Read a pattern: `*` is any run of characters, a backslash makes it and itself plain.

    Each run is the shortest one and is never tried again, so that no text makes a match slow.
    """
    pieces = [""]
    for part in re.findall(r"\\[*\\]|.", text, re.DOTALL):
        if part == "*":
            pieces.append("")
        else:
            pieces[-1] += re.escape(part[-1])
    first, *others = pieces
    if not others:
        return re.compile(first, re.DOTALL)
    *middle, last = others
    runs = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{runs}.*{last}", re.DOTALL)


_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
}


def _ordered(
    read: Callable[[Json], Any], order: Callable[[Any, Any], bool]
) -> Callable[[Json, Json], bool]:
    def compare(value: Json, operand: Json) -> bool:
        left, right = read(value), read(operand)
        return left is not None and right is not None and order(left, right)

    return compare


def _typed(is_such: Callable[[Json], bool]) -> Callable[[Json, Json], bool]:
    return lambda value, wanted: is_such(value) == wanted


_OPERATORS: Final[dict[str, Callable[[Json, Json], bool]]] = {
    **{
        f"{family}{name}": _ordered(read, order)
        for family, read in (("String", _text), ("Numeric", _number), ("Timestamp", read_instant))
        for name, order in _ORDERS.items()
    },
    "BooleanEquals": _ordered(_flag, operator.eq),
    "IsBoolean": _typed(lambda value: isinstance(value, bool)),
    "IsNull": _typed(lambda value: value is None),
    "IsNumeric": _typed(_is_number),
    "IsString": _typed(lambda value: isinstance(value, str)),
    "IsTimestamp": _typed(lambda value: read_instant(value) is not None),
    "StringMatches": _matches,
}
