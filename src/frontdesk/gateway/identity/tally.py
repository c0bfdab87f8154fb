"""Owns the requests that keys have made since somebody last asked: a few additions for each request."""

from collections.abc import Sequence

from frontdesk.ports.usage import Row


class Tally:
    """The counts of one process."""

    def __init__(self) -> None:
        self._running: list[Count] = []

    def count(self, key: str, plan: str, day: str) -> "Count":
        """Make what counts the requests of a key under a plan on a day; several may, for the same."""
        return Count(self._running, key, plan, day)

    def take(self) -> Sequence[Row]:
        """Return what has been counted since the last time."""
        rows = []
        for count in self._running:
            rows.append(Row(count.key, count.plan, count.day, count.requests))
            count.requests = 0
        self._running.clear()
        return rows


class Count:
    """Counts one key under one plan on one day."""

    __slots__ = ("_running", "day", "key", "plan", "requests")

    def __init__(self, running: list["Count"], key: str, plan: str, day: str) -> None:
        self._running = running
        self.key = key
        self.plan = plan
        self.day = day
        self.requests = 0

    def add(self) -> None:
        """Count a request."""
        if not self.requests:
            self._running.append(self)
        self.requests += 1
