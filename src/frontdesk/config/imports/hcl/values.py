"""What values of Terraform's language are and do: texts, members, operators. Knows no syntax."""

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from frontdesk.base.errors import Position

Value = Any
"""None, bool, int, float, str, list or dict; or a `Namespace` on the way to one."""

LARGEST: Final = 10**150
"""Whole numbers are smaller, so that no product of them grows without end."""


class EvaluationError(ValueError):
    """An expression has no value. str(): why, for the operator."""


class Namespace(Protocol):
    """What has members that are found when they are asked for: `var`, `local`, a resource."""

    def member(self, name: str, at: Position) -> Value:
        """Find a member. at: where it is asked for."""
        ...


def is_open(value: Value) -> bool:
    """Tell whether a value is one that only the operator or the environment knows."""
    return isinstance(value, str) and value.startswith(("${input:", "${env:"))


def as_text(value: Value) -> str:
    """Write a value into a text, as Terraform does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if value is None:
        raise EvaluationError("expected a value inside this text, got null")
    raise EvaluationError("expected a text or number inside this text")


def truth(value: Value) -> bool:
    """Read a condition."""
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise EvaluationError("expected true or false")


def number(value: Value) -> int | float:
    """Read a number, also where it is a text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    try:
        return whole(float(value))
    except (TypeError, ValueError, OverflowError):
        raise EvaluationError("expected a number") from None


def whole(value: float) -> int | float:
    """Write a whole number as such."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def member(value: Value, name: str, at: Position) -> Value:
    """Find a member of a value. at: where it is asked for."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise EvaluationError(f"there is no {name} in this object")
    if hasattr(value, "member"):
        return value.member(name, at)
    if isinstance(value, str) and value.startswith("${input:"):
        return f"{value[:-1]}.{name}}}"
    if isinstance(value, str) and value.startswith("${env:"):
        return f"{value[:-1]}_{name.upper()}}}"  # a member of a secret that is JSON
    raise EvaluationError(f"this value has no member {name}")


def element(value: Value, index: Value, at: Position) -> Value:
    """Find an element of a list, or a member by its name."""
    if not isinstance(value, list):
        return member(value, as_text(index), at)
    try:
        return value[int(index)]
    except (ValueError, TypeError, IndexError):
        raise EvaluationError(f"there is no element {index} in this list") from None


def entries(value: Value) -> Iterator[tuple[Value, Value]]:
    """Go through a list or object: index or key, and value."""
    if isinstance(value, dict):
        return iter(sorted(value.items()))
    if isinstance(value, list):
        return iter(enumerate(value))
    raise EvaluationError("expected a list or object to go through")


def as_json(value: Value) -> str:
    """Write a value as JSON, as `jsonencode` does."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


def operate(sign: str, left: Value, right: Value) -> Value:
    """Apply an operator that needs both of its sides."""
    if sign in ("==", "!="):
        return OPERATORS[sign](left, right)
    try:
        result = whole(OPERATORS[sign](number(left), number(right)))
    except ZeroDivisionError:
        raise EvaluationError("division by zero") from None
    except OverflowError:
        raise EvaluationError("this number is too large") from None
    if not -LARGEST < result < LARGEST:
        raise EvaluationError("this number is too large")
    return result
