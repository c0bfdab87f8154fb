"""Owns what a picture of a machine shows: nodes, the ways between them, the machines inside of a node.

Knows no size and no place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from frontdesk.rules.asl.graph.words import catcher, detail, kind, rule
from frontdesk.rules.asl.model import (
    ChoiceState,
    Machine,
    MapState,
    ParallelState,
    State,
    StepState,
    WorkState,
)

START, END = "start".ljust(81), "end".ljust(81)
"""Names of the two dots: longer than that of any state."""

MOST_LABELS = 3
"""Lines of one label."""


class Way(StrEnum):
    """Why a way is taken."""

    NEXT = "next"
    CHOICE = "choice"
    CATCH = "catch"


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or a dot. inner: machines to draw inside of it."""

    name: str
    kind: str
    detail: str = ""
    inner: "tuple[Outline, ...]" = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node to another. labels: its conditions, each a line."""

    source: str
    target: str
    way: Way
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """All of one machine, nodes in the order of the document, the first one at the top."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def outline(machine: Machine, *, dots: bool = True) -> Outline:
    """List what to draw of a machine. dots: where it starts and where it ends."""
    names = [machine.start_at, *(name for name in machine.states if name != machine.start_at)]
    nodes = [_node(machine.states[name]) for name in names]
    edges = [edge for name in names for edge in _edges(machine.states[name])]
    if not dots:
        return Outline(tuple(nodes), _merged([edge for edge in edges if edge.target != END]))
    nodes.insert(0, Node(START, "Start"))
    if any(edge.target == END for edge in edges):
        nodes.append(Node(END, "End"))
    return Outline(tuple(nodes), _merged([Edge(START, machine.start_at, Way.NEXT), *edges]))


def _node(state: State) -> Node:
    inner: tuple[Machine, ...] = ()
    if isinstance(state, ParallelState):
        inner = state.branches
    elif isinstance(state, MapState):
        inner = (state.item_processor,)
    outlines = tuple(outline(one, dots=False) for one in inner)
    return Node(state.name, kind(state), detail(state), outlines)


def _edges(state: State) -> Iterator[Edge]:
    if isinstance(state, ChoiceState):
        for one in state.choices:
            yield Edge(state.name, one.next, Way.CHOICE, (rule(one),))
        if state.default is not None:
            yield Edge(state.name, state.default, Way.CHOICE, ("otherwise",))
    if isinstance(state, StepState):
        yield Edge(state.name, state.next or END, Way.NEXT)
    if isinstance(state, WorkState):
        for handler in state.catch:
            yield Edge(state.name, handler.next, Way.CATCH, (catcher(handler),))


def _merged(edges: list[Edge]) -> tuple[Edge, ...]:
    """Make one edge of those that lead the same way for the same reason."""
    found: dict[tuple[str, str, Way], tuple[str, ...]] = {}
    for edge in edges:
        key = edge.source, edge.target, edge.way
        found[key] = found.get(key, ()) + edge.labels
    return tuple(Edge(*key, labels) for key, labels in found.items())
