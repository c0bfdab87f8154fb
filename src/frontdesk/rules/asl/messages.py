"""Owns what goes into a step of an execution and what comes out: events and commands, all values.

Time is milliseconds since 1970. A key is the idempotency key `execution:state:entry` of one stay in a
state, the same on every attempt; with the number of the attempt it tells stale answers apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.model import ABSENT, Absent, Json


@dataclass(slots=True, kw_only=True)
class Event:
    """Something happened at `now`. seed: 16 random bytes, for jitter, tokens, ids and random functions.

    Nobody changes an event; as a frozen one it would take three times as long to make.
    """

    now: int
    seed: bytes


@dataclass(slots=True, kw_only=True)
class Started(Event):
    """The execution begins."""


@dataclass(slots=True, kw_only=True)
class Continued(Event):
    """What a step has left over goes on: the answer to `Continue`."""


@dataclass(slots=True, kw_only=True)
class Stopped(Event):
    """Somebody stops the execution."""

    error: str | None = None
    cause: str | None = None


@dataclass(slots=True, kw_only=True)
class Redriven(Event):
    """An execution that failed, timed out or was stopped goes on where it ended."""


@dataclass(slots=True, kw_only=True)
class Broken(Event):
    """A step could not be done, by a fault of ours. cause: for whoever asks what became of the execution."""

    cause: str


@dataclass(slots=True, kw_only=True)
class KeyedEvent(Event):
    """An event for one attempt of one stay in a state; a stale one changes nothing."""

    key: str
    attempt: int


@dataclass(slots=True, kw_only=True)
class TimerFired(KeyedEvent):
    """The time of a `StartTimer` has come."""


@dataclass(slots=True, kw_only=True)
class ActivityStarted(KeyedEvent):
    """A worker has taken the task of an activity."""

    worker: str | None = None


@dataclass(slots=True, kw_only=True)
class TaskSubmitted(KeyedEvent):
    """A service took the job; its end (`.sync`) or the token's answer (`.waitForTaskToken`) comes later."""

    output: Json


@dataclass(slots=True, kw_only=True)
class TaskSucceeded(KeyedEvent):
    """A task gave its result."""

    output: Json


@dataclass(slots=True, kw_only=True)
class TaskFailed(KeyedEvent):
    """A task failed. error, cause: None where there is none."""

    error: str | None = None
    cause: str | None = None


@dataclass(slots=True, kw_only=True)
class TaskTimedOut(KeyedEvent):
    """A task gave no answer within its timeout, or no sign within its heartbeat."""

    heartbeat: bool = False


@dataclass(slots=True, kw_only=True)
class ChildSucceeded(KeyedEvent):
    """A child execution of a distributed Map succeeded. index: of `StartChild`."""

    index: int
    output: Json


@dataclass(slots=True, kw_only=True)
class ChildFailed(KeyedEvent):
    """A child execution of a distributed Map failed. index: of `StartChild`."""

    index: int
    error: str | None = None
    cause: str | None = None


@dataclass(slots=True, kw_only=True)
class MapRunUpdated(KeyedEvent):
    """Somebody gives a distributed Map other bounds; None: as before. most: children at once, 0: as many as may be."""

    most: int | None = None
    count: int | None = None
    percentage: float | None = None


_NO_OPTIONS: Final[Mapping[str, Json]] = {}


class Invoke(NamedTuple):
    """Have a task done, at least once, and answer with one of the Task events.

    resource: as written. arguments: the effective ones. timeout: seconds for the whole attempt,
    heartbeat: seconds between signs of life; None for no bound, and both are the receiver's to watch.
    token: of `.waitForTaskToken` and activities, else "". options: ReaderConfig or WriterConfig where
    this reads items or writes results. results: what a result writer writes: {MapRunArn, Executions},
    each of these {Status, Input, Output} or {Status, Input, Error, Cause}.
    """

    key: str
    attempt: int
    state: str
    resource: str
    arguments: Json
    timeout: int | None = None
    heartbeat: int | None = None
    token: str = ""
    credentials: Json | Absent = ABSENT
    options: Mapping[str, Json] = _NO_OPTIONS
    results: Json | Absent = ABSENT


class CancelTask(NamedTuple):
    """The answer of a task is not wanted any more.

    token: see `Invoke`. map_run: the ARN of that whose children are to stop, or "".
    """

    key: str
    attempt: int
    token: str = ""
    map_run: str = ""


class StartTimer(NamedTuple):
    """Answer with `TimerFired` at this instant, or at once when it is past."""

    key: str
    attempt: int
    at: int


class CancelTimer(NamedTuple):
    """A timer is not needed any more."""

    key: str
    attempt: int


@dataclass(slots=True, kw_only=True)
class StartChild:
    """Run the item processor of a distributed Map as an execution of its own, with this input.

    map_run: the ARN of the map run. express: run it as an Express execution.
    """

    key: str
    attempt: int
    state: str
    index: int
    input: Json
    map_run: str
    express: bool


class Continue(NamedTuple):
    """There is more to do: commit, then step with `Continued`."""


class Finish(NamedTuple):
    """The execution has ended well."""

    output: Json


class Fail(NamedTuple):
    """The execution has ended badly. status: FAILED, TIMED_OUT or ABORTED."""

    status: str
    error: str | None = None
    cause: str | None = None


Command = Invoke | CancelTask | StartTimer | CancelTimer | StartChild | Continue | Finish | Fail


class Step(NamedTuple):
    """What one event has led to: the history that it made, and what is to be done, both in order."""

    history: list[HistoryEvent]
    commands: list[Command]


NO_TIMEOUT: Final = 99_999_999
"""Seconds: AWS's default of TimeoutSeconds, which is no bound."""
