"""Owns JSONata expressions as state machines use them: compiled once, bounded, with one error for all failures.

The language is jsonata-python's; `jsonata_engine` holds it to our bounds and adds AWS's functions. Knows
neither `{% %}` nor `$states`.
Source: https://docs.jsonata.org/; AWS, "Transforming data with JSONata in Step Functions".
"""

import sys
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError
from frontdesk.rules.lang.chance import Chance

LONGEST: Final = 100_000
"""Characters of an expression."""


class Undefined(Enum):
    """The type of `UNDEFINED`, so that a checker can tell it from every JSON value."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED
"""What an expression returns where there is nothing; null is a value."""


class JsonataError(FrontdeskError):
    """An expression that cannot be read or that failed.

    number: JSONata's code of the error, such as T1006. position: where in the expression, counted in
    characters from 0; -1 where nobody knows.
    """

    code = "jsonata"

    def __init__(self, number: str, message: str, *, position: int = -1) -> None:
        super().__init__(message)
        self.number = number
        self.position = position


class JsonataSyntaxError(JsonataError):
    """An expression that cannot be read."""


class UnsupportedResultError(JsonataError):
    """An expression whose result is no JSON value: a function, or text with half a surrogate pair."""


class Expression:
    """A compiled expression; evaluations do not know of each other."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, compiled: Any) -> None:
        self.text = text
        self._compiled = compiled

    @property
    def tree(self) -> Any:
        """The expression as jsonata-python has parsed it."""
        return self._compiled.ast

    def evaluate(
        self,
        variables: Mapping[str, Any],
        *,
        now: int,
        chance: Chance,
        data: Any | Undefined = UNDEFINED,
    ) -> Any | Undefined:
        """Return the value of the expression, or UNDEFINED.

        variables: JSON values by name, without `$`; they are not changed. now: milliseconds since 1970,
        of `$now()` and `$millis()`. chance: of `$random()`, `$shuffle()` and `$uuid()`. data: what bare
        names and `$` start at; states have none. Raises: JsonataError.
        """
        return _engine().evaluate(self._compiled, variables, now, chance, data)


@lru_cache(maxsize=2048)
def compile_expression(text: str) -> Expression:
    """Read an expression. Raises: JsonataSyntaxError."""
    if len(text) > LONGEST:
        raise JsonataSyntaxError("S0500", f"expression longer than {LONGEST} characters")
    return Expression(text, _engine().parse(text))


@lru_cache(maxsize=1)
def _engine() -> ModuleType:
    """Import the library late: it takes long, and few machines need it."""
    frames = sys.getrecursionlimit()
    from frontdesk.rules.lang import jsonata_engine

    # The library raises the limit for the whole process; the engine raises it while it evaluates.
    sys.setrecursionlimit(frames)
    return jsonata_engine
