"""Owns which instants of a schedule are to run now: those that are due, and of those that were missed some. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import floor
from typing import Final, Literal, NamedTuple

from frontdesk.rules.schedules.timetable import Timetable

CatchUp = Literal["recent", "none", "last", "all"]
"""What is run of what was missed. recent: the last one, where it is younger than an hour."""

PUNCTUAL: Final = 60
"""Seconds: what is later was missed. AWS's precision, and more than a takeover by another process needs."""

RECENT: Final = 3600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Punctuality:
    """When the instants of one schedule run. window: seconds in which each may, by the name of the schedule."""

    name: str
    window: int
    catch_up: CatchUp

    def due(self, instant: int) -> int:
        """Return when an instant is due: always the same one within its window.

        Differs: [flexible-window] AWS draws it by chance.
        """
        if not self.window:
            return instant
        digest = sha256(f"{self.name}\0{instant}".encode()).digest()
        return instant + int.from_bytes(digest[:8]) % (self.window + 1)


class Due(NamedTuple):
    """What is to be done now. missed: the first instant that is dropped, None: none is.

    passed: nothing up to here runs any more, this included.
    """

    instants: tuple[int, ...]
    missed: int | None
    passed: int


def due_now(
    timetable: Timetable, punctuality: Punctuality, passed: int, now: float, most: int
) -> Due:
    """Find the instants after `passed` that are to run now, `most` at most."""
    first = timetable.next_after(passed)
    since, missed = passed, None
    if first is not None and now > first + punctuality.window + PUNCTUAL:
        late = _Late(timetable, first, passed, now - punctuality.window)
        since = _LAST_DROPPED[punctuality.catch_up](late)
        missed = first if since >= first else None
    instants: list[int] = []
    while len(instants) < most:
        found = timetable.next_after(since)
        if found is None or punctuality.due(found) > now:
            break
        instants.append(found)
        since = found
    return Due(tuple(instants), missed, since)


class _Late(NamedTuple):
    """What was missed, from its first instant. over: what came until then is due in any case."""

    timetable: Timetable
    first: int
    passed: int
    over: float

    @property
    def last(self) -> int:
        return self.timetable.last_until(self.over, self.first)


def _none(late: _Late) -> int:
    return floor(late.over) - PUNCTUAL - 1


def _recent(late: _Late) -> int:
    last = late.last
    return last - 1 if late.over - last < RECENT else last


_LAST_DROPPED: Final[Mapping[CatchUp, Callable[[_Late], int]]] = {
    "recent": _recent,
    "none": _none,
    "last": lambda late: late.last - 1,
    "all": lambda late: late.passed,
}
