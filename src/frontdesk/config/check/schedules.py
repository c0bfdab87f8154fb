"""Finds schedules that never come again."""

from collections.abc import Iterator
from math import floor

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded

_CLOCK = SystemClock()


def over(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Schedules all of whose times have passed."""
    now = _CLOCK.time()
    for name, schedule in loaded.config.schedules.items():
        if schedule.timetable(floor(now)).next_after(now - 1) is None:
            at = ("schedules", name, "at")
            yield (
                loaded.tree.position(at),
                f"nothing comes any more: {loaded.shown(schedule.at, *at)}",
            )
