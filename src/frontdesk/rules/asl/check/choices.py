"""Owns the rules of a Choice: tests in JSONPath with their operators, conditions in JSONata.

Knows no other state.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from frontdesk.rules.asl.check.fields import A, Field, Fields, check_fields
from frontdesk.rules.asl.check.spot import Spot, nearest
from frontdesk.rules.asl.check.templates import expressions
from frontdesk.rules.asl.check.values import (
    Check,
    condition,
    filled,
    flag,
    instant,
    number,
    reference_path,
    static_text,
    text,
)
from frontdesk.rules.asl.check.variables import assign
from frontdesk.rules.asl.model import Json, QueryLanguage

_ORDERED: Final = ("Equals", "GreaterThan", "GreaterThanEquals", "LessThan", "LessThanEquals")
_ANY_NUMBER: Final = number(float("-inf"))


def _operators() -> Iterator[tuple[str, Check]]:
    families = {"String": static_text, "Numeric": _ANY_NUMBER, "Timestamp": instant}
    for family, check in families.items():
        for comparison in _ORDERED:
            yield family + comparison, check
            yield f"{family}{comparison}Path", reference_path
    yield "BooleanEquals", flag
    yield "BooleanEqualsPath", reference_path
    yield "StringMatches", text
    for kind in ("Boolean", "Null", "Numeric", "Present", "String", "Timestamp"):
        yield f"Is{kind}", flag


OPERATORS: Final[Mapping[str, Check]] = dict(_operators())
"""Operator → what it compares with."""

_COMBINATIONS: Final = ("And", "Or", "Not")


def rules(value: Json, spot: Spot) -> None:
    """Judge `Choices`."""
    filled(value, spot)
    for at, rule in enumerate(value if isinstance(value, list) else ()):
        _rule(rule, spot.at(at))


_JSONATA_RULE: Final[Fields] = {
    "Condition": Field(condition, required=True),
    "Next": Field(text, required=True),
    "Assign": Field(assign),
    "Comment": Field(text),
    "Output": Field(expressions),
}
_TOP: Final[Fields] = {
    "Next": Field(text, required=True),
    "Assign": Field(assign),
    "Comment": Field(text),
    "Condition": Field(condition, A),
    "Output": Field(expressions, A),
}
_BELOW: Final[Fields] = {"Comment": Field(text)}


def _rule(rule: Json, spot: Spot) -> None:
    if spot.language is QueryLanguage.JSONATA:
        check_fields(rule, _JSONATA_RULE, spot)
    else:
        _test(rule, spot, _TOP)


def _test(rule: Json, spot: Spot, beside: Fields) -> None:
    """Judge a test. beside: the fields that may stand beside it."""
    if not spot.expects(rule, dict):
        return
    own = {name: item for name, item in rule.items() if name not in beside}
    check_fields({name: rule[name] for name in rule if name not in own}, beside, spot)
    combined = [name for name in own if name in _COMBINATIONS]
    if combined:
        _combination(own, combined[0], spot)
    elif "Condition" not in rule:
        _comparison(own, spot)


def _combination(own: Mapping[str, Json], name: str, spot: Spot) -> None:
    others = [other for other in own if other != name]
    if others:
        spot.tell(f"Field '{name}' cannot be combined with: [{', '.join(others)}]")
    value, inner = own[name], spot.at(name)
    if name == "Not":
        _test(value, inner, _BELOW)
        return
    filled(value, inner)
    for at, one in enumerate(value if isinstance(value, list) else ()):
        _test(one, inner.at(at), _BELOW)


def _comparison(own: Mapping[str, Json], spot: Spot) -> None:
    operators = [name for name in own if name != "Variable"]
    if "Variable" not in own:
        spot.tell("These fields are required: [Variable]")
    else:
        reference_path(own["Variable"], spot.at("Variable"))
    if not operators:
        spot.tell("A comparison operator is required", hint="for example NumericEquals")
    for name in operators:
        if name in OPERATORS:
            OPERATORS[name](own[name], spot.at(name))
        else:
            hint = nearest(name, OPERATORS)
            spot.at(name).tell(f"Field '{name}' is not supported", hint=hint)
    if len([name for name in operators if name in OPERATORS]) > 1:
        spot.tell(f"Only one of these fields can be specified: [{', '.join(operators)}]")
