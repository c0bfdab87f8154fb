"""Owns what a history says of each stay in a state: when, how often tried, with which errors.

Events belong to the stay of the event that they follow. Knows only events, no machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from frontdesk.rules.asl.history import HistoryEvent

_ATTEMPTS = ("Scheduled", "ParallelStateStarted", "MapStateStarted")
_ERRORS = ("Failed", "TimedOut")


@dataclass(slots=True)
class Stay:
    """One stay in a state. entered, left: milliseconds since 1970; left: None where it was not left.

    attempts: of its task, its branches or its iterations; 0 of states that try nothing.
    """

    state: str
    type: str
    entered: int
    left: int | None = None
    attempts: int = 0
    errors: list[str] = field(default_factory=list)


def timeline(events: Iterable[HistoryEvent]) -> list[Stay]:
    """Return the stays that events tell of, in the order of entering."""
    stays: list[Stay] = []
    owners: dict[int, Stay] = {}
    for event in events:
        if event.type.endswith("StateEntered"):
            state_type = event.type.removesuffix("StateEntered")
            stays.append(Stay(str(event.details["name"]), state_type, event.at))
            owners[event.id] = stays[-1]
            continue
        stay = _owner(event, stays, owners)
        if stay is None:
            continue
        owners[event.id] = stay
        if event.type.endswith("StateExited"):
            stay.left = event.at
        elif event.type.endswith(_ATTEMPTS):
            stay.attempts += 1
        elif event.type.endswith(_ERRORS) and event.details.get("error"):
            stay.errors.append(str(event.details["error"]))
    return stays


def _owner(event: HistoryEvent, stays: list[Stay], owners: dict[int, Stay]) -> Stay | None:
    """Return the stay that an event belongs to, None of events of the whole execution."""
    if event.type.startswith("Execution"):
        return None
    name = event.details.get("state") or event.details.get("name")
    followed = owners.get(event.previous)
    if name is None or (followed is not None and followed.state == name and followed.left is None):
        return followed
    return next((one for one in reversed(stays) if one.state == name and one.left is None), None)
