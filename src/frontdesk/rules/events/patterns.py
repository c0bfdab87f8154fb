"""Owns event patterns: what an event must have to be meant.

Source: AWS, "Comparison operators for use in event patterns in Amazon EventBridge", and "Filter rule
syntax" of Lambda's event sources.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError

_OR: Final = "$or"

Matches = Callable[[Any], bool]
"""Takes a JSON value, or `ABSENT`."""


class _Absent:
    """Stands for what an event does not have; it equals nothing."""


ABSENT: Final = _Absent()


class PatternError(FrontdeskError):
    """A pattern that is none. message: what was expected, and where."""

    code = "pattern"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def compile_pattern(pattern: Mapping[str, Any]) -> Matches:
    """Make a test of a pattern: all of its keys must fit, each by one of its list. Raises: PatternError."""
    return _object(pattern, "")


def _object(pattern: Mapping[str, Any], where: str) -> Matches:
    if not pattern:
        raise PatternError(f"expected a pattern with keys{_at(where)}")
    parts = [
        (key, _value(value, f"{where}.{key}".lstrip(".")))
        for key, value in pattern.items()
        if key != _OR
    ]
    others = [_either(pattern[_OR], where)] if _OR in pattern else []

    def matches(event: Any) -> bool:
        if (
            isinstance(event, list) and event
        ):  # of several objects, one that fits as a whole is enough
            return any(matches(each) for each in event)
        of = event if isinstance(event, dict) else {}
        found = all(test(of.get(key, ABSENT)) for key, test in parts)
        return found and all(test(of) for test in others)

    return matches


def _either(patterns: Any, where: str) -> Matches:
    if not isinstance(patterns, list) or not all(isinstance(each, Mapping) for each in patterns):
        raise PatternError(f"expected a list of patterns for {_OR}{_at(where)}")
    tests = [_object(each, where) for each in patterns]
    return lambda of: any(test(of) for test in tests)


def _value(value: Any, where: str) -> Matches:
    if isinstance(value, Mapping):
        return _object(value, where)
    if not isinstance(value, list) or not value:
        raise PatternError(
            f"expected a list of values, or a mapping{_at(where)}", "write [value] for one value"
        )
    tests = [_rule(rule, where) for rule in value]

    def matches(found: Any) -> bool:
        # Of a list in the event, one that fits is enough.
        several = found if isinstance(found, list) else (found,)
        return any(test(each) for test in tests for each in several)

    return matches


def _rule(rule: Any, where: str) -> Matches:
    if not isinstance(rule, Mapping):
        return _equal(rule, where)
    if len(rule) != 1:
        raise PatternError(f"expected one comparison{_at(where)}")
    ((name, operand),) = rule.items()
    make = _COMPARISONS.get(name)
    if make is None:
        close = get_close_matches(str(name), _COMPARISONS, n=1)
        raise PatternError(
            f"expected one of {', '.join(_COMPARISONS)}{_at(where)}",
            f"did you mean {close[0]}?" if close else "",
        )
    return make(operand, where)


def _equal(wanted: Any, where: str) -> Matches:
    if isinstance(wanted, list):
        raise PatternError(f"expected texts, numbers, true, false or null{_at(where)}")
    if isinstance(wanted, bool) or wanted is None:
        return lambda found: found is wanted
    return lambda found: not isinstance(found, bool) and bool(found == wanted)


def _text(make: Callable[[str, str], bool]) -> Callable[[Any, str], Matches]:
    def compile_it(operand: Any, where: str) -> Matches:
        if isinstance(operand, Mapping) and [*operand] == [_ANY_CASE]:
            wanted = compile_it(_folded(operand[_ANY_CASE]), where)
            return lambda found: wanted(_folded(found))
        if not isinstance(operand, str) or not operand:
            raise PatternError(f"expected a text{_at(where)}")
        return lambda found: isinstance(found, str) and make(found, operand)

    return compile_it


_ANY_CASE: Final = "equals-ignore-case"


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _wildcard(operand: Any, where: str) -> Matches:
    if not isinstance(operand, str) or not operand or "**" in operand:
        raise PatternError(f"expected a text with single * for wildcard{_at(where)}")
    first, *others = [_ESCAPED.sub(r"\1", part) for part in _STAR.split(operand)]
    if not others:
        return lambda found: bool(found == first)
    *middle, last = others

    def matches(found: Any) -> bool:
        if not isinstance(found, str) or not found.startswith(first):
            return False
        at = len(first)
        for part in middle:
            at = found.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return len(found) - at >= len(last) and found.endswith(last)

    return matches


_STAR: Final = re.compile(r"(?<!\\)\*")
_ESCAPED: Final = re.compile(r"\\([*\\])")


def _cidr(operand: Any, where: str) -> Matches:
    try:
        network = ip_network(operand, strict=False)
    except (TypeError, ValueError):
        raise PatternError(f"expected a network such as 10.0.0.0/24{_at(where)}") from None

    def matches(found: Any) -> bool:
        try:
            return isinstance(found, str) and ip_address(found) in network
        except ValueError:
            return False

    return matches


def _exists(operand: Any, where: str) -> Matches:
    if not isinstance(operand, bool):
        raise PatternError(f"expected true or false for exists{_at(where)}")
    return lambda found: (found is not ABSENT) is operand


def _anything_but(operand: Any, where: str) -> Matches:
    unwanted = operand if isinstance(operand, list) else [*_single(operand)]
    if not unwanted:
        raise PatternError(f"expected values for anything-but{_at(where)}")
    tests = [_rule(each, where) for each in unwanted]
    return lambda found: found is not ABSENT and not any(test(found) for test in tests)


def _single(operand: Any) -> Iterator[Any]:
    """Take `{prefix: [a, b]}` apart into `{prefix: a}` and `{prefix: b}`."""
    if isinstance(operand, Mapping) and len(operand) == 1:
        ((name, values),) = operand.items()
        if isinstance(values, list) and name != "numeric":
            yield from ({name: value} for value in values)
            return
    yield operand


_NUMERIC: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _numeric(operand: Any, where: str) -> Matches:
    parts = operand if isinstance(operand, list) else []
    signs, bounds = parts[::2], parts[1::2]
    right = len(signs) == len(bounds) in (1, 2) and all(sign in _NUMERIC for sign in signs)
    if not right or not all(map(_is_number, bounds)):
        raise PatternError(f'expected numeric such as [">=", 1, "<", 2]{_at(where)}')
    tests = [(_NUMERIC[sign], bound) for sign, bound in zip(signs, bounds, strict=True)]
    return lambda found: _is_number(found) and all(test(found, bound) for test, bound in tests)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_COMPARISONS: Final[dict[str, Callable[[Any, str], Matches]]] = {
    "prefix": _text(str.startswith),
    "suffix": _text(str.endswith),
    _ANY_CASE: _text(lambda found, wanted: found.casefold() == wanted.casefold()),
    "wildcard": _wildcard,
    "cidr": _cidr,
    "exists": _exists,
    "anything-but": _anything_but,
    "numeric": _numeric,
}


def _at(where: str) -> str:
    return f" at {where}" if where else ""
