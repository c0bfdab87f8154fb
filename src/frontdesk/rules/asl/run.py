"""Owns the state of one execution between two steps: plain data, which survives JSON.

A strand is one line of control: the machine itself, a branch, or an iteration. It stands in one state
and waits for one thing. Strands within a Parallel or a Map know their parent; those that have
succeeded are gone, their outputs stand in the parent's `spread`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, NamedTuple

from frontdesk.rules.asl.history import MOST_EVENTS
from frontdesk.rules.asl.model import Json


class Status(StrEnum):
    """AWS's words for how an execution stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


class Phase(StrEnum):
    """What a strand does, or waits for."""

    READY = "ready"
    """Its state is about to be entered."""
    WORKING = "working"
    """A task."""
    READING = "reading"
    """The items of a distributed Map."""
    WAITING = "waiting"
    """The end of a Wait."""
    RETRYING = "retrying"
    """The next attempt."""
    SPREAD = "spread"
    """Its branches, iterations or children."""
    WRITING = "writing"
    """The results of a distributed Map."""
    FAILED = "failed"
    """Nothing: an error left its state. Kept for a redrive."""
    ABORTED = "aborted"
    """Nothing: it was given up. Kept for a redrive."""


class Facts(NamedTuple):
    """What is known of an execution before it starts.

    execution, machine: ARNs. express: of an Express machine, which is never redriven. most_events: the
    execution fails when its history is that long.
    """

    execution: str
    name: str
    machine: str
    machine_name: str
    role: str = ""
    region: str = ""
    express: bool = False
    most_events: int = MOST_EVENTS

    def of_child(self, map_run: str, index: int, *, express: bool) -> "Facts":
        """Return those of the execution of one item, or batch, of a distributed Map. map_run: its ARN."""
        label, _, run = map_run.rpartition("/")[2].rpartition(":")
        name = f"{run}.{index}"
        below = self.machine.replace(":stateMachine:", ":express:" if express else ":execution:")
        return Facts(
            execution=f"{below}/{label}:{name}",
            name=name,
            machine=f"{self.machine}/{label}",
            machine_name=self.machine_name,
            role=self.role,
            region=self.region,
            express=express,
        )


@dataclass(slots=True, kw_only=True)
class Strand:
    """One line of control.

    parent: the strand whose state this one runs in, None of the machine's own. index: of the branch
    or the item. entry: the number of its stay in a state, over the whole execution. entered: the event
    that it came with, before: that event's predecessor. last: the event that the next one follows.
    attempt: from 1, over all retriers. retries: used of each retrier. submitted: a service has taken
    its job. item: `Map.Item` of the context. variables: of its own level.
    """

    id: int
    parent: int | None
    index: int
    state: str
    input: Json
    phase: Phase = Phase.READY
    entry: int = 0
    entered: int = 0
    entered_at: int = 0
    before: int = 0
    last: int = 0
    attempt: int = 1
    retries: list[int] = field(default_factory=list)
    submitted: bool = False
    token: str = ""
    item: dict[str, Json] | None = None
    variables: dict[str, Json] = field(default_factory=dict)
    spread: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Run:
    """One execution. ready: ids of strands that go on at the next step. entries, strands_made, events: counts.

    waiting: entry → strand, of those that wait for an answer or a timer.
    """

    facts: Facts
    input: Json
    status: Status = Status.RUNNING
    started: int = 0
    redriven: int = 0
    redrives: int = 0
    entries: int = 0
    strands_made: int = 0
    events: int = 0
    strands: dict[int, Strand] = field(default_factory=dict)
    waiting: dict[int, int] = field(default_factory=dict)
    ready: list[int] = field(default_factory=list)
    output: Json = None
    error: str | None = None
    cause: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return everything as a JSON object, to be read back by `read_run`. It shares values with this run."""
        document = {name: getattr(self, name) for name in _PLAIN}
        document["facts"] = self.facts._asdict()
        document["strands"] = [
            {name: getattr(strand, name) for name in _STRAND} for strand in self.strands.values()
        ]
        document["waiting"] = list(self.waiting.items())
        return document


def open_strand(run: Run, parent: int | None, index: int, start_at: str, given: Json) -> Strand:
    """Make a strand that goes on at the next step, or in this one."""
    run.strands_made += 1
    strand = Strand(id=run.strands_made, parent=parent, index=index, state=start_at, input=given)
    run.strands[strand.id] = strand
    run.ready.append(strand.id)
    return strand


def read_run(document: Mapping[str, Any]) -> Run:
    """Read what `Run.as_json` wrote."""
    strands = [Strand(**{**one, "phase": Phase(one["phase"])}) for one in document["strands"]]
    return Run(
        **{name: document[name] for name in _PLAIN if name != "status"},
        status=Status(document["status"]),
        facts=Facts(**document["facts"]),
        strands={strand.id: strand for strand in strands},
        waiting=dict(document["waiting"]),
    )


_STRAND = tuple(one.name for one in fields(Strand))
_PLAIN = tuple(one.name for one in fields(Run) if one.name not in {"facts", "strands", "waiting"})
