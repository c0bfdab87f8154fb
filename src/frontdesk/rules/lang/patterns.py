"""Owns regular expressions that users give: Java's syntax as far as it can run in linear time.

Knows neither templates nor paths. Look-around and back references do not exist here, because they make
an expression's time grow without bound.
"""

from functools import lru_cache
from typing import Any, Final

from frontdesk.base.errors import FrontdeskError

LONGEST: Final = 2000
"""Characters of an expression."""

MOST_MEMORY: Final = 1 << 20
"""Bytes for the states of one expression; beyond them matching only gets slower."""


class PatternError(FrontdeskError):
    """An expression that cannot be used."""

    code = "pattern"


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Any:
    """Compile an expression. The result matches as those of `re` do.

    Raises: PatternError.
    """
    # Differs: [linear-patterns] Java's expressions have more, which backtracks.
    import re2  # takes milliseconds to import, and few need it

    if len(text) > LONGEST:
        raise PatternError(f"regular expression longer than {LONGEST} characters")
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else "unreadable"
        raise PatternError(
            f"regular expression not usable, {reason}: {text[:100]}",
            hint="look-around and back references are not available",
        ) from error
