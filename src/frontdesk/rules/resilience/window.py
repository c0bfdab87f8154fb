"""Owns counts over the recent past: of calls, failures and slow ones. Pure, of fixed size."""

from collections import deque
from typing import Protocol


class Window(Protocol):
    """Counts of what is recent, as of the latest `add`."""

    calls: int
    failures: int
    slow: int

    def add(self, now: float, *, failed: bool, slow: bool = False) -> None:
        """Count one call at monotonic second `now`, which never goes back."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class TimeWindow:
    """The calls of the last `seconds`, to a tenth of them."""

    __slots__ = ("_at", "_bucket", "_buckets", "_size", "_width", "calls", "failures", "slow")

    calls: int
    failures: int
    slow: int

    def __init__(self, seconds: float, size: int = 10) -> None:
        """size: buckets; the oldest one leaves as a whole."""
        self._width = seconds / size
        self._size = size
        self.clear()

    def add(self, now: float, *, failed: bool, slow: bool = False) -> None:
        at = int(now / self._width)
        if at != self._at:
            self._turn(at)
        bucket = self._bucket
        bucket[0] += 1
        self.calls += 1
        if failed:
            bucket[1] += 1
            self.failures += 1
        if slow:
            bucket[2] += 1
            self.slow += 1

    def clear(self) -> None:
        self.calls = self.failures = self.slow = 0
        self._at = 0
        self._buckets = [[0, 0, 0] for _ in range(self._size)]
        self._bucket = self._buckets[0]

    def _turn(self, at: int) -> None:
        """Empty the buckets whose time has passed, and go on to the present one."""
        size = self._size
        for old in range(max(self._at + 1, at - size + 1), at + 1):
            calls, failures, slow = self._buckets[old % size]
            self.calls -= calls
            self.failures -= failures
            self.slow -= slow
            self._buckets[old % size] = [0, 0, 0]
        self._at = at
        self._bucket = self._buckets[at % size]


class CallWindow:
    """The last `size` calls."""

    __slots__ = ("_recent", "_size", "calls", "failures", "slow")

    calls: int
    failures: int
    slow: int

    def __init__(self, size: int) -> None:
        self._size = size
        self.clear()

    def add(self, now: float, *, failed: bool, slow: bool = False) -> None:  # noqa: ARG002 - as TimeWindow's
        recent = self._recent
        if len(recent) == self._size:
            old_failed, old_slow = recent.popleft()
            self.failures -= old_failed
            self.slow -= old_slow
        recent.append((failed, slow))
        self.calls = len(recent)
        self.failures += failed
        self.slow += slow

    def clear(self) -> None:
        self.calls = self.failures = self.slow = 0
        self._recent: deque[tuple[bool, bool]] = deque()
