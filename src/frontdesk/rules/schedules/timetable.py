"""Owns the instants of a schedule: the next one, the last one, in its zone, between its dates. Pure.

An instant is whole seconds since 1970. The zone comes as a value, because making one reads a file.
Source: AWS, "Schedule types in EventBridge Scheduler", daylight saving time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from math import floor
from typing import Final, Self

from frontdesk.rules.schedules.expressions import At, Cron, Expression, Rate

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)

EARLIEST: Final = 0
LATEST: Final = int((datetime(2200, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
"""Nothing comes from then on."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """An expression where it has instants.

    anchor: where the steps of a rate begin. start, end: of what may come, for cron and rate; end is the
    first instant that is too late.
    """

    expression: Expression
    zone: tzinfo
    anchor: int = EARLIEST
    start: int = EARLIEST
    end: int = LATEST

    @classmethod
    def between(
        cls, expression: Expression, zone: tzinfo, start: int | None, end: int | None, since: int
    ) -> Self:
        """Make one with dates that may be left out. since: when a rate begins without a start."""
        return cls(
            expression,
            zone,
            anchor=since if start is None else start,
            start=EARLIEST if start is None else start,
            end=LATEST if end is None else end,
        )

    def next_after(self, instant: float) -> int | None:
        """Return its first instant after one; None: there is none any more."""
        after = min(max(floor(instant), EARLIEST - 1), LATEST)
        match self.expression:
            case At(time):
                found: int | None = _instant_of(time, self.zone)
                return found if found is not None and found > after else None
            case Rate(seconds):
                found = _step_after(max(after, self.start - 1), self.anchor, seconds)
            case Cron():
                found = _match_after(max(after, self.start - 1), self.expression, self.zone)
        return found if found is not None and found < self.end else None

    def last_until(self, instant: float, first: int) -> int:
        """Return its last instant that is not after one, by looking at about thirty of them.

        first: one of its instants that is not after that either.
        """
        low, high = first - 1, floor(instant)
        while high - low > 1:
            middle = (low + high) // 2
            found = self.next_after(middle)
            if found is not None and found <= instant:
                low = middle
            else:
                high = middle
        return low + 1


def _step_after(after: int, anchor: int, seconds: int) -> int:
    if after < anchor:
        return anchor
    return anchor + ((after - anchor) // seconds + 1) * seconds


def _match_after(after: int, cron: Cron, zone: tzinfo) -> int | None:
    """Times that a clock leaves out do not come; of those that it shows twice, the first pass does."""
    for time in cron.times_after(_local(after, zone)):
        instant = _first_pass(time, zone)
        if _local(instant, zone) == time and instant > after:
            return instant
    return None


def _instant_of(time: datetime, zone: tzinfo) -> int:
    """Find when a wall clock shows a time; where it leaves that out, when it jumps."""
    instant = _first_pass(time, zone)
    if _local(instant, zone) == time:
        return instant
    low = _seconds(time.replace(tzinfo=zone, fold=1))  # before the jump
    high = instant  # by the offset before the jump, thus after it
    while high - low > 1:
        middle = (low + high) // 2
        if _local(middle, zone) < time:
            low = middle
        else:
            high = middle
    return high


def _first_pass(time: datetime, zone: tzinfo) -> int:
    return _seconds(time.replace(tzinfo=zone, fold=0))


def _seconds(time: datetime) -> int:
    return (time - _EPOCH) // _SECOND


def _local(instant: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(seconds=instant)).astimezone(zone).replace(tzinfo=None, fold=0)
