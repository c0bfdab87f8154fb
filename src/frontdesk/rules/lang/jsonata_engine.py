"""Owns what stands between us and jsonata-python: bounds, AWS's additional functions, results and errors.

The library's clock and dice are replaced by what is given; its `$eval` is taken away. Imported late, by
`jsonata`: importing the library takes long.
"""

import math
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from jsonata import Functions, JException, Jsonata, Utils

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.lang.chance import Chance
from frontdesk.rules.lang.jsonata import (
    UNDEFINED,
    JsonataError,
    JsonataSyntaxError,
    Undefined,
    UnsupportedResultError,
)
from frontdesk.rules.lang.jsonata_functions import LARGEST, our_functions, text_of, too_long
from frontdesk.rules.lang.patterns import PatternError, compile_pattern

# Differs: [jsonata-bounds] AWS does not tell its bounds.
MOST_STEPS: Final = 200_000
"""Steps of one evaluation, about a second: parts evaluated, and what they make by `_ITEMS_OF_A_STEP`."""

DEEPEST: Final = 600
"""Parts that are being evaluated at once; about three frames of Python each."""

MOST_IN_RANGE: Final = 1_000_000
"""Numbers that `[a..b]` makes."""

MOST_FRAMES: Final = 10_000
"""Python's limit of recursion during an evaluation, as the library wants it."""

_ROOM_OF_A_VALUE: Final = 16
"""Characters that a value of a result counts as, beside its own."""

_ITEMS_OF_A_STEP: Final = 8
"""Characters or items that are worth one step: who evaluates them will look at them."""

_LARGEST_INTEGER: Final = 2**63


def parse(text: str) -> Any:
    """Compile an expression. Raises: JsonataSyntaxError."""
    try:
        # Differs: [jsonata-newer] the library reads the operators of JSONata 2.1, too.
        return _Instance(text, _regular_expression)
    except Exception as error:
        # The library's parser runs into every kind of error on what it does not expect.
        raise JsonataSyntaxError(*_told(error, "S0500"), position=_position(error)) from error


def evaluate(
    compiled: Any,
    variables: Mapping[str, Any],
    now: int,
    chance: Chance,
    data: Any | Undefined,
) -> Any | Undefined:
    """Evaluate what `parse` returned. Raises: JsonataError."""
    run = _Run(compiled, now, chance)
    frames = sys.getrecursionlimit()
    sys.setrecursionlimit(max(frames, MOST_FRAMES))
    try:
        return run.result(run.value(variables, data))
    except Exception as error:
        # Functions of the library run into every kind of error on arguments they do not expect.
        raise _failure(error) from error
    finally:
        sys.setrecursionlimit(frames)


def _failure(error: BaseException) -> JsonataError:
    if isinstance(error, JException) and error.error == "Unexpected" and error.__context__:
        # So the library hides what happened on the right of `and` and `or`.
        return _failure(error.__context__)
    if isinstance(error, JsonataError):
        return error
    if isinstance(error, RecursionError):
        return JsonataError("D1011", JException.error_codes["D1011"])
    return JsonataError(*_told(error, "T0410"), position=_position(error))


class _Instance(Jsonata):  # type: ignore[misc]  # the library has no types
    """A compiled expression, with what the library does otherwise than we need."""

    def apply(self, function: Any, arguments: Any, focus: Any, frame: Any) -> Any:
        # The library would print, too.
        if not (
            Utils.is_function(function)
            or Functions.is_lambda(function)
            or Functions.is_regex(function)
        ):
            raise JException("T1006", 0)
        return super().apply(function, arguments, focus, frame)

    def evaluate_literal(self, expression: Any) -> Any:
        value = super().evaluate_literal(expression)
        if isinstance(value, str) and not value.isascii():
            # Pairs written as two escapes are one character.
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return value

    def evaluate_range_expression(self, first: Any, last: Any) -> Any:
        numbers = super().evaluate_range_expression(first, last)
        # Differs: [jsonata-range] JSONata allows 10,000,000.
        if numbers is not None and last - first >= MOST_IN_RANGE:
            raise JException("D2014", -1, last - first + 1)
        return numbers

    def evaluate_string_concat(self, left: Any, right: Any) -> str:
        return "".join(text_of(side) for side in (left, right) if side is not None)


class _Run:
    """One evaluation: the library's instance for it, and what it has spent."""

    __slots__ = ("_depth", "_instance", "_left", "_room")

    def __init__(self, compiled: Any, now: int, chance: Chance) -> None:
        self._instance = _Instance.__new__(_Instance)
        self._instance.__dict__.update(compiled.__dict__)
        # Differs: [jsonata-today] the library asks the machine for the day of a time without a date.
        self._instance.timestamp = now
        self._instance.chance = chance
        self._depth = 0
        self._left = MOST_STEPS
        self._room = LARGEST

    def value(self, variables: Mapping[str, Any], data: Any | Undefined) -> Any:
        """Return the library's result: with its own null, and None for undefined."""
        focus = None if data is UNDEFINED else _with_null(data)
        frame = Jsonata.Frame(_OURS)
        frame.bindings.update((name, _with_null(value)) for name, value in variables.items())
        frame.bindings["$"] = focus
        frame.bindings["__evaluate_entry"] = self._enter
        frame.bindings["__evaluate_exit"] = self._leave
        if isinstance(focus, list):
            focus = Utils.create_sequence(focus)
            focus.outer_wrapper = True
        Jsonata.CURRENT.jsonata = self._instance
        return self._instance.eval(self._instance.ast, focus, frame)

    def result(self, value: Any) -> Any | Undefined:
        """Return the JSON value that a result of the library stands for."""
        return UNDEFINED if value is None else self._json(value)

    def _json(self, value: Any) -> Any:
        self._room -= _ROOM_OF_A_VALUE
        if self._room < 0:
            raise JsonataError("D1012", "The result is too large")
        if isinstance(value, dict):
            return {self._text(key): self._json(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._json(one) for one in value]
        if isinstance(value, str):
            return self._text(value)
        if value is None or value is Utils.NULL_VALUE:
            return None
        if isinstance(value, bool):
            return value
        return _number(value)

    def _text(self, value: str) -> str:
        self._room -= len(value)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                message = "The result holds half a surrogate pair"
                raise UnsupportedResultError("D3140", message) from error
        return value

    def _enter(self, _expression: Any, _focus: Any, _frame: Any) -> None:
        self._depth += 1
        self._left -= 1
        if self._depth > DEEPEST:
            raise JException("D1011", -1)
        if self._left < 0:
            raise too_long()

    def _leave(self, _expression: Any, _focus: Any, _frame: Any, result: Any) -> None:
        self._depth -= 1
        if isinstance(result, list | str | dict):
            self._left -= len(result) // _ITEMS_OF_A_STEP


def _regular_expression(pattern: str, flags: Any) -> Any:
    """Compile a regular expression for the library, to run in linear time."""
    options = "i" * flags.case_insensitive + "m" * flags.multiline
    try:
        return compile_pattern(f"(?{options}){pattern}" if options else pattern)
    except PatternError as error:
        raise JException("S0500", -1) from error


def _with_null(value: Any) -> Any:
    """Return a value as the library takes it: null where None would mean undefined."""
    return Utils.NULL_VALUE if value is None else value


def _number(value: Any) -> int | float:
    """Return a number of a result: whole ones as integers, as far as others can read them."""
    if not isinstance(value, int | float):
        raise UnsupportedResultError("D3140", "The result is a function")
    if not math.isfinite(value):
        raise JsonataError("D1001", "Number out of range: null")
    if abs(value) >= _LARGEST_INTEGER:
        return float(value)
    return int(value) if value == int(value) else value


def _told(error: BaseException, unknown: str) -> tuple[str, str]:
    """Return the code and the message of an error; `unknown` is the code where there is none."""
    if isinstance(error, FrontdeskError):
        return "D3137", error.message
    code = str(error.error) if isinstance(error, JException) else ""
    message = str(error) or type(error).__name__
    if code in JException.error_codes:
        return code, message
    if isinstance(error, ZeroDivisionError | OverflowError):
        return "D1001", "Number out of range: null"
    # The library raises some errors by their text alone, or by what Python says.
    text = (message if code == "" else code).splitlines()[0][:200]
    return next((known for known, said in _SAID.items() if said.match(text)), unknown), text


def _position(error: BaseException) -> int:
    return int(error.location) if isinstance(error, JException) else -1


def _pattern(template: str) -> re.Pattern[str]:
    """Return what matches the texts that a template of the library makes."""
    return re.compile(".*".join(map(re.escape, re.split(r"\{\{+\w+\}+\}", template))))


_SAID: Final = {
    code: _pattern(template)
    for code, template in JException.error_codes.items()
    if not template.startswith("{{{")
} | {
    "D3061": re.compile("must be real number, not complex"),
    "D3070": re.compile(r"'<' not supported between"),
    "D3110": re.compile("Invalid isoformat string"),
    "D3133": re.compile("The 'name' modifier"),
    "D3135": re.compile("No matching closing bracket"),
    "D3140": re.compile("'utf-8' codec"),
    "T1007": re.compile("Attempted to partially apply a non-function. Did"),
}
"""Code of an error -> how its text begins where the library gives no code."""


_OURS: Final = our_functions()
