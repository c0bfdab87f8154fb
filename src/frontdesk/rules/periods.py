"""Owns the calendar of quotas: the day, week or month of UTC that a moment is in. Pure.

Source: AWS, "Usage plans": a day begins at 00:00 UTC, a week on Sunday, a month on its first day.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, Literal, NamedTuple

Kind = Literal["day", "week", "month"]

DAY: Final = 86400
"""Seconds."""

_EPOCH: Final = date(1970, 1, 1).toordinal()
_LAST: Final = date(9999, 11, 30).toordinal()  # the next month still has a date


class Period(NamedTuple):
    """Whole days of UTC that one quota is for. first: its first day. begins, ends: seconds since 1970."""

    kind: Kind
    first: date
    begins: int
    ends: int

    def __str__(self) -> str:
        return f"{self.kind} {self.first}"


def day_of(time: float) -> date:
    """Return the day of UTC at `time` seconds since 1970; what no calendar has becomes its nearest day."""
    return date.fromordinal(min(max(_EPOCH + int(time // DAY), _EPOCH), _LAST))


def period_of(kind: Kind, day: date) -> Period:
    """Return the period that a day is in."""
    first = _FIRST[kind](day)
    return Period(kind, first, _second(first), _second(_NEXT[kind](first)))


def _second(day: date) -> int:
    return (day.toordinal() - _EPOCH) * DAY


def _later(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() + days)


_FIRST: Final[Mapping[Kind, Callable[[date], date]]] = {
    "day": lambda day: day,
    "week": lambda day: _later(day, -(day.isoweekday() % 7)),
    "month": lambda day: day.replace(day=1),
}
_NEXT: Final[Mapping[Kind, Callable[[date], date]]] = {
    "day": lambda first: _later(first, 1),
    "week": lambda first: _later(first, 7),
    "month": lambda first: _later(first, 31).replace(day=1),
}
