"""Owns counts over the recent past: of calls, failures and slow ones. Pure, of fixed size."""

from collections import deque
from typing import NamedTuple, Protocol


class Counts(NamedTuple):
    """How calls went: all of them, the failed ones, the slow ones."""

    calls: int = 0
    failures: int = 0
    slow: int = 0


class Window(Protocol):
    """Counts of what is recent."""

    def add(self, now: float, *, failed: bool, slow: bool = False) -> None:
        """Count one call at monotonic second `now`, which never goes back."""
        ...

    def counts(self, now: float) -> Counts:
        """Return the counts at monotonic second `now`."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class TimeWindow:
    """The calls of the last `seconds`, to a tenth of them."""

    __slots__ = ("_at", "_buckets", "_size", "_width")

    def __init__(self, seconds: float, size: int = 10) -> None:
        """size: buckets; the oldest one leaves as a whole."""
        self._width = seconds / size
        self._size = size
        self.clear()

    def add(self, now: float, *, failed: bool, slow: bool = False) -> None:
        self._turn(now)
        bucket = self._buckets[self._at % self._size]
        bucket[0] += 1
        bucket[1] += failed
        bucket[2] += slow

    def counts(self, now: float) -> Counts:
        self._turn(now)
        return Counts(*map(sum, zip(*self._buckets, strict=True)))

    def clear(self) -> None:
        self._at = 0
        self._buckets = [[0, 0, 0] for _ in range(self._size)]

    def _turn(self, now: float) -> None:
        at = int(now / self._width)
        if at == self._at:
            return
        for old in range(max(self._at + 1, at - self._size + 1), at + 1):
            self._buckets[old % self._size] = [0, 0, 0]
        self._at = at


class CallWindow:
    """The last `size` calls."""

    __slots__ = ("_calls", "_failures", "_slow")

    def __init__(self, size: int) -> None:
        self._calls: deque[tuple[bool, bool]] = deque(maxlen=size)
        self._failures = 0
        self._slow = 0

    def add(self, now: float, *, failed: bool, slow: bool = False) -> None:  # noqa: ARG002 - as TimeWindow's
        calls = self._calls
        if len(calls) == calls.maxlen:
            old_failed, old_slow = calls[0]
            self._failures -= old_failed
            self._slow -= old_slow
        calls.append((failed, slow))
        self._failures += failed
        self._slow += slow

    def counts(self, now: float) -> Counts:  # noqa: ARG002 - as TimeWindow's
        return Counts(len(self._calls), self._failures, self._slow)

    def clear(self) -> None:
        self._calls.clear()
        self._failures = self._slow = 0
