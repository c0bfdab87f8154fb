"""Owns the reading of JSON as people write it by hand: what API Gateway's MOCK integrations accept.

Beside JSON: names and texts without quotes (`{statusCode: 200}`), single quotes, commas before a closing
bracket. Knows no integration.
Source: recorded answers of AWS to `{statusCode: 200}`; the rest as json-smart's permissive mode reads it.
"""

import re
from typing import Any, Final

import orjson

from frontdesk.base.errors import FrontdeskError

DEEPEST: Final = 100
"""Lists and objects inside each other."""

_SPACE: Final = re.compile(r"\s*+")
_QUOTED: Final = re.compile(r"""'((?:[^'\\]|\\.)*+)'|"((?:[^"\\]|\\.)*+)\"""", re.DOTALL)
_BARE: Final = re.compile(r"[^\s,:\[\]{}'\"]+(?:[ \t]+[^\s,:\[\]{}'\"]+)*+")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_LETTERS: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d{0,307})")
_NUMBER: Final = re.compile(rf"{_INTEGER.pattern}(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}


class TolerantJsonError(FrontdeskError):
    """A text that even a tolerant reader does not understand. at: offset of the character to blame."""

    code = "tolerant_json"

    def __init__(self, message: str, *, at: int) -> None:
        super().__init__(message)
        self.at = at


def read_tolerant(text: str) -> Any:
    """Read JSON, strict or not, as dicts, lists, texts, numbers, truth values and None.

    Raises: TolerantJsonError.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        reader = _Reader(text)
        value = reader.value(DEEPEST)
        if reader.next():
            raise reader.error("expected the end") from None
        return value


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def error(self, message: str) -> TolerantJsonError:
        shown = self._text[self._at : self._at + 20] or "the end"
        return TolerantJsonError(f"{message}, got {shown}", at=self._at)

    def next(self) -> str:
        """Pass over blanks; return the next character, "" at the end."""
        if found := _SPACE.match(self._text, self._at):
            self._at = found.end()
        return self._text[self._at : self._at + 1]

    def value(self, depth: int) -> Any:
        sign = self.next()
        if sign in ("{", "["):
            if depth == 0:
                raise self.error(f"nested deeper than {DEEPEST}")
            self._at += 1
            return self._object(depth - 1) if sign == "{" else self._list(depth - 1)
        if sign in ("'", '"'):
            return self._quoted()
        bare = self._bare()
        if bare in _WORDS:
            return _WORDS[bare]
        if _INTEGER.fullmatch(bare):
            return int(bare)
        return float(bare) if _NUMBER.fullmatch(bare) else bare

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.next() != "}":
            name = self._quoted() if self.next() in ("'", '"') else self._bare()
            if self.next() != ":":
                raise self.error("expected :")
            self._at += 1
            found[name] = self.value(depth)
            self._separator("}")
        self._at += 1
        return found

    def _list(self, depth: int) -> list[Any]:
        found = []
        while self.next() != "]":
            found.append(self.value(depth))
            self._separator("]")
        self._at += 1
        return found

    def _separator(self, closing: str) -> None:
        """Pass over a comma, which may be the last; only the closing sign does without."""
        sign = self.next()
        if sign == ",":
            self._at += 1
        elif sign != closing:
            raise self.error(f"expected , or {closing}")

    def _quoted(self) -> str:
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            raise self.error("text without closing quote")
        self._at = found.end()
        return _ESCAPE.sub(_character, found[1] if found[1] is not None else found[2])

    def _bare(self) -> str:
        found = _BARE.match(self._text, self._at)
        if found is None:
            raise self.error("expected a value")
        self._at = found.end()
        return found[0]


def _character(found: re.Match[str]) -> str:
    code, sign = found.groups()
    if code is None:
        return _LETTERS.get(sign, sign)
    number = int(code, 16)
    return "\ufffd" if 0xD800 <= number < 0xE000 else chr(number)
