"""Owns what the driver and the kinds of durable work say to each other. Knows neither of them.

A **life** is what one stream of the journal is in memory while somebody works on it. It reacts to what
happens with a **turn**, which the driver commits as one append; then the driver has the turn's commands done.

    happenings -> react -> Turn -> commit -> act, for each command -> tell -> a happening again
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from frontdesk.ports.journal import Document, Loaded, Status


class Fired(NamedTuple):
    """The time of a timer has come; the driver takes it away with the turn, unless that moves it."""

    key: str


class Posted(NamedTuple):
    """Somebody has posted a message to the stream."""

    document: Document


class Told(NamedTuple):
    """Whoever does a command tells something of it. key: of the command; what: whatever it likes."""

    key: str
    what: Any


Happening = Fired | Posted | Told


@dataclass(slots=True)
class Turn:
    """What a life makes of some happenings: see `ports.journal.Append`.

    events: none, where nothing has changed. timers: when each is due, in seconds since 1970; None: no more.
    commands: to be done at least once, by key. done: keys of commands that need not be done (any more);
    work that is under way for them is cancelled.
    """

    events: list[Document] = field(default_factory=list)
    snapshot: Document | None = None
    timers: dict[str, float | None] = field(default_factory=dict)
    commands: dict[str, Document] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    status: Status | None = None

    def settle(self, timers: dict[str, float], outstanding: dict[str, "Work | None"]) -> None:
        """Move the timers of whoever holds the life, and cancel what need not be done.

        outstanding: commands that were begun, by key; None: nothing of it can be cancelled.
        """
        for key, at in self.timers.items():
            if at is None:
                timers.pop(key, None)
            else:
                timers[key] = at
        for key in self.done:
            work = outstanding.pop(key, None)
            if work is not None:
                work.cancel()


class Work(Protocol):
    """A command that is being done."""

    def cancel(self) -> object:
        """Stop; nothing may be told any more."""
        ...


class Life(Protocol):
    """One stream at work. Used on one event loop, by one driver."""

    def react(self, now: float, happenings: Sequence[Happening]) -> Turn:
        """Change, and say what is to be committed. now: seconds since 1970. Does no I/O.

        Where it raises, the stream is set aside and tried again later, from what the journal has of it.
        """
        ...

    def act(self, key: str, command: Document, tell: Callable[[Any], None]) -> Work | None:
        """Begin to do a command that is committed; return at once. Raises nothing.

        tell: each call is a `Told`. The command is outstanding until a turn names it in `done`: until
        then it is done again after a crash, and the stream is held in memory.
        """
        ...


class Workflow(Protocol):
    """One kind of durable work. The kinds of its streams begin with its name, and a slash if more follows."""

    async def revive(self, loaded: Loaded) -> Life:
        """Make the life of a stream out of what the journal has of it.

        Its timers that are due, its commands and its messages come from the driver afterwards.
        """
        ...
