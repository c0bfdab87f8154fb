"""Owns how boxes, frames, wires and labels are written as elements of SVG. Their colours are classes: somebody else's."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from frontdesk.rules.asl.graph.layout import LINE, Box, Frame, Label, Stop, Wire
from frontdesk.rules.asl.graph.markup import number, text
from frontdesk.rules.asl.graph.outline import Way

_ARROW: Final = 5


def dot_shape(box: Box) -> str:
    """Write where a machine begins or ends."""
    half = number(box.width / 2)
    shape = "dot" if box.kind == "Start" else "ring"
    centre = f'cx="{number(box.x + box.width / 2)}" cy="{number(box.y + box.height / 2)}"'
    return f'<circle class="{shape}" {centre} r="{half}"><title>{box.kind}</title></circle>'


def state_shape(box: Box) -> str:
    """Write the border and the texts of a state."""
    middle = number(box.x + box.width / 2)
    corner = number(box.height / 2) if box.kind in ("Succeed", "Fail") else "6"
    place = f'x="{number(box.x)}" y="{number(box.y)}"'
    size = f'width="{number(box.width)}" height="{number(box.height)}"'
    inside = "group" if box.group else "box"
    first = box.y + LINE + 2
    rows = [*((line, "name") for line in box.name), (box.detail, "detail")]
    texts = "".join(
        f'<text class="{kind}" x="{middle}" y="{number(first + at * LINE)}">{text(line)}</text>'
        for at, (line, kind) in enumerate(rows)
    )
    return f'<rect class="{inside}" {place} {size} rx="{corner}"/>{texts}'


def frame_shape(frame: Frame) -> str:
    """Write the border of a branch."""
    return (
        f'<rect class="frame" x="{number(frame.x)}" y="{number(frame.y)}"'
        f' width="{number(frame.width)}" height="{number(frame.height)}" rx="4"/>'
    )


def wire_shapes(wires: Iterable[Wire]) -> Iterator[str]:
    """Write the ways; where several run together, the line is there once."""
    drawn: set[tuple[Stop, Stop]] = set()
    for wire in wires:
        path = ""
        for piece in pairwise(wire.stops):
            if piece not in drawn:
                begin, end = piece
                # A path goes on where it is, or moves on behind what is there.
                path += "" if path.endswith(_point(begin)) else f"M{_point(begin)}"
                path += _line(begin, end)
                drawn.add(piece)
        if path:
            end = wire.stops[-1]
            arrow = _arrow(end, left=wire.up) if path.endswith(_point(end)) else ""
            way = "up" if wire.up and wire.edge.way is Way.NEXT else wire.edge.way
            yield f'<g class="wire {way}"><path d="{path}"/>{arrow}</g>'


def _point(stop: Stop) -> str:
    return f"{number(stop.x)} {number(stop.y)}"


def _line(begin: Stop, end: Stop) -> str:
    if not end.bent or begin.x == end.x:
        return f"L{_point(end)}"
    half = number((begin.y + end.y) / 2)
    return f"C{number(begin.x)} {half} {number(end.x)} {half} {_point(end)}"


def _arrow(end: Stop, *, left: bool) -> str:
    """Draw the head of a line that ends here, downwards or to the left."""
    x, y = end.x, end.y
    corners: Iterable[tuple[float, float]] = (
        ((x, y), (x + 2 * _ARROW, y - _ARROW), (x + 2 * _ARROW, y + _ARROW))
        if left
        else ((x, y), (x - _ARROW, y - 2 * _ARROW), (x + _ARROW, y - 2 * _ARROW))
    )
    points = " ".join(f"{number(one)},{number(other)}" for one, other in corners)
    return f'<polygon points="{points}"/>'


def label_shape(label: Label, frames: list[Frame]) -> str:
    """Write what stands at a way. frames: of the picture: within one there is another ground."""
    middle = label.x + label.width / 2
    texts = "".join(
        f'<text x="{number(middle)}" y="{number(label.y + 13 + at * LINE)}">{text(line)}</text>'
        for at, line in enumerate(label.lines)
    )
    inside = any(
        frame.x <= middle <= frame.x + frame.width and frame.y <= label.y <= frame.y + frame.height
        for frame in frames
    )
    style = f"label {label.way}" + (" inside" if inside else "")
    return (
        f'<g class="{style}"><title>{text(label.text)}</title>'
        f'<rect x="{number(label.x)}" y="{number(label.y)}" width="{number(label.width)}"'
        f' height="{number(label.height)}"/>{texts}</g>'
    )
