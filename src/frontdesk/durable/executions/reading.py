"""Owns what the journal tells of an execution: how it stands, and its history page by page."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from frontdesk.durable.executions.codec import history_of, read_history
from frontdesk.durable.executions.execution import ExecutionLife
from frontdesk.durable.executions.pinned import Pinned, read_pinned
from frontdesk.durable.executions.places import invalid_token
from frontdesk.durable.executions.timers import read_timer
from frontdesk.ports.executions import Execution, HistoryPage
from frontdesk.ports.journal import Document, Journal, Stream
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.messages import NO_TIMEOUT
from frontdesk.rules.asl.run import Status as RunStatus

ANSWERS: Final = frozenset(("TaskFailed", "TaskSucceeded"))
"""Messages that end a task."""

_BLOCK: Final = 250
"""Steps of a long history that are read together: others have their turn between."""

_END: Final = "Execution"
"""How the types of events begin that end an execution; the first event is of this family, too."""


async def execution(journal: Journal, stream: Stream, arn: str) -> Execution:
    """Read how an execution stands."""
    first, last = await _ends_of(journal, stream)
    pinned = read_pinned(first["execution"])
    shown = _shown(stream, pinned, last)._replace(arn=arn, input=json_text(pinned.given))
    if stream.status.ended is None:
        return shown
    end = _end(last)
    details = end.details
    return shown._replace(
        output=json_text(details["output"]) if "output" in details else None,
        error=details.get("error"),
        cause=details.get("cause"),
    )


def execution_of(life: ExecutionLife, stream: Stream, arn: str) -> Execution:
    """Tell how an execution has ended, once that is committed, without reading it. stream: as it was before."""
    run, pinned, ended = life.run, life.pinned, life.ended
    return Execution(
        arn=arn,
        machine=pinned.facts.machine,
        name=pinned.facts.name,
        status=ended.status,
        started=stream.started,
        input=json_text(pinned.given),
        ended=life.ended_at,
        output=json_text(ended.output) if run.status is RunStatus.SUCCEEDED else None,
        error=ended.error,
        cause=ended.cause,
        version=pinned.version,
        alias=pinned.alias,
        map_run=pinned.map_run,
        redrives=run.redrives,
        redriven=run.redriven / 1000 if run.redrives else None,
        trace=pinned.trace,
        digest=pinned.digest,
    )


async def listed(journal: Journal, stream: Stream) -> Execution:
    """Read what a list shows of an execution."""
    first, last = await _ends_of(journal, stream)
    return _shown(stream, read_pinned(first["execution"]), last)


def _shown(stream: Stream, pinned: Pinned, last: Document) -> Execution:
    facts = pinned.facts
    return Execution(
        arn=facts.execution,
        machine=facts.machine,
        name=facts.name,
        status=stream.status.name,
        started=stream.started,
        ended=stream.status.ended,
        version=pinned.version,
        alias=pinned.alias,
        map_run=pinned.map_run,
        redrives=last.get("redrives", 0),
        redriven=last["redriven"] / 1000 if "redriven" in last else None,
        trace=pinned.trace,
        digest=pinned.digest,
    )


async def _ends_of(journal: Journal, stream: Stream) -> tuple[Document, Document]:
    """Read the first and the last step of an execution."""
    (first,) = await journal.read(stream.id, 1, 1)
    if stream.seq == 1:
        return first, first
    (last,) = await journal.read(stream.id, stream.seq, stream.seq)
    return first, last


def _end(last: Document) -> HistoryEvent:
    """Return the event that ended an execution: the last of its last step."""
    events = [read_history(one) for one in last["out"]]
    return next(one for one in reversed(events) if one.type.startswith(_END))


async def events_of(journal: Journal, stream: Stream) -> int:
    """Count the events of an execution's history."""
    _, last = await _ends_of(journal, stream)
    return read_history(last["out"][-1]).id


async def history(
    journal: Journal, stream: Stream, most: int, token: str, *, newest_first: bool
) -> HistoryPage:
    """Read a page of a history. Raises: ExecutionError, InvalidToken."""
    # A token names the last event that was given, and the step that it is in.
    seq, after = _read_token(token) if token else (stream.seq if newest_first else 1, 0)
    found: list[HistoryEvent] = []
    given = seq
    while 0 < seq <= stream.seq:
        if newest_first:
            first, last = max(1, seq - most + 1), seq
        else:
            first, last = seq, min(stream.seq, seq + most - 1)
        steps = await journal.read(stream.id, first, last)
        for at, event in _in_order(steps, first, newest_first=newest_first):
            if after and (event.id >= after if newest_first else event.id <= after):
                continue
            if len(found) == most:
                return HistoryPage(found, _write_token(given, found[-1].id))
            found.append(event)
            given = at
        seq = first - 1 if newest_first else last + 1
    return HistoryPage(found, "")


async def whole_history(journal: Journal, stream: Stream) -> list[HistoryEvent]:
    """Read a history from its first event to its last."""
    events: list[HistoryEvent] = []
    for first in range(1, stream.seq + 1, _BLOCK):
        last = min(stream.seq, first + _BLOCK - 1)
        events += history_of(await journal.read(stream.id, first, last))
    return events


def _in_order(
    steps: Sequence[Document], first: int, *, newest_first: bool
) -> Iterator[tuple[int, HistoryEvent]]:
    """List the events of steps with the step that each is in."""
    numbered = list(enumerate(steps, first))
    for at, step in reversed(numbered) if newest_first else numbered:
        for one in reversed(step["out"]) if newest_first else step["out"]:
            yield at, read_history(one)


def _write_token(seq: int, event: int) -> str:
    return b64encode(f"{seq}.{event}".encode()).decode()


def _read_token(token: str) -> tuple[int, int]:
    try:
        seq, event = b64decode(token.encode(), validate=True).decode().split(".")
        return int(seq), int(event)
    except (Base64Error, ValueError):
        raise invalid_token() from None


def timers_by_key(timers: Mapping[str, float], now: float) -> dict[str, int]:
    """Return when each state goes on, or is given up, by the key of its stay: milliseconds since 1970.

    now: seconds since 1970. A heartbeat that does not count yet is left out: it is further away than any bound.
    """
    found: dict[str, int] = {}
    for name, at in timers.items():
        if at - now <= NO_TIMEOUT:
            key, moment = read_timer(name).key, int(at * 1000)
            found[key] = min(moment, found.get(key, moment))
    return found
