"""Owns what is kept of a schedule between its times: how far it has come, and what is to be tried again."""

from dataclasses import dataclass, field
from math import ceil
from typing import Final, Self

from frontdesk.durable.schedules.definition import Definition
from frontdesk.ports.journal import Document, Status
from frontdesk.rules.schedules.due import Due, due_now

MOST: Final = 100
"""Runs of one schedule that are under way at once; others wait for them."""

_BEFORE_TIME: Final = -1
_NOTHING: Final = Due((), None, _BEFORE_TIME)


@dataclass(slots=True)
class State:
    """One schedule. definition: None: it has left the file. since: when it began with these times.

    passed: no instant up to here runs any more; it never goes back, so that none runs twice. again: by
    the key of a timer, the command that it brings.
    """

    definition: Definition | None = None
    since: int = 0
    passed: int = _BEFORE_TIME
    again: dict[str, Document] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Document) -> Self:
        """Read what `document` has written."""
        definition = document["definition"]
        return cls(
            None if definition is None else Definition.read(definition),
            document["since"],
            document["passed"],
            dict(document["again"]),
        )

    @property
    def document(self) -> Document:
        """It as JSON: the snapshot of the stream."""
        return {
            "definition": None if self.definition is None else self.definition.document,
            "since": self.since,
            "passed": self.passed,
            "again": self.again,
        }

    def adopt(self, definition: Definition | None, now: float) -> None:
        """Take another definition. With other times it begins now; what has run does not run again."""
        former, self.definition = self.definition, definition
        if definition is not None and (former is None or former.times != definition.times):
            self.since = ceil(now)
            self.passed = max(self.passed, self.since - 1)

    def due(self, now: float, most: int) -> Due:
        """Take the instants that are to run now, `most` at most."""
        definition = self._coming
        if definition is None:
            return _NOTHING
        timetable = definition.timetable(self.since)
        found = due_now(timetable, definition.punctuality, self.passed, now, most)
        self.passed = found.passed
        return found

    @property
    def next(self) -> float | None:
        """When something is due next; None: never."""
        definition = self._coming
        if definition is None:
            return None
        found = definition.timetable(self.since).next_after(self.passed)
        return None if found is None else definition.punctuality.due(found)

    def status(self, now: float) -> Status:
        """Say what it is shown as."""
        if self.definition is None:
            return Status("REMOVED", ended=now)
        if not self.definition.enabled:
            return Status("DISABLED")
        return Status("COMPLETED" if self.next is None else "ENABLED")

    @property
    def _coming(self) -> Definition | None:
        return self.definition if self.definition is not None and self.definition.enabled else None
