"""Owns when the next call to a server may leave, so that it is not asked for more than it gives. Pure.

The strictest of four wins: our own rate; what the server announces; how long it asked to be left alone; and
a rate that is learned from its refusals. All moments are monotonic seconds.
Source of the learned rate: AWS SDKs, "Retry behavior" (adaptive mode), after the CUBIC of RFC 9438.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cbrt
from typing import Final

from frontdesk.rules.http.rate_limits import Announced

LONGEST_PAUSE: Final = 3600.0
"""Seconds that a server is left alone, at most, whatever it asks for."""

_SCARCE: Final = 0.1  # share of a quota below which what is left is spread over the time
_BETA: Final = 0.7
_SCALE: Final = 0.4
_SMOOTH: Final = 0.8
_HALF_SECOND: Final = 0.5
_SLOWEST: Final = 0.5  # calls per second
_MOST_NAMES: Final = 16
_ROUNDING: Final = 1e-6  # of a token: sums of floats must not make a wait that no clock can measure


@dataclass(frozen=True, slots=True)
class ThrottleSettings:
    """rate: calls per second, 0.0 for no limit of ours. burst: of them at once. learn: from what the server says."""

    rate: float = 0.0
    burst: float = 1.0
    learn: bool = True


class Throttle:
    """The turns of the calls to one server."""

    __slots__ = ("_announced", "_bucket", "_last", "_learned", "_pause_until", "_settings")

    def __init__(self, settings: ThrottleSettings, now: float) -> None:
        self._settings = settings
        self._bucket = _Bucket(settings.rate, settings.burst, now) if settings.rate else None
        self._announced: dict[str, list[float]] = {}  # remaining, until, quota
        self._learned = _Learned(now)
        self._pause_until = 0.0
        self._last = 0.0  # when a call has left

    def take(self, now: float) -> float:
        """Take the turn of a call: returns 0.0, or the seconds until it is worth asking again."""
        wait = self._wait(now)
        if wait > 0.0:
            return wait
        if self._bucket is not None:
            self._bucket.tokens -= 1.0
        for limit in self._announced.values():
            limit[0] -= 1.0
        self._learned.left(now)
        self._last = now
        return 0.0

    def answered(
        self, now: float, *, refused: bool, asked: float | None, limits: Iterable[Announced] = ()
    ) -> None:
        """Learn from an answer. refused: it was 429. asked: seconds of its Retry-After. limits: announced ones."""
        if not self._settings.learn:
            return
        for name, remaining, reset, quota in limits:
            if name in self._announced or len(self._announced) < _MOST_NAMES:
                until = now + min(reset, LONGEST_PAUSE)
                self._announced[name] = [remaining, until, quota]
        if refused:
            self._learned.refused(now)
            if asked is not None:
                self._pause_until = max(self._pause_until, now + min(asked, LONGEST_PAUSE))
        else:
            self._learned.served(now)

    def _wait(self, now: float) -> float:
        wait = self._pause_until - now
        if self._bucket is not None:
            wait = max(wait, self._bucket.wait(now))
        if self._announced:
            wait = max(wait, self._announced_wait(now))
        bucket = self._learned.bucket
        return wait if bucket is None else max(wait, bucket.wait(now))

    def _announced_wait(self, now: float) -> float:
        wait = 0.0
        for name, (remaining, until, quota) in tuple(self._announced.items()):
            if now >= until:
                del self._announced[name]
            elif remaining < 1.0:
                wait = max(wait, until - now)
            elif remaining < _SCARCE * quota:
                wait = max(wait, self._last + (until - now) / remaining - now)
        return wait


class _Bucket:
    """Tokens that come back with time."""

    __slots__ = ("_at", "_rate", "_room", "tokens")

    def __init__(self, rate: float, room: float, now: float) -> None:
        self._rate = rate
        self._room = room
        self._at = now
        self.tokens = room

    def wait(self, now: float) -> float:
        """Return the seconds until there is a whole token."""
        self.tokens = min(self._room, self.tokens + (now - self._at) * self._rate)
        self._at = now
        missing = 1.0 - self.tokens
        return missing / self._rate if missing > _ROUNDING else 0.0

    def turn(self, rate: float, now: float) -> None:
        """Go on with another rate, and room for a second of it."""
        self.wait(now)
        self._rate = rate
        self._room = max(rate, 1.0)
        self.tokens = min(self.tokens, self._room)


class _Learned:
    """The rate that a server has shown to bear. bucket: None until it has refused a call."""

    __slots__ = ("_count", "_half", "_measured", "_most", "_refused_at", "_seconds", "bucket")

    def __init__(self, now: float) -> None:
        self.bucket: _Bucket | None = None
        self._half = now // _HALF_SECOND
        self._count = 0
        self._measured = 0.0  # calls per second that have left
        self._most = 0.0  # rate at which it refused
        self._refused_at = 0.0
        self._seconds = 0.0  # until that rate is tried again

    def left(self, now: float) -> None:
        self._count += 1
        half = now // _HALF_SECOND
        if half > self._half:
            rate = self._count / ((half - self._half) * _HALF_SECOND)
            self._measured = _SMOOTH * rate + (1 - _SMOOTH) * self._measured
            self._half = half
            self._count = 0
        if self.bucket is not None:
            self.bucket.tokens -= 1.0

    def refused(self, now: float) -> None:
        measured = max(self._measured, _SLOWEST)
        current = self._rate(now) if self.bucket is not None else measured
        self._most = min(measured, current)
        self._refused_at = now
        self._seconds = cbrt(self._most * (1 - _BETA) / _SCALE)
        self._turn(self._most * _BETA, now)

    def served(self, now: float) -> None:
        if self.bucket is not None:
            self._turn(self._rate(now), now)

    def _rate(self, now: float) -> float:
        return _SCALE * (now - self._refused_at - self._seconds) ** 3 + self._most

    def _turn(self, rate: float, now: float) -> None:
        rate = max(_SLOWEST, min(rate, 2 * max(self._measured, _SLOWEST)))
        if self.bucket is None:
            self.bucket = _Bucket(rate, max(rate, 1.0), now)
            self.bucket.tokens = 0.0
        else:
            self.bucket.turn(rate, now)
