"""Owns a picture as boxes, labels and wires with places: the outline of a machine, laid out.

Rows, order and places of one machine come from `ranks`, `order` and `place`; what is inside of a node is
laid out first and makes its size. Lines bend only between rows, where no box stands. Knows no SVG.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from frontdesk.rules.asl.graph.order import order
from frontdesk.rules.asl.graph.outline import END, START, Edge, Node, Outline, Way
from frontdesk.rules.asl.graph.place import Extent, place
from frontdesk.rules.asl.graph.ranks import Item, Rows, rows_of
from frontdesk.rules.asl.graph.words import lines, short, width

NAME_SIZE, DETAIL_SIZE, LABEL_SIZE = 13, 11, 11
"""Pixels of the fonts."""

LINE: Final = 17
"""Pixels from line to line, in boxes and labels."""

MOST_LINES: Final = 3
"""Of a label; more are counted only."""

_DOT: Final = 14
_PADDING: Final = 14
_GAP: Final = 14
_ROW_GAP: Final = 20
_LANE: Final = 6
_EAR: Final = 16
_PORTS: Final = 18


@dataclass(frozen=True, slots=True)
class Box:
    """A state or a dot: its upper left corner and its size, in pixels. name: as lines. group: it holds others."""

    x: float
    y: float
    width: float
    height: float
    state: str
    kind: str
    name: tuple[str, ...] = ()
    detail: str = ""
    group: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The border around one branch, or around what a Map runs."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Label:
    """What stands at a wire. text: all of it, which may be more than the lines."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    text: str
    way: Way


@dataclass(frozen=True, slots=True)
class Stop:
    """A point of a wire. bent: an S-curve leads to it instead of a straight line."""

    x: float
    y: float
    bent: bool = False


@dataclass(frozen=True, slots=True)
class Wire:
    """A way: from the border of its source to the border of its target. up: it leads back up."""

    edge: Edge
    stops: tuple[Stop, ...]
    up: bool = False


@dataclass(slots=True)
class Picture:
    """A laid out machine, its upper left corner at 0, 0. Outer boxes stand before those inside of them."""

    width: float = 0.0
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)

    def add(self, inner: "Picture", x: float, y: float) -> None:
        """Put another picture into this one, with its upper left corner at `x`, `y`."""
        self.boxes += [replace(one, x=one.x + x, y=one.y + y) for one in inner.boxes]
        self.frames += [replace(one, x=one.x + x, y=one.y + y) for one in inner.frames]
        self.labels += [replace(one, x=one.x + x, y=one.y + y) for one in inner.labels]
        for wire in inner.wires:
            stops = tuple(replace(one, x=one.x + x, y=one.y + y) for one in wire.stops)
            self.wires.append(replace(wire, stops=stops))


def lay_out(outline: Outline) -> Picture:
    """Lay out a machine."""
    return _Layout(outline).picture


class _Layout:
    """One machine on its way to a picture."""

    def __init__(self, outline: Outline) -> None:
        self.nodes = {node.name: _Sized(node) for node in outline.nodes}
        self.rows: Rows = rows_of(outline)
        self.loops = [edge for edge in outline.edges if edge.source == edge.target]
        self.ears = {edge.source for edge in self.rows.up} | {edge.target for edge in self.rows.up}
        items = [item for row in self.rows.rows for item in row]
        extents = {item: self._extent(item) for item in items}
        ordered = order(self.rows)
        self.x = place(ordered, self.rows.links, extents)
        self.tops, self.bottoms = self._heights(ordered)
        self.ports = self._ports()
        self.picture = Picture()
        self.picture.width = max(self.x[item] + extents[item].right for item in items)
        self.picture.height = self.bottoms[-1]
        for item in items:
            self._draw(item)
        for edge, chain in self.rows.chains.items():
            stops = self._up(chain) if edge in self.rows.up else self._down(chain)
            self.picture.wires.append(Wire(edge, tuple(stops), edge in self.rows.up))
        for edge in self.loops:
            self._loop(edge)

    def _extent(self, item: Item) -> Extent:
        if not item.node:
            half = _label_width(item.labels) / 2 if item.labels else _LANE
            return Extent(half + _LANE, half + _LANE)
        half = self.nodes[item.node].width / 2
        right = half + _GAP
        own = [edge for edge in self.loops if edge.source == item.node]
        if item.node in self.ears:
            right += _EAR
        if own:
            right += _EAR + _label_width(own[0].labels)
        return Extent(half + _GAP, right, half + _EAR)

    def _heights(self, ordered: list[list[Item]]) -> tuple[list[float], list[float]]:
        tops, bottoms, y = [], [], 0.0
        for row in ordered:
            tops.append(y)
            y += max((self._height(item) for item in row), default=0.0)
            bottoms.append(y)
            y += _ROW_GAP
        return tops, bottoms

    def _height(self, item: Item) -> float:
        return self.nodes[item.node].height if item.node else _label_height(item.labels)

    def _ports(self) -> dict[tuple[Item, Item], float]:
        """Find where lines leave and reach nodes: (node, neighbour) → x, in the order of the neighbours."""
        joined: dict[tuple[Item, bool], list[Item]] = {}
        for link in self.rows.links:
            if not link.up:
                joined.setdefault((link.upper, True), []).append(link.lower)
                joined.setdefault((link.lower, False), []).append(link.upper)
        ports = {}
        for (item, _), others in joined.items():
            others.sort(key=self.x.__getitem__)
            room = self.nodes[item.node].width - 24 if item.node else 0.0
            step = min(_PORTS, max(room, 0.0) / max(len(others) - 1, 1))
            for at, other in enumerate(others):
                ports[item, other] = self.x[item] + (at - (len(others) - 1) / 2) * step
        return ports

    def _top(self, item: Item) -> float:
        """Find the upper edge of an item: it stands in the middle of its row."""
        return (self.tops[item.row] + self.bottoms[item.row] - self._height(item)) / 2

    def _down(self, chain: list[Item]) -> Iterable[Stop]:
        """Lead a line from the lower edge of its source to the upper edge of its target."""
        yield Stop(self.ports[chain[0], chain[1]], self._top(chain[0]) + self._height(chain[0]))
        for upper, lower in pairwise(chain):
            yield Stop(self.ports[upper, lower], self.bottoms[upper.row])
            yield Stop(self.ports[lower, upper], self.tops[lower.row], bent=True)
        yield Stop(self.ports[chain[-1], chain[-2]], self._top(chain[-1]))

    def _up(self, chain: list[Item]) -> Iterable[Stop]:
        """Lead a line from the right of its source around, and up to the right of its target."""
        source, target = chain[0], chain[-1]
        yield Stop(self._right(source), self._middle(source) - 5)
        yield Stop(self._lane(source), self._middle(source) - 5)
        for lower, upper in pairwise(chain):
            yield Stop(self._lane(lower), self.tops[lower.row])
            yield Stop(self._lane(upper), self.bottoms[upper.row], bent=True)
        yield Stop(self._lane(target), self._middle(target) + 5)
        yield Stop(self._right(target), self._middle(target) + 5)

    def _loop(self, edge: Edge) -> None:
        """Lead a line from the right of a node to itself, its label beside it."""
        item = next(item for item in self.x if item.node == edge.source)
        right, middle = self._right(item), self._middle(item)
        out = right + _EAR + (_EAR if item.node in self.ears else 0)
        half = min(10.0, self._height(item) / 4)
        ends = (middle + half, middle - half)
        stops = (
            Stop(right, ends[0]),
            Stop(out - 4, ends[0]),
            Stop(out - 4, ends[1]),
            Stop(right, ends[1]),
        )
        self.picture.wires.append(Wire(edge, stops, up=True))
        if edge.labels:
            height = _label_height(edge.labels)
            self.picture.labels.append(_label(edge, out, middle - height / 2))

    def _right(self, item: Item) -> float:
        return self.x[item] + self.nodes[item.node].width / 2

    def _middle(self, item: Item) -> float:
        return self._top(item) + self._height(item) / 2

    def _lane(self, item: Item) -> float:
        return self._right(item) + _EAR - 4 if item.node else self.x[item]

    def _draw(self, item: Item) -> None:
        if item.node:
            sized = self.nodes[item.node]
            self.picture.add(sized.picture, self.x[item] - sized.width / 2, self._top(item))
        elif item.labelled:
            left = self.x[item] - _label_width(item.labels) / 2
            self.picture.labels.append(_label(item.labelled, left, self._top(item)))


class _Sized:
    """A node with what is inside of it, laid out at 0, 0."""

    def __init__(self, node: Node) -> None:
        self.picture = Picture()
        if node.name in (START, END):
            self.width = self.height = float(_DOT)
            self.picture.boxes = [Box(0, 0, _DOT, _DOT, node.name, node.kind)]
            return
        name = tuple(lines(node.name))
        text = max(width(line, NAME_SIZE) for line in name)
        self.width = max(96.0, text + 28.0, width(node.detail, DETAIL_SIZE) + 28.0)
        self.height = LINE * (len(name) + 1) + 12.0
        pictures = [lay_out(one) for one in node.inner]
        framed = [(one.width + 2 * _PADDING, one.height + 2 * _PADDING) for one in pictures]
        across = sum(one for one, _ in framed) + _PADDING * (len(framed) + 1)
        head = self.height
        if pictures:
            self.width = max(self.width, across)
            self.height = head + max(tall for _, tall in framed) + _PADDING
        box = Box(
            0, 0, self.width, self.height, node.name, node.kind, name, node.detail, bool(pictures)
        )
        self.picture.boxes = [box]
        x = (self.width - across) / 2 + _PADDING
        for inner, (wide, tall) in zip(pictures, framed, strict=True):
            self.picture.frames.append(Frame(x, head, wide, tall))
            self.picture.add(inner, x + _PADDING, head + _PADDING)
            x += wide + _PADDING


def _shown(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(labels) <= MOST_LINES:
        return tuple(short(one) for one in labels)
    kept = labels[: MOST_LINES - 1]
    return (*(short(one) for one in kept), f"and {len(labels) - len(kept)} more")


def _label_width(labels: tuple[str, ...]) -> float:
    return max((width(one, LABEL_SIZE) for one in _shown(labels)), default=0) + 8.0


def _label_height(labels: tuple[str, ...]) -> float:
    return LINE * len(_shown(labels)) + 2.0 if labels else 0.0


def _label(edge: Edge, x: float, y: float) -> Label:
    shown = _shown(edge.labels)
    wide, tall = _label_width(edge.labels), _label_height(edge.labels)
    return Label(x, y, wide, tall, shown, "; ".join(edge.labels), edge.way)
