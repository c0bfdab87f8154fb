"""Owns the rows of a picture: which node stands in which row, and what stands for an edge in rows between.

Nodes stand in even rows, labels in odd ones. Edges that lead back up are turned around for that. Ways to
one target share their stand-ins, so that they run together. Knows no order within a row and no size.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from frontdesk.rules.asl.graph.outline import Edge, Outline


@dataclass(frozen=True, slots=True)
class Item:
    """What stands in a row: a node, a label, or what an edge passes through.

    node: the name of a node, "" for others. lane: for others, the target, whether it leads up, and the
    source where that is in the next row: only longer ways run together. labelled: the edge whose label
    stands here.
    """

    row: int
    node: str = ""
    lane: tuple[str, bool, str] = ("", False, "")
    labelled: Edge | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the lines of the label; none where there is none."""
        return self.labelled.labels if self.labelled else ()


@dataclass(frozen=True, slots=True)
class Link:
    """Two items in neighbouring rows that a line joins. up: the line leads up."""

    upper: Item
    lower: Item
    up: bool = False


@dataclass(slots=True)
class Rows:
    """The rows from above, each in the order in which it was filled, and what is joined.

    chains: for each edge the items that it passes, from its source to its target; loops are not among
    them. up: the edges that lead up.
    """

    rows: list[list[Item]]
    links: list[Link]
    chains: dict[Edge, list[Item]] = field(default_factory=dict)
    up: set[Edge] = field(default_factory=set)


def rows_of(outline: Outline) -> Rows:
    """Put the nodes of a machine into rows."""
    edges = [edge for edge in outline.edges if edge.source != edge.target]
    up = _leading_up([node.name for node in outline.nodes], edges)
    rank = _ranks([node.name for node in outline.nodes], edges, up)
    rows = Rows([[] for _ in range(2 * max(rank.values()) + 1)], [], up=up)
    items = {name: Item(2 * row, name) for name, row in rank.items()}
    placed: dict[Item, None] = dict.fromkeys(items.values())
    links: dict[Link, None] = {}
    for edge in edges:
        turned = edge in up
        chain = _chain(edge, items, turned)
        placed |= dict.fromkeys(chain)
        links |= dict.fromkeys(Link(upper, lower, turned) for upper, lower in pairwise(chain))
        rows.chains[edge] = chain[::-1] if turned else chain
    for item in placed:
        rows.rows[item.row].append(item)
    rows.links.extend(links)
    return rows


def _chain(edge: Edge, items: Mapping[str, Item], turned: bool) -> list[Item]:
    """List the items that an edge passes, from above."""
    ends = items[edge.source], items[edge.target]
    upper, lower = reversed(ends) if turned else ends
    label_row = lower.row - 1 if turned else upper.row + 1
    lane = edge.target, turned, edge.source if lower.row - upper.row == 2 else ""
    between = [
        Item(
            row,
            lane=lane,
            labelled=edge if edge.labels and row == label_row else None,
        )
        for row in range(upper.row + 1, lower.row)
    ]
    return [upper, *between, lower]


def _leading_up(names: Iterable[str], edges: list[Edge]) -> set[Edge]:
    """Find the edges that close a circle, seen in depth from the start."""
    outgoing: dict[str, list[Edge]] = {name: [] for name in names}
    for one in edges:
        outgoing[one.source].append(one)
    up: set[Edge] = set()
    begun: set[str] = set()
    ended: set[str] = set()
    for name, ways in outgoing.items():
        if name in begun:
            continue
        begun.add(name)
        waiting = [(name, iter(ways))]
        while waiting:
            here, rest = waiting[-1]
            edge = next(rest, None)
            if edge is None:
                ended.add(here)
                waiting.pop()
            elif edge.target not in begun:
                begun.add(edge.target)
                waiting.append((edge.target, iter(outgoing[edge.target])))
            elif edge.target not in ended:
                up.add(edge)
    return up


def _ranks(names: Iterable[str], edges: list[Edge], up: set[Edge]) -> dict[str, int]:
    """Put each node below all that lead to it: the longest way from the start counts."""
    outgoing: dict[str, list[str]] = {name: [] for name in names}
    waiting_for = dict.fromkeys(outgoing, 0)
    for edge in edges:
        source, target = (edge.target, edge.source) if edge in up else (edge.source, edge.target)
        outgoing[source].append(target)
        waiting_for[target] += 1
    rank = dict.fromkeys(outgoing, 0)
    ready = [name for name, count in waiting_for.items() if not count]
    for name in ready:  # grows while it is read
        for target in outgoing[name]:
            rank[target] = max(rank[target], rank[name] + 1)
            waiting_for[target] -= 1
            if not waiting_for[target]:
                ready.append(target)
    return rank
