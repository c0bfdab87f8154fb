"""Owns the only reading of clocks. Everything else takes a Clock, so that tests advance time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two readings: one for durations and deadlines, one for the calendar."""

    def monotonic(self) -> float:
        """Seconds that never go back; the zero is arbitrary. Deadlines are in this scale."""
        ...

    def time(self) -> float:
        """Seconds since 1970-01-01T00:00Z, with a fraction. May jump."""
        ...


class SystemClock:
    """The machine's clocks."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)
