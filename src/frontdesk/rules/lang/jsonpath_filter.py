"""Owns the filters of JSONPath: `[?(@.price < 10 && @.tags contains 'new')]`. Knows no templates.

    filter     = and *( "||" and )
    and        = unary *( "&&" unary )
    unary      = "!" unary | "(" filter ")" | operand [ operator operand ]
    operand    = path from "@" or "$" | number | quoted | true | false | null | [ literals ]
    operator   = == != < <= > >= in nin subsetof anyof noneof contains size empty, or =~ before /regex/ or /regex/i

A path alone asks whether there is such a value, be it null or false.
Source: Jayway JsonPath's README, "Filter Operators".
"""

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from frontdesk.rules.lang.equality import same
from frontdesk.rules.lang.jsonpath import MISSING, PathError, Spend, read_path
from frontdesk.rules.lang.patterns import PatternError, compile_pattern

DEEPEST: Final = 20
"""Parentheses and filters inside each other."""

STEPS: Final = 5
"""What a comparison counts, beside the values it compares."""

Accepts = Callable[[Any, Any, Spend], bool]
"""Judges one value: (value, whole document, spend)."""

Operand = Callable[[Any, Any, Spend], Any]
"""Gives one side of a comparison, or MISSING."""

Read = Callable[[str, int, int], tuple[Accepts, int]]
"""Reads a part of a filter: (text, place, depth) → the part and where it ends."""

_SPACE: Final = re.compile(r"\s*")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_QUOTED: Final = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_REGEX: Final = re.compile(r"/((?:[^/\\]|\\.)+)/(i?)")
_WORD: Final = re.compile(r"(true|false|null)\b")
_OPERATOR: Final = re.compile(
    r"==|!=|=~|<=|>=|<|>|\b(?:in|nin|subsetof|anyof|noneof|contains|size|empty)\b"
)
_WORDS: Final = {"true": True, "false": False, "null": None}


def read_filter(text: str, at: int, depth: int) -> tuple[Accepts, int]:
    """Read a filter, up to the parenthesis that closes it; return it and that place.

    Raises: PathError.
    """
    if depth > DEEPEST:
        raise PathError(f"filters nest deeper than {DEEPEST}", column=at + 1)
    return _joined(text, at, depth, "||", _all_of)


def _all_of(text: str, at: int, depth: int) -> tuple[Accepts, int]:
    return _joined(text, at, depth, "&&", _unary)


def _joined(text: str, at: int, depth: int, sign: str, read: Read) -> tuple[Accepts, int]:
    one, at = read(text, at, depth)
    terms = [one]
    while text.startswith(sign, at := _skip(text, at)):
        one, at = read(text, at + 2, depth)
        terms.append(one)
    if len(terms) == 1:
        return one, at
    enough = any if sign == "||" else all
    return lambda value, document, spend: enough(term(value, document, spend) for term in terms), at


def _unary(text: str, at: int, depth: int) -> tuple[Accepts, int]:
    at = _skip(text, at)
    if depth > DEEPEST:
        raise PathError(f"filters nest deeper than {DEEPEST}", column=at + 1)
    if text.startswith("!", at):
        accepts, at = _unary(text, at + 1, depth + 1)
        return lambda value, document, spend: not accepts(value, document, spend), at
    if text.startswith("(", at):
        accepts, at = read_filter(text, at + 1, depth + 1)
        if not text.startswith(")", at):
            raise _unreadable(text, at)
        return accepts, at + 1
    return _comparison(text, at, depth)


def _comparison(text: str, at: int, depth: int) -> tuple[Accepts, int]:
    left, at = _operand(text, at, depth)
    found = _OPERATOR.match(text, at := _skip(text, at))
    if found is None:
        return lambda value, document, spend: left(value, document, spend) is not MISSING, at
    at = _skip(text, found.end())
    if found[0] == "=~":
        right, at = _regex(text, at)
    else:
        right, at = _operand(text, at, depth)
    compare = _COMPARISONS[found[0]]

    def accepts(value: Any, document: Any, spend: Spend) -> bool:
        one, other = left(value, document, spend), right(value, document, spend)
        spend(STEPS + _size(one) + _size(other))
        return compare(one, other, spend)

    return accepts, at


def _size(value: Any) -> int:
    if isinstance(value, list):
        return len(value)
    return len(value) // 512 if isinstance(value, str) else 0


def _operand(text: str, at: int, depth: int) -> tuple[Operand, int]:
    if text[at : at + 1] in ("@", "$"):
        return _path(text, at, depth)
    value, at = _literal(text, at, depth)
    return lambda _value, _document, _spend: value, at


def _path(text: str, at: int, depth: int) -> tuple[Operand, int]:
    from_root = text[at] == "$"
    path, at = read_path(text, at, depth)

    def operand(value: Any, document: Any, spend: Spend) -> Any:
        start = document if from_root else value
        return path.find(start) if path.definite else path.matches(start, document, spend)

    return operand, at


def _literal(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _skip(text, at)
    if found := _QUOTED.match(text, at):
        inner = found[1] if found[1] is not None else found[2]
        return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL), found.end()
    if found := _NUMBER.match(text, at):
        return (float(found[0]) if found[1] or found[2] else int(found[0][:300])), found.end()
    if found := _WORD.match(text, at):
        return _WORDS[found[1]], found.end()
    if not text.startswith("[", at) or depth > DEEPEST:
        raise _unreadable(text, at)
    items: list[Any] = []
    at = _skip(text, at + 1)
    while not text.startswith("]", at):
        if items:
            if not text.startswith(",", at):
                raise _unreadable(text, at)
            at += 1
        item, at = _literal(text, at, depth + 1)
        items.append(item)
        at = _skip(text, at)
    return items, at + 1


def _regex(text: str, at: int) -> tuple[Operand, int]:
    found = _REGEX.match(text, at)
    if found is None:
        raise _unreadable(text, at)
    try:
        pattern = compile_pattern(("(?i)" if found[2] else "") + found[1].replace("\\/", "/"))
    except PatternError as error:
        raise PathError(error.message, column=at + 1, hint=error.hint) from error
    return lambda _value, _document, _spend: pattern, found.end()


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _unreadable(text: str, at: int) -> PathError:
    return PathError(
        f"filter not understood at {text[at : at + 20] or 'the end'}",
        column=at + 1,
        hint="filters look like [?(@.state == 'open' && @.seats > 2)]",
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Any, right: Any, spend: Spend) -> bool:
    """Compare as Jayway does: a number and a text are equal where they are written alike."""
    if _number(left) and isinstance(right, str):
        left, right = right, left
    if isinstance(left, str) and _number(right):
        return bool(_NUMBER.fullmatch(left)) and len(left) < 300 and float(left) == right
    return left is not MISSING and same(left, right, spend)


def _has(items: Any, value: Any, spend: Spend) -> bool:
    return isinstance(items, list) and any(_equal(value, item, spend) for item in items)


def _shared(judge: Callable[[list[bool]], bool]) -> "Compare":
    """Compare two lists by which items of the left one are in the right one."""

    def compare(left: Any, right: Any, spend: Spend) -> bool:
        if not isinstance(left, list) or not isinstance(right, list):
            return False
        spend(len(left) * len(right))
        return judge([_has(right, item, spend) for item in left])

    return compare


def _contains(left: Any, right: Any, spend: Spend) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _has(left, right, spend)


def _ordered(order: Callable[[Any, Any], bool]) -> "Compare":
    def compare(left: Any, right: Any, _spend: Spend) -> bool:
        alike = (_number(left) and _number(right)) or (
            isinstance(left, str) and isinstance(right, str)
        )
        return alike and order(left, right)

    return compare


def _sized(value: Any) -> bool:
    return isinstance(value, list | dict | str)


Compare = Callable[[Any, Any, Spend], bool]

_COMPARISONS: Final[dict[str, Compare]] = {
    "==": _equal,
    "!=": lambda left, right, spend: not _equal(left, right, spend),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": lambda left, right, spend: _has(right, left, spend),
    "nin": lambda left, right, spend: isinstance(right, list) and not _has(right, left, spend),
    "anyof": _shared(any),
    "noneof": _shared(lambda found: not any(found)),
    "subsetof": _shared(all),
    "contains": _contains,
    "size": lambda left, right, _spend: _sized(left) and len(left) == right,
    "empty": lambda left, right, _spend: _sized(left) and (not left) is right,
    "=~": lambda left, right, _spend: isinstance(left, str) and right.fullmatch(left) is not None,
}
