"""Owns the choice of the integration response: a pattern over what the integration said, else the default.

Source: AWS, "Set up an integration response in API Gateway", selection expression.
"""

from collections.abc import Iterable
from typing import Any, Final, Generic, TypeVar

from frontdesk.rules.lang.patterns import compile_pattern

DEFAULT: Final = "default"
"""The key of the response without a pattern."""

Response = TypeVar("Response")


class Responses(Generic[Response]):
    """What may become of the answers of one integration, by pattern."""

    __slots__ = ("_patterns", "default")

    def __init__(self, responses: Iterable[tuple[str, Response]]) -> None:
        """responses: by pattern, in order; `default` has none. Raises: PatternError."""
        self.default: Response | None = None
        self._patterns: list[tuple[Any, Response]] = []
        for text, response in responses:
            if text == DEFAULT:
                self.default = response
            else:
                self._patterns.append((compile_pattern(text), response))

    def select(self, said: str) -> Response | None:
        """Choose the first whose pattern fits all of a text (a status, an error message), else the default.

        None: there is none for it.
        """
        for pattern, response in self._patterns:
            if pattern.fullmatch(said):
                return response
        return self.default
