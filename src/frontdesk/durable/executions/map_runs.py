"""Owns what the journal tells of an execution's map runs: found by playing its steps again."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from frontdesk.durable.executions.codec import read_event, read_history
from frontdesk.durable.executions.pinned import Parent, program_of, read_pinned
from frontdesk.durable.machines import Machines
from frontdesk.ports.executions import MapRun
from frontdesk.ports.journal import Document, Filter, Journal, Stream
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.run import Phase, Run, Status

_SLICE: Final = 200
"""Steps that are read together."""

_OVER: Final = frozenset((Phase.FAILED, Phase.ABORTED))

_ENDS: Final = {"MapRunSucceeded": Status.SUCCEEDED, "MapRunFailed": Status.FAILED}


@dataclass(slots=True)
class _Seen:
    """A map run, while the steps are played. spread: the state of its Map, which the interpreter changes."""

    started: int
    spread: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.RUNNING
    ended: int | None = None


async def map_runs_of(journal: Journal, machines: Machines, stream: Stream) -> list[MapRun]:
    """List the map runs of an execution, newest first. Raises: StoreError."""
    (first,) = await journal.read(stream.id, 1, 1)
    pinned = read_pinned(first["execution"])
    program = program_of(await machines.program(pinned.digest), pinned)
    run = begin(program, pinned.given, pinned.facts)
    seen: dict[str, _Seen] = {}
    begun: dict[int, str] = {}
    async for one in _steps(journal, stream):
        step(program, run, read_event(one["in"]))
        _note([read_history(event) for event in one["out"]], seen, begun)
        _look(run, one["in"]["now"], seen)
    return [_written(arn, pinned.facts.execution, one) for arn, one in reversed(seen.items())]


async def parent_of(journal: Journal, kind: str) -> Parent | None:
    """Find the execution that a map run belongs to. kind: of its children's streams. None: there are none."""
    # Differs: [states-map-runs] of Express children there is no record: ListMapRuns shows their run
    page = await journal.list(Filter(kind=kind), most=1)
    if not page.streams:
        return None
    (first,) = await journal.read(page.streams[0].id, 1, 1)
    return read_pinned(first["execution"]).parent


async def _steps(journal: Journal, stream: Stream) -> AsyncIterator[Document]:
    for at in range(1, stream.seq + 1, _SLICE):
        for one in await journal.read(stream.id, at, min(stream.seq, at + _SLICE - 1)):
            yield one


def _note(events: Sequence[HistoryEvent], seen: dict[str, _Seen], begun: dict[int, str]) -> None:
    """Take what the history says. begun: map runs by the event with which they began."""
    for event in events:
        if event.type == "MapRunStarted":
            arn = begun[event.id] = event.details["mapRunArn"]
            seen[arn] = _Seen(event.at)
        elif event.type in _ENDS and event.previous in begun:
            one = seen[begun[event.previous]]
            one.status, one.ended = _ENDS[event.type], event.at


def _look(run: Run, now: int, seen: Mapping[str, _Seen]) -> None:
    """Take what the run says after a step: how Maps stand, and which were given up."""
    held = {
        strand.spread["arn"]: strand for strand in run.strands.values() if "arn" in strand.spread
    }
    for arn, one in seen.items():
        strand = held.get(arn)
        if strand is not None:
            one.spread = strand.spread
        is_over = strand is None or strand.phase in _OVER or run.status is not Status.RUNNING
        if is_over and one.ended is None:
            one.status, one.ended = Status.ABORTED, now


def _written(arn: str, execution: str, one: _Seen) -> MapRun:
    spread = one.spread
    children, items = _counts(one)
    return MapRun(
        arn=arn,
        execution=execution,
        status=one.status.value,
        started=one.started / 1000,
        ended=None if one.ended is None else one.ended / 1000,
        most=int(spread.get("limit") or 0),
        tolerated_count=int(spread.get("count") or 0),
        tolerated_percentage=float(spread.get("percentage") or 0.0),
        children=children,
        items=items,
    )


def _counts(one: _Seen) -> tuple[Counter[str], Counter[str]]:
    """Count children and items, by how they stand."""
    spread = one.spread
    children: Counter[str] = Counter()
    items: Counter[str] = Counter()
    results = spread.get("results", ())
    for at, (_, weight) in enumerate(spread.get("children", ())):
        if results[at] is not None:
            status = results[at]["Status"].lower()
        elif at >= spread["next"]:
            status = "pending"
        else:
            status = "running" if one.ended is None else "aborted"
        children[status] += 1
        items[status] += weight
    if "written" in spread:
        for counts in (children, items):
            counts["resultsWritten"] = counts.total() - counts["pending"]
    return children, items
