"""Owns how an execution stands in the journal: its events and commands as JSON. Knows no driver.

An event of the journal is one step: `{"in": what happened, "out": the history that it made}`. The first one
has `execution` beside that: all that the execution was begun with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from frontdesk.ports.journal import Document
from frontdesk.rules.asl import messages
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import size
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.messages import (
    Event,
    Invoke,
    StartChild,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from frontdesk.rules.asl.model import ABSENT

_EVENTS: Final[tuple[type[Event], ...]] = (
    messages.ActivityStarted,
    messages.Broken,
    messages.ChildFailed,
    messages.ChildSucceeded,
    messages.Continued,
    messages.MapRunUpdated,
    messages.Redriven,
    messages.Started,
    messages.Stopped,
    messages.TaskFailed,
    messages.TaskSubmitted,
    messages.TaskSucceeded,
    messages.TaskTimedOut,
    messages.TimerFired,
)
_BY_NAME: Final = {kind.__name__: kind for kind in _EVENTS}
_FIELDS: Final = {
    kind: tuple(one.name for one in fields(kind) if one.name != "seed") for kind in _EVENTS
}
_VALUES: Final = {kind: attrgetter(*names, "seed") for kind, names in _FIELDS.items()}
_KEYS: Final = {kind: (*names, "type", "seed") for kind, names in _FIELDS.items()}
_INVOKE: Final = ("type", *Invoke._fields)
_HAS_OUTPUT: Final = (TaskSucceeded, TaskSubmitted)
_CHILD: Final = tuple(one.name for one in fields(StartChild))


def write_step(event: Event, history: Sequence[HistoryEvent]) -> dict[str, Any]:
    """Write one step."""
    return {"in": write_event(event), "out": list(map(list, history))}


def write_event(event: Event) -> dict[str, Any]:
    """Write what happened: `{"type", "seed", …fields}`."""
    kind = type(event)
    *values, seed = _VALUES[kind](event)
    return dict(zip(_KEYS[kind], (*values, kind.__name__, seed.hex()), strict=True))


def read_event(document: Mapping[str, Any]) -> Event:
    """Read what `write_event` wrote."""
    values = dict(document)
    return _BY_NAME[values.pop("type")](seed=bytes.fromhex(values.pop("seed")), **values)


def kept(event: Event) -> Event:
    """Return an event that the journal can keep: an output that is nested too deep fails its task."""
    if isinstance(event, _HAS_OUTPUT):
        try:
            size(event.output)
        except StateError as error:
            return TaskFailed(
                now=event.now,
                seed=event.seed,
                key=event.key,
                attempt=event.attempt,
                error=error.name,
                cause=error.cause,
            )
    return event


def write_history(event: HistoryEvent) -> list[Any]:
    """Write one event of the history."""
    return list(event)


def read_history(written: Sequence[Any]) -> HistoryEvent:
    """Read what `write_history` wrote."""
    return HistoryEvent(*written)


def history_of(steps: Sequence[Document]) -> list[HistoryEvent]:
    """Read the history that some steps made, in order."""
    return [read_history(one) for step in steps for one in step["out"]]


def write_command(command: Invoke | StartChild) -> dict[str, Any]:
    """Write a command for the outbox: `{"type", …fields}`; what is absent is left out."""
    if isinstance(command, StartChild):
        return {"type": "StartChild"} | {name: getattr(command, name) for name in _CHILD}
    document = dict(zip(_INVOKE, ("Invoke", *command), strict=True))
    if command.credentials is ABSENT:
        del document["credentials"]
    if command.results is ABSENT:
        del document["results"]
    return document


def read_invoke(document: Document) -> Invoke:
    """Read an `Invoke` that `write_command` wrote."""
    values = dict(document)
    del values["type"]
    return Invoke(**values)


def read_child(document: Document) -> StartChild:
    """Read a `StartChild` that `write_command` wrote."""
    values = dict(document)
    del values["type"]
    return StartChild(**values)
