"""Owns what templates calculate with: JSON values, and lists as Java makes them; text, truth, order, sums.

A text is written as it stands, null as nothing. A map is written as Java does, `{a=1}`; a list of a JSON
document as JSON; a list that the template made as Java does, `[a, b]`. Knows no template and no method.
"""

import math
import operator
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from frontdesk.rules.lang.equality import same
from frontdesk.rules.lang.vtl.meter import Meter, exceeded

DEEPEST: Final = 100
"""Lists and maps inside each other, to be written."""

LARGEST: Final = 1 << 512
"""Whole numbers are below this."""


class ArrayList(list[Any]):
    """A list that a template made, or a set of keys."""

    __slots__ = ()


class Entry:
    """An entry of a map, as `entrySet()` gives it."""

    __slots__ = ("key", "value")

    def __init__(self, key: Any, value: Any) -> None:
        self.key = key
        self.value = value


def text_of(value: Any, meter: Meter) -> str:
    """Write a value as a template prints it."""
    if value is None:
        return ""
    write = _WRITERS.get(type(value))
    if write is not None:
        return write(value)
    parts: list[str] = []
    _write(value, parts, meter, DEEPEST)
    return meter.make("".join(parts))


def _float(value: float) -> str:
    """Write as Java's Double does: an exponent from 10^7 on, and below 10^-3."""
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if math.isnan(value):
        return "NaN"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)  # a number, no infinity
    shown = "".join(map(str, digits))
    power = len(shown) + exponent - 1
    if not -3 <= power < 7:
        return f"{'-' * sign}{shown[0]}.{shown[1:] or '0'}E{power}"
    return repr(value)


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    str: str,
    int: str,
    float: _float,
    bool: lambda value: "true" if value else "false",
}


def _write(value: Any, parts: list[str], meter: Meter, depth: int) -> None:
    """Write as Java does; what belongs to the machinery (`$context`, `$foreach`) as nothing."""
    if isinstance(value, list) and type(value) is not ArrayList:
        _write_json(value, parts, meter, depth)
    elif isinstance(value, list):
        _enter(value, meter, depth)
        parts.append("[")
        for number, item in enumerate(value):
            parts.append(", " if number else "")
            _write(item, parts, meter, depth - 1)
        parts.append("]")
    elif isinstance(value, dict):
        _enter(value, meter, depth)
        parts.append("{")
        for number, (key, item) in enumerate(value.items()):
            parts.append(", " if number else "")
            _write(Entry(key, item), parts, meter, depth - 1)
        parts.append("}")
    elif isinstance(value, Entry):
        _write(value.key, parts, meter, depth)
        parts.append("=")
        _write(value.value, parts, meter, depth)
    elif value is None:
        parts.append("null")
    elif type(value) in _WRITERS:
        parts.append(meter.make(_WRITERS[type(value)](value)))


def _write_json(value: Any, parts: list[str], meter: Meter, depth: int) -> None:
    if isinstance(value, list):
        _enter(value, meter, depth)
        parts.append("[")
        for number, item in enumerate(value):
            parts.append("," if number else "")
            _write_json(item, parts, meter, depth - 1)
        parts.append("]")
    elif isinstance(value, dict):
        _enter(value, meter, depth)
        parts.append("{")
        for number, (key, item) in enumerate(value.items()):
            parts.append("," if number else "")
            parts.append(meter.make(encode_basestring(text_of(key, meter))) + ":")
            _write_json(item, parts, meter, depth - 1)
        parts.append("}")
    elif isinstance(value, str):
        parts.append(meter.make(encode_basestring(value)))
    else:
        parts.append("null" if value is None else text_of(value, meter))


def _enter(value: dict[Any, Any] | list[Any], meter: Meter, depth: int) -> None:
    meter.spend(1 + 4 * len(value))
    if depth == 0:
        exceeded(f"writes values nested deeper than {DEEPEST}")


def is_true(value: Any) -> bool:
    """Tell whether a condition holds: all but null and false do, the empty text too."""
    return value is not None and value is not False


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; truth values are none."""
    return type(value) is int or type(value) is float


def equal(left: Any, right: Any, meter: Meter) -> bool:
    """Compare as `==` does: null equals the empty text; values of different kinds by how they print."""
    if left is None or right is None:
        return left in (None, "") and right in (None, "")
    if isinstance(left, dict | list) and isinstance(right, dict | list):
        return same(left, right, meter.spend)
    if isinstance(left, str):
        meter.read(left)
    if type(left) is type(right) or (is_number(left) and is_number(right)):
        return bool(left == right)
    return text_of(left, meter) == text_of(right, meter)


def _sum(left: Any, right: Any, meter: Meter) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return meter.make(text_of(left, meter) + text_of(right, meter))
    return _calculate(operator.add, left, right)


def _calculate(operate: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Calculate with numbers; anything else, and a division by zero, gives null."""
    if not is_number(left) or not is_number(right):
        return None
    result = operate(left, right)
    if type(result) is int and not -LARGEST < result < LARGEST:
        exceeded("calculates with numbers beyond 2^512")
    return result


def _divide(left: Any, right: Any) -> Any:
    """Divide towards zero where both are whole numbers."""
    if right == 0:
        return None
    if type(left) is int and type(right) is int:
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) is (right < 0) else -quotient
    return left / right


def _remainder(left: Any, right: Any) -> Any:
    """Return what a division leaves, with the sign of the dividend."""
    if right == 0:
        return None
    if type(left) is int and type(right) is int:
        return left - _divide(left, right) * right
    return None if math.isinf(left) else math.fmod(left, right)


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Meter], Any]:
    return lambda left, right, _meter: _calculate(operate, left, right)


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Meter], Any]:
    """Order numbers; of anything else nothing is smaller or greater."""
    return lambda left, right, _meter: is_number(left) and is_number(right) and compare(left, right)


OPERATIONS: Final[dict[str, Callable[[Any, Any, Meter], Any]]] = {
    "==": equal,
    "!=": lambda left, right, meter: not equal(left, right, meter),
    "<": _order(operator.lt),
    "<=": _order(operator.le),
    ">": _order(operator.gt),
    ">=": _order(operator.ge),
    "+": _sum,
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(_divide),
    "%": _arithmetic(_remainder),
}
"""What the operators do, but `&&` and `||`, which may leave their right side alone."""
