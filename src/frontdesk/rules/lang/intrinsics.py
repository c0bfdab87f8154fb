"""Owns intrinsic functions of the Amazon States Language: reading `States.Name(...)` and finding its value.

    call     = "States." name "(" [ argument *( "," argument ) ] ")"
    argument = "'" text "'" | number | "true" | "false" | "null" | path | call

What the functions do is in `intrinsic_functions`. Knows no state: paths are looked up by who asks.
Source: AWS, "Intrinsic functions for JSONPath states in Step Functions".
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.compact_json import JsonTextError
from frontdesk.rules.lang.intrinsic_functions import (
    FUNCTIONS,
    Format,
    FunctionError,
)
from frontdesk.rules.lang.jsonpath import PathError
from frontdesk.rules.lang.states_path import StatesPath, read_states_path

MOST_CALLS: Final = 10
"""Calls in one field, nested ones included."""

Find = Callable[[StatesPath], Any]
"""Looks a path up; what it raises goes through."""


class IntrinsicSyntaxError(FrontdeskError):
    """A call that cannot be read. column: where, counted from 1."""

    code = "intrinsic_syntax"

    def __init__(self, message: str, *, column: int) -> None:
        super().__init__(message)
        self.column = column


class IntrinsicError(FrontdeskError):
    """A call that failed. name: the error's name in the language."""

    code = "intrinsic"
    name = "States.IntrinsicFailure"


class Intrinsic:
    """A compiled call. paths: all that it looks up, nested ones included."""

    __slots__ = ("_call", "paths", "text")

    def __init__(self, text: str, call: "_Call", paths: tuple[StatesPath, ...]) -> None:
        self.text = text
        self.paths = paths
        self._call = call

    def evaluate(self, find: Find, chance: Chance) -> Any:
        """Return the value of the call.

        Raises: IntrinsicError, and what `find` raises.
        """
        try:
            return self._call(find, chance)
        except (FunctionError, JsonTextError) as error:
            raise IntrinsicError(f"{error.message} in {self.text}") from error
        except RecursionError as error:
            raise IntrinsicError(f"Value nested too deep in {self.text}") from error


_Call = Callable[[Find, Chance], Any]
_OPENING: Final = re.compile(r"States\.(\w+)\s*\(\s*")
_TEXT: Final = re.compile(r"'((?:[^'\\]|\\['{}\\])*)'")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,3})?(?![\w.])")
_WORD: Final = re.compile(r"(true|false|null)(?!\w)")
_WORDS: Final = {"true": True, "false": False, "null": None}
_BLANKS: Final = re.compile(r"\s*")
_ESCAPE: Final = re.compile(r"\\(.)")
_PLACEHOLDER: Final = re.compile(r"(?:[^\\{]|\\.|\{(?!\}))*")


def is_intrinsic(text: str) -> bool:
    """Whether a text is meant to be a call, and not a path."""
    return text.startswith("States.")


@lru_cache(maxsize=1024)
def compile_intrinsic(text: str) -> Intrinsic:
    """Read a call that is the whole text.

    Raises: IntrinsicSyntaxError.
    """
    reader = _Reader(text)
    call = reader.call()
    if reader.at < len(text):
        raise reader.error("text after the call")
    return Intrinsic(text, call, tuple(reader.paths))


class _Reader:
    """Reads one text from its beginning. at: how far it is."""

    def __init__(self, text: str) -> None:
        self.at = 0
        self.paths: list[StatesPath] = []
        self._calls = 0
        self._text = text

    def error(self, message: str) -> IntrinsicSyntaxError:
        return IntrinsicSyntaxError(message, column=self.at + 1)

    def call(self) -> _Call:
        opening = _OPENING.match(self._text, self.at)
        if opening is None:
            raise self.error("no call such as States.Format('{}', $.name)")
        function = FUNCTIONS.get(opening[1])
        if function is None:
            raise self.error(f"no intrinsic function of this name: States.{opening[1]}")
        self._calls += 1
        if self._calls > MOST_CALLS:
            raise self.error(f"more than {MOST_CALLS} intrinsic functions in one field")
        self.at = opening.end()
        arguments = self._arguments(function.template)
        if not function.fewest <= len(arguments) <= function.most:
            raise self.error(f"wrong number of arguments to States.{opening[1]}: {len(arguments)}")
        run = function.run

        def value(find: Find, chance: Chance) -> Any:
            return run([argument(find, chance) for argument in arguments], chance)

        return value

    def _arguments(self, template: bool) -> list[_Call]:
        arguments: list[_Call] = []
        if self._skip(")"):
            return arguments
        while True:
            arguments.append(self._argument(template=template and not arguments))
            if self._skip(")"):
                return arguments
            if not self._skip(","):
                raise self.error("expected , or )")

    def _skip(self, mark: str) -> bool:
        """Go on behind a mark and the blanks around it; without the mark, behind the blanks."""
        self._pass(_BLANKS)
        if not self._text.startswith(mark, self.at):
            return False
        self.at += 1
        if mark == ",":
            self._pass(_BLANKS)
        return True

    def _argument(self, *, template: bool) -> _Call:
        if self._text.startswith("States.", self.at):
            return self.call()
        if self._text.startswith("$", self.at):
            return self._path()
        if text := self._pass(_TEXT):
            return _constant(_format(text[1]) if template else _ESCAPE.sub(r"\1", text[1]))
        if number := self._pass(_NUMBER):
            return _constant(float(number[0]) if number[1] or number[2] else int(number[0]))
        if word := self._pass(_WORD):
            return _constant(_WORDS[word[1]])
        raise self.error("argument not understood")

    def _path(self) -> _Call:
        try:
            path, end = read_states_path(self._text, self.at)
        except PathError as error:
            raise IntrinsicSyntaxError(error.message, column=error.column) from error
        self.paths.append(path)
        self.at = end
        return lambda find, _chance: find(path)

    def _pass(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self.at)
        if found:
            self.at = found.end()
        return found


def _constant(value: Any) -> _Call:
    return lambda _find, _chance: value


def _format(written: str) -> Format:
    """Split the literal template of States.Format where `{}` stands without an escape."""
    pieces = []
    at = 0
    while True:
        piece = _PLACEHOLDER.match(written, at)
        end = piece.end() if piece else at
        pieces.append(_ESCAPE.sub(r"\1", written[at:end]))
        if end == len(written):
            return Format(tuple(pieces))
        at = end + 2
