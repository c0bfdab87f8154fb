"""Owns which sort keys are asked for: DynamoDB's conditions of a sort key, as a span of texts.

Source: AWS, "Key condition expressions for the Query operation in DynamoDB".
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from frontdesk.rules.records.refusals import InvalidRecordError


class Span(NamedTuple):
    """Texts from `low` up to `high`, in the order of their code points. None: without end.

    low, high: they belong to the span where `with_low`, `with_high`.
    """

    low: str | None = None
    high: str | None = None
    with_low: bool = True
    with_high: bool = False

    def holds(self, text: str) -> bool:
        """Whether a text is in it."""
        if self.low is not None and (text < self.low or (text == self.low and not self.with_low)):
            return False
        return self.high is None or text < self.high or (text == self.high and self.with_high)

    def behind(self, text: str, *, descending: bool) -> "Span":
        """Return what is left of it behind a text, for who goes through it in that direction."""
        if not descending and (self.low is None or text >= self.low):
            return self._replace(low=text, with_low=False)
        if descending and (self.high is None or text <= self.high):
            return self._replace(high=text, with_high=False)
        return self


EVERYTHING: Final = Span()

_VALUE: Final = r"\s*(:\w+)\s*"
_PREFIX: Final = re.compile(rf"\s*begins_with\s*\(\s*sk\s*,{_VALUE}\)\s*", re.IGNORECASE)
_BETWEEN: Final = re.compile(rf"\s*sk\s+BETWEEN\s+{_VALUE}\s+AND\s+{_VALUE}", re.IGNORECASE)
_COMPARED: Final = re.compile(rf"\s*sk\s*(=|<=|<|>=|>){_VALUE}")

_LAST: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)  # no text of the store has one


def read_span(condition: Mapping[str, Any] | None) -> Span:
    """Read {"expression": "begins_with(sk, :p)", "values": {":p": "2026-"}}. Raises: InvalidRecordError."""
    if condition is None:
        return EVERYTHING
    expression, values = condition.get("expression"), condition.get("values")
    if not isinstance(expression, str) or not isinstance(values, Mapping):
        raise InvalidRecordError('Invalid sk: expected {"expression": …, "values": {…}}')

    def text(name: str) -> str:
        value = values.get(name)
        if not isinstance(value, str):
            raise InvalidRecordError(f"Invalid sk: expected a text among the values: {name}")
        return value

    if found := _PREFIX.fullmatch(expression):
        prefix = text(found[1])
        return Span(prefix, _after(prefix))
    if found := _BETWEEN.fullmatch(expression):
        return Span(text(found[1]), text(found[2]), with_high=True)
    if found := _COMPARED.fullmatch(expression):
        return _compared(found[1], text(found[2]))
    raise InvalidRecordError(
        f"Invalid sk: this is no condition of a sort key: {expression}",
        hint="begins_with(sk, :a), sk = :a, sk > :a or sk BETWEEN :a AND :b",
    )


def _compared(sign: str, value: str) -> Span:
    return {
        "=": Span(value, value, with_high=True),
        "<": Span(None, value),
        "<=": Span(None, value, with_high=True),
        ">": Span(value, with_low=False),
        ">=": Span(value),
    }[sign]


def _after(prefix: str) -> str | None:
    """Return the first text behind all that begin with the prefix."""
    for end in range(len(prefix), 0, -1):
        point = ord(prefix[end - 1]) + 1
        if point <= _LAST:
            return prefix[: end - 1] + chr(_SURROGATES.stop if point in _SURROGATES else point)
    return None
