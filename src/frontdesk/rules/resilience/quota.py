"""Owns the arithmetic of quotas: at most so many requests under one key, which is of one period.

One number per key, as of a `bucket.Rule`, and told from one: it is beyond all instants, holds the count,
and says itself when it may be dropped. Knows no calendar. Stores nothing.
"""

from dataclasses import dataclass, field
from math import ceil, inf
from typing import ClassVar, Final

from frontdesk.rules.resilience.bucket import Grant

_FIRST: Final = 1 << 62
"""Numbers from here on are counts; as an instant of nanoseconds it is 146 years of running."""

_COUNT: Final = 41
"""Bits of a count. Above them stands the hour of its end."""

_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit: `limit` requests under its key, for ever. The period is named by the key.

    name: as of a Rule. expires: seconds since 1970; from the end of that hour on the count may be dropped.
    The methods are those of a Rule. They take the same numbers, and look at no clock: waits are infinite,
    because the calendar knows when the next period begins.
    """

    name: str
    limit: int
    expires: float
    reserved: ClassVar[bool] = True
    """As of a Rule: quotas are of known subjects."""
    zero: int = field(init=False)
    """What stands for a count of 0."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "zero", _FIRST + (ceil(self.expires / _HOUR) << _COUNT))

    def count(self, stored: int) -> int:
        """Return how many requests have been taken. stored: any other number says that none was."""
        return max(stored - self.zero, 0)

    def preset(self, count: int) -> int:
        """Return the number to store so that `count` requests have been taken."""
        return self.zero + count

    def take(self, stored: int, _now: int, n: int) -> int | None:
        """Return the new number when `n` requests may pass, else None."""
        taken = (stored if stored > self.zero else self.zero) + n  # noqa: FURB136 - as in Rule.take
        return taken if taken - self.zero <= self.limit else None

    def fill(self, stored: int, _now: int) -> float:
        """Return how much is used, 0.0 to 1.0. stored: what `take` returned."""
        return (stored - self.zero) / self.limit

    def granted(self, stored: int, _now: int) -> Grant:
        """Describe the state after an attempt that passed. stored: what `take` returned."""
        return Grant(True, self.limit - self.count(stored), inf, 0.0)

    def wait(self, stored: int, _now: int, n: int) -> float:
        """Return inf where `n` requests cannot pass, else 0."""
        return inf if self.count(stored) + n > self.limit else 0

    def refused(self, stored: int, _now: int, _n: int) -> Grant:
        """Describe the state after an attempt that `take` refused."""
        return Grant(False, max(self.limit - self.count(stored), 0), inf, inf)


def expired(stored: int, time: float) -> bool:
    """Tell whether a number is the count of a quota that may be dropped at `time`, seconds since 1970."""
    return stored >= _FIRST and ((stored - _FIRST) >> _COUNT) * _HOUR <= time
