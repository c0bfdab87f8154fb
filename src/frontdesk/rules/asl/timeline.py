"""Owns what a history says of each stay in a state: when, how often tried, with which errors, within what.

Events belong to the stay of the event that they follow. Knows only events, no machine.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from frontdesk.rules.asl.history import HistoryEvent

_ATTEMPTS = ("Scheduled", "ParallelStateStarted", "MapStateStarted")
_ERRORS = ("Failed", "TimedOut")
_OUTWARDS = ("ExecutionFailed", "MapIterationFailed", "MapStateFailed", "ParallelStateFailed")
_SPREADING = ("Parallel", "Map")


@dataclass(slots=True)
class Attempt:
    """One attempt. began, ended: milliseconds since 1970; ended: None where nothing tells so. error: "" where it did not fail."""

    began: int
    ended: int | None = None
    error: str = ""


@dataclass(slots=True, eq=False)
class Stay:
    """One stay in a state. entered, left: milliseconds since 1970; left: None where it was not left.

    tried: its task, its branches or its iterations; none of states that try nothing. failing: what it did
    last has failed; of a stay that was left, the error was caught. within: the stay whose branches or
    iterations it belongs to, attempt: in which attempt of that. line: the same for all stays that follow
    each other. items: of a Map within the execution, of which so many succeeded and failed in this attempt.
    resumed: a redrive has entered the state again in its place. events: ids of those that belong to it.
    """

    state: str
    type: str
    entered: int
    left: int | None = None
    tried: list[Attempt] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failing: bool = False
    within: "Stay | None" = None
    attempt: int = 0
    line: int = 0
    items: int | None = None
    succeeded: int = 0
    failed: int = 0
    resumed: bool = False
    events: list[int] = field(default_factory=list)

    @property
    def attempts(self) -> int:
        """How often it was tried."""
        return len(self.tried)


def timeline(events: Iterable[HistoryEvent]) -> list[Stay]:
    """Return the stays that events tell of, in the order of entering."""
    told = Timeline()
    for event in events:
        told.take(event)
    return told.stays


class Timeline:
    """What has been told so far. stays: in the order of entering."""

    def __init__(self) -> None:
        self.stays: list[Stay] = []
        self._owners: dict[int, Stay] = {}  # the stay of each event, by its id
        self._lines = 0

    def take(self, event: HistoryEvent) -> Stay | None:
        """Take the next event; return the stay that it belongs to, None of events of the whole execution."""
        if event.type.endswith("StateEntered"):
            return self._enter(event)
        owner = self._owner(event)
        if event.type in _OUTWARDS:
            self._fail(self._owners.get(event.previous), owner)
        if owner is not None:
            self._owners[event.id] = owner
            owner.events.append(event.id)
            _tell(owner, event)
        return owner

    def _fail(self, first: Stay | None, last: Stay | None) -> None:
        """Let an error out of what it came from: not every state has an event of its own for that."""
        for stay in _outwards(first):
            stay.failing = True
            if stay is last:
                return

    def _enter(self, event: HistoryEvent) -> Stay:
        name = str(event.details["name"])
        stay = Stay(name, event.type.removesuffix("StateEntered"), event.at)
        former = self._owners.get(event.previous)
        if former is None:
            self._resume(stay)
        elif former.left is None:
            stay.within, stay.attempt = former, former.attempts
        else:
            stay.within, stay.attempt, stay.line = former.within, former.attempt, former.line
        if not stay.line:
            self._lines += 1
            stay.line = self._lines
        for around in _outwards(stay.within):
            around.failing = False
        self._owners[event.id] = stay
        stay.events.append(event.id)
        self.stays.append(stay)
        return stay

    def _resume(self, stay: Stay) -> None:
        """Put a stay in the place of the one that a redrive goes on with; the first state has none."""
        place = self._open(stay.state)
        if place is not None:
            place.resumed = True
            stay.within, stay.attempt, stay.line = place.within, place.attempt, place.line

    def _open(self, name: str) -> Stay | None:
        """Return the last stay in a state that goes on, as far as is told."""
        stays = (one for one in reversed(self.stays) if one.left is None and not one.resumed)
        return next((one for one in stays if one.state == name), None)

    def _owner(self, event: HistoryEvent) -> Stay | None:
        """Return the stay that an event belongs to, None of events of the whole execution.

        What a Parallel or a Map ends with follows the last event within it.
        """
        if event.type.startswith("Execution"):
            return None
        followed = self._owners.get(event.previous)
        name = event.details.get("state") or event.details.get("name")
        if name is not None:
            around = (one for one in _outwards(followed) if one.state == name)
            return next(around, None) or self._open(str(name))
        family = next((one for one in _SPREADING if event.type.startswith(one)), None)
        if family is None:
            return followed
        return next((one for one in _outwards(followed) if one.type == family), None)


def _tell(stay: Stay, event: HistoryEvent) -> None:
    if event.type.endswith("StateExited"):
        stay.left = event.at
        _end(stay, event.at)
    elif event.type == "MapRunStarted":
        stay.items = None  # how its items do is told by the map run alone
    elif event.type.startswith("MapIteration"):
        stay.succeeded += event.type == "MapIterationSucceeded"
        stay.failed += event.type == "MapIterationFailed"
    elif event.type.endswith(_ATTEMPTS):
        stay.tried.append(Attempt(event.at))
        stay.failing = False
        stay.items = event.details.get("length")
        stay.succeeded = stay.failed = 0
    elif event.type.endswith("Succeeded"):
        stay.failing = False
        _end(stay, event.at)
    elif event.type.endswith(_ERRORS):
        stay.failing = True
        error = str(event.details.get("error") or "")
        if error:
            stay.errors.append(error)
        _end(stay, event.at, error)


def _end(stay: Stay, at: int, error: str = "") -> None:
    if stay.tried and stay.tried[-1].ended is None:
        stay.tried[-1].ended, stay.tried[-1].error = at, error


def _outwards(stay: Stay | None) -> Iterator[Stay]:
    """List a stay and those around it that go on."""
    while stay is not None:
        if stay.left is None:
            yield stay
        stay = stay.within
