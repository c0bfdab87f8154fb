"""Owns whether the steps of an execution, taken again by this interpreter, give the history that was recorded."""

from itertools import zip_longest
from typing import NamedTuple

import orjson

from frontdesk.durable.executions.codec import read_event, read_history, write_history
from frontdesk.durable.executions.pinned import Pinned
from frontdesk.ports.journal import Document
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.program import Program


class Difference(NamedTuple):
    """The first event that is another one. None: there is none. fault: why the interpreter gave up, or ""."""

    recorded: HistoryEvent | None
    replayed: HistoryEvent | None
    fault: str = ""


class Comparison:
    """One execution that is replayed. events: how many were the same."""

    def __init__(self, program: Program, pinned: Pinned) -> None:
        self.events = 0
        self._program = program
        self._run = begin(program, pinned.given, pinned.facts)

    def take(self, document: Document) -> Difference | None:
        """Take the next step of the journal; no other one after a difference."""
        recorded = [read_history(one) for one in document["out"]]
        fault = ""
        replayed: list[HistoryEvent] = []
        try:
            made = step(self._program, self._run, read_event(document["in"]))
            replayed = [_as_read(one) for one in made.history]
        except Exception as error:  # noqa: BLE001 - that it fails is what is looked for
            fault = repr(error)
        for one, other in zip_longest(recorded, replayed):
            if one != other:
                return Difference(one, other, fault)
        self.events += len(recorded)
        return Difference(None, None, fault) if fault else None


def _as_read(event: HistoryEvent) -> HistoryEvent:
    """Return an event as the journal would give it back."""
    return read_history(orjson.loads(orjson.dumps(write_history(event))))
