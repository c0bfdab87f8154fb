"""Owns what an execution is begun with and keeps for good: the first event of its stream has it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from frontdesk.durable.executions.codec import read_event
from frontdesk.durable.executions.places import kind_of_map_run
from frontdesk.ports.journal import Document
from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.messages import StartChild
from frontdesk.rules.asl.model import Json, MapState
from frontdesk.rules.asl.program import Program, compile_machine
from frontdesk.rules.asl.run import Facts, Run, read_run

INTERPRETER: Final = 1
"""Version of the rules by which events are replayed: grows when the same event would give something else."""


class Parent(NamedTuple):
    """Whose child an execution is: kind and name of the parent's stream, and what its end answers there."""

    kind: str
    name: str
    key: str
    attempt: int
    child: int

    @property
    def place(self) -> dict[str, Any]:
        """Return what tells the parent which child it was."""
        return {"key": self.key, "attempt": self.attempt, "index": self.child}


class Pinned(NamedTuple):
    """What does not change while an execution lives.

    digest: of the definition. state: the distributed Map whose item processor it runs; "": the whole
    machine. version, alias, map_run: ARNs, or "". log: AWS's level. nesting: how many executions have led
    to its start, each by a task of the next.
    """

    digest: str
    facts: Facts
    given: Json
    state: str = ""
    version: str = ""
    alias: str = ""
    map_run: str = ""
    trace: str = ""
    log: str = "OFF"
    nesting: int = 0
    parent: Parent | None = None

    @property
    def kind(self) -> str:
        """Return the kind of its stream; below that of a machine are those of its map runs."""
        if self.map_run:
            return kind_of_map_run(self.map_run)
        return f"execution/{self.facts.machine_name}"

    def as_json(self) -> dict[str, Any]:
        """Write it; what is empty is left out."""
        document = {
            name: value
            for name in ("state", "version", "alias", "map_run", "trace", "nesting")
            if (value := getattr(self, name))
        }
        if self.parent is not None:
            document["parent"] = list(self.parent)
        return document | {
            "digest": self.digest,
            "facts": self.facts._asdict(),
            "given": self.given,
            "log": self.log,
            "interpreter": INTERPRETER,
        }


def read_pinned(document: Mapping[str, Any]) -> Pinned:
    """Read what `Pinned.as_json` wrote."""
    values = {name: value for name, value in document.items() if name != "interpreter"}
    values["facts"] = Facts(**values["facts"])
    if "parent" in values:
        values["parent"] = Parent(*values["parent"])
    return Pinned(**values)


def program_of(machine: Program, pinned: Pinned) -> Program:
    """Return what an execution runs. machine: the definition of its digest."""
    if not pinned.state:
        return machine
    state = machine.states[pinned.state]
    assert isinstance(state, MapState)
    return compile_machine(state.item_processor)


def pinned_of(snapshot: Document | None, steps: Sequence[Document]) -> Pinned:
    """Find what an execution was begun with. steps: from the first one, where there is no snapshot."""
    return read_pinned((snapshot or steps[0])["execution"])


def replay(
    program: Program, pinned: Pinned, snapshot: Document | None, steps: Sequence[Document]
) -> Run:
    """Make the run that the steps of an execution have come to."""
    if snapshot is not None:
        run = read_run(snapshot["run"])
    else:
        run = begin(program, pinned.given, pinned.facts)
    for one in steps:
        step(program, run, read_event(one["in"]))
    return run


def child_of(parent: Pinned, child: StartChild, trace: str) -> Pinned:
    """Say what the execution of one item of a distributed Map begins with. trace: its X-Amzn-Trace-Id."""
    # Whoever runs an Express one hears of its end without a message.
    place = Parent(parent.kind, parent.facts.name, child.key, child.attempt, child.index)
    return Pinned(
        digest=parent.digest,
        state=child.state,
        facts=parent.facts.of_child(child.map_run, child.index, express=child.express),
        given=child.input,
        map_run=child.map_run,
        trace=trace,
        log=parent.log,
        nesting=parent.nesting,
        parent=None if child.express else place,
    )
