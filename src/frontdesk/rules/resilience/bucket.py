"""Owns the arithmetic of rate limits: the generic cell rate algorithm (GCRA), one number per key.

That number, the theoretical arrival time (tat), is when the bucket of a key will be full again. All
times are whole nanoseconds of a monotonic clock, so that sums are exact. Stores nothing.
Source: ITU-T I.371, "virtual scheduling algorithm".
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

SECOND: Final = 1_000_000_000
"""Nanoseconds."""


class Grant(NamedTuple):
    """The answer to one attempt.

    remaining: whole requests that would still be allowed now. reset: seconds until the full burst is
    back. retry_after: seconds until the refused request could pass, 0.0 when allowed.
    """

    allowed: bool
    remaining: int
    reset: float
    retry_after: float


PASSED: Final = Grant(True, 0, 0.0, 0.0)
"""Of an attempt of which nobody wants to know more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit: `limit` requests in `window` seconds sustained, `burst` of them at once (at least 1).

    name: `[A-Za-z0-9_-]+`, shown in RateLimit fields. reserved: its subjects are known beforehand, and no
    client can invent any: each has a count of its own whatever others do. told: somebody wants to know what is
    left; it is the same limit where nobody does.

    stored, in its methods: the key's tat; any instant that is not after `now` says that its bucket is
    full. now: an instant. n: requests.
    """

    name: str
    limit: int
    window: float
    burst: int
    reserved: bool = False
    told: bool = field(default=True, compare=False, repr=False)
    interval: int = field(init=False)
    """Nanoseconds between two requests at the sustained rate, rounded up: never more than `limit`."""
    span: int = field(init=False)
    """Nanoseconds in which an empty bucket fills: `burst` intervals."""

    def __post_init__(self) -> None:
        interval = -(-round(self.window * SECOND) // self.limit)
        object.__setattr__(self, "interval", interval)
        object.__setattr__(self, "span", interval * self.burst)

    def take(self, stored: int, now: int, n: int) -> int | None:
        """Return the new tat when `n` requests may pass at `now`, else None."""
        tat = (stored if stored > now else now) + n * self.interval  # noqa: FURB136 - max() takes thrice as long
        return tat if tat - now <= self.span else None

    def fill(self, stored: int, now: int) -> float:
        """Return how much of the burst is used, 0.0 to 1.0. stored: what `take` returned."""
        return (stored - now) / self.span

    def granted(self, stored: int, now: int) -> Grant:
        """Describe the state after an attempt that passed. stored: what `take` returned."""
        if not self.told:
            return PASSED
        ahead = stored - now
        return Grant(True, (self.span - ahead) // self.interval, ahead / SECOND, 0.0)

    def wait(self, stored: int, now: int, n: int) -> float:
        """Return the nanoseconds until `n` requests could pass; 0 or less: they can now."""
        return (stored - now if stored > now else 0) + n * self.interval - self.span

    def refused(self, stored: int, now: int, n: int) -> Grant:
        """Describe the state after an attempt that `take` refused."""
        ahead = max(stored - now, 0)
        remaining = (self.span - ahead) // self.interval
        return Grant(False, remaining, ahead / SECOND, self.wait(stored, now, n) / SECOND)
