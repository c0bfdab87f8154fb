"""Owns functions of JSONata that jsonata-python has not, or not as state machines need them.

Arguments and results are the library's: None is undefined, its own null is null. Knows no bound but that
of what one function makes. Imported late, by `jsonata_engine`.
Source: https://docs.jsonata.org/string-functions; AWS, "Transforming data with JSONata", JSONata functions
provided by Step Functions.
"""

import math
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from jsonata import Functions, JException, Jsonata, Utils

from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.compact_json import from_json
from frontdesk.rules.lang.intrinsic_functions import (
    frozen,
    hash_text,
    number_range,
    partition,
    rounded,
)
from frontdesk.rules.lang.jsonata import JsonataError

LARGEST: Final = 4 * 1024 * 1024
"""Characters of what one function makes; far beyond a payload."""

MOST_MATCHES: Final = 100_000
"""Replacements of one `$replace`."""

_EXACT: Final = 10**21
"""From here on JavaScript writes numbers with an exponent."""

_RADIX: Final = re.compile(r"0([xX][\da-fA-F]+|[bB][01]+|[oO][0-7]+)")
_DECIMAL: Final = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


def too_long() -> JsonataError:
    """Return the error of what takes more than we allow."""
    return JsonataError("D1012", "Evaluation takes too long. Check for infinite loop")


def text_of(value: Any, prettify: Any = None) -> Any:
    """Return what `$string` and `&` make of a value: integers with all their digits."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if whole and not isinstance(value, bool) and abs(value) < _EXACT:
        return str(int(value))
    return Functions.string(value, prettify)


def _whole(value: float) -> int:
    """Round down, where intrinsic functions round to the nearest integer."""
    return rounded(math.floor(value))


class _Functions:
    """The functions, under the names that expressions call them by."""

    @staticmethod
    def distinct(items: Any) -> Any:
        if not isinstance(items, list) or len(items) <= 1:
            return items
        first: dict[Any, Any] = {}
        for item in items:
            first.setdefault(frozen(item), item)
        return (
            Utils.create_sequence_from_iter(first.values())
            if isinstance(items, Utils.JList)
            else list(first.values())
        )

    @staticmethod
    def hash(text: str | None, algorithm: str | None) -> str | None:
        return None if text is None else hash_text(text, algorithm)

    @staticmethod
    def join(texts: list[str] | None, separator: str | None) -> Any:
        if texts is not None:
            _hold(sum(map(len, texts)) + len(texts) * len(separator or ""))
        return Functions.join(texts, separator)

    @staticmethod
    def number(value: Any) -> Any:
        if not isinstance(value, str):
            return Functions.number(value)
        if _RADIX.fullmatch(value):
            return int(value, 0)
        number = float(value) if _DECIMAL.fullmatch(value) else math.inf
        if math.isinf(number):
            raise JException("D3030", -1, value)
        return number

    @staticmethod
    def pad(text: str | None, width: float | None, filler: str | None) -> Any:
        _hold(abs(width or 0) + len(filler or ""))
        return Functions.pad(text, width, filler)

    @staticmethod
    def parse(text: str | None) -> Any:
        value = None if text is None else from_json(text)
        return Utils.NULL_VALUE if text is not None and value is None else value

    @staticmethod
    def partition(items: list[Any] | None, length: float | None) -> list[Any] | None:
        if items is None or length is None:
            return None
        return partition(list(items), _whole(length))

    @staticmethod
    def random(seed: float | None) -> float:
        chance = _chance() if seed is None else Chance(str(_whole(seed)).encode())
        return chance.fraction()

    @staticmethod
    def range(first: float | None, last: float | None, step: float | None) -> list[int] | None:
        if first is None or last is None or step is None:
            return None
        return number_range(_whole(first), _whole(last), _whole(step))

    @staticmethod
    def replace(
        text: str | None, pattern: Any, replacement: Any, limit: float | None
    ) -> str | None:
        if text is None:
            return None
        if pattern == "":
            raise JException("D3010", -1)
        if limit is Utils.NULL_VALUE:
            raise JException("T0410", -1)
        if limit is not None and limit < 0:
            raise JException("D3011", -1)
        return _replaced(text, pattern, replacement, None if limit is None else int(limit))

    @staticmethod
    def shuffle(items: list[Any] | None) -> list[Any] | None:
        return None if items is None else _chance().shuffled(items)

    @staticmethod
    def string(value: Any, prettify: bool | None) -> Any:
        return text_of(value, prettify)

    @staticmethod
    def uuid() -> str:
        return _chance().uuid()


def our_functions() -> Any:
    """Return the frame that these functions stand in, before those of the library."""
    frame = Jsonata.Frame(Jsonata.static_frame)
    for name, signature in _SIGNATURES.items():
        frame.bind(name, Jsonata.function(name, signature, _Functions, name))
    frame.bind("eval", None)
    return frame


_SIGNATURES: Final = {
    "distinct": "<x:x>",
    "hash": "<s-s:s>",
    "join": "<a<s>s?:s>",
    "number": "<(nsb)-:n>",
    "pad": "<s-ns?:s>",
    "parse": "<s-:x>",
    "partition": "<an:a>",
    "random": "<n?:n>",
    "range": "<nnn:a>",
    "replace": "<s-(sf)(sf)n?:s>",
    "shuffle": "<a:a>",
    "string": "<x-b?:s>",
    "uuid": "<:s>",
}


def _replaced(text: str, pattern: Any, replacement: Any, limit: int | None) -> str:
    pieces: list[str] = []
    end = length = 0
    for begin, stop, match in islice(_found(text, pattern), limit):
        if begin == stop:
            raise JException("D1004", -1)
        piece = _replacement(match, replacement)
        length += len(piece)
        _hold(length)
        pieces += (text[end:begin], piece)
        end = stop
        if len(pieces) > 2 * MOST_MATCHES:
            raise too_long()
    return "".join((*pieces, text[end:]))


def _found(text: str, pattern: Any) -> Iterable[tuple[int, int, Any]]:
    """Find a text or a regular expression. Yields begin, end and match; None for a text."""
    if not isinstance(pattern, str):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), match
        return
    begin = text.find(pattern)
    while begin >= 0:
        yield begin, begin + len(pattern), None
        begin = text.find(pattern, begin + len(pattern))


def _replacement(match: Any, replacement: Any) -> str:
    if isinstance(replacement, str):
        return replacement if match is None else _with_groups(match, replacement)
    found = {"match": match.group(), "index": match.start(), "groups": list(match.groups())}
    made = Functions.func_apply(replacement, [found])
    if not isinstance(made, str):
        raise JException("D3012", -1)
    return made


_GROUP: Final = re.compile(r"\$(\$|\d*)")


def _with_groups(match: Any, replacement: str) -> str:
    """Put groups in a replacement: `$0` all, `$1` the first, `$$` a dollar sign.

    As many digits are read as the number of groups has; one less where there is no such group.
    """
    groups = match.groups()
    digits = len(str(len(groups)))

    def one(found: re.Match[str]) -> str:
        written = found[1]
        if written in {"", "$"}:
            return "$"
        taken = written[:digits]
        if len(taken) > 1 and int(taken) > len(groups):
            taken = taken[:-1]
        number = int(taken)
        value = match.group(number) if number <= len(groups) else ""
        return (value or "") + written[len(str(number)) :]

    return _GROUP.sub(one, replacement)


def _chance() -> Chance:
    chance: Chance = Jsonata.CURRENT.jsonata.chance
    return chance


def _hold(characters: float) -> None:
    if characters > LARGEST:
        raise too_long()
