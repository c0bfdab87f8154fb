"""Owns how a picture is written as SVG: for light and dark pages, without scripts, told in words as well.

Knows no layout.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from frontdesk.rules.asl.graph.layout import (
    DETAIL_SIZE,
    LABEL_SIZE,
    LINE,
    NAME_SIZE,
    Box,
    Frame,
    Label,
    Picture,
    Stop,
    Wire,
)
from frontdesk.rules.asl.graph.markup import number, text
from frontdesk.rules.asl.graph.outline import Way
from frontdesk.rules.asl.graph.overlay import SHAPES, Overlay, style

MARGIN: Final = 16
"""Pixels around the picture."""

_ARROW: Final = 5

_COLOURS: Final = {
    "paper": ("#ffffff", "#16181d"),
    "ink": ("#1c1f26", "#e8eaf0"),
    "faint": ("#5b6270", "#a3abba"),
    "box": ("#f4f6fa", "#242832"),
    "group": ("#fafbfd", "#1c1f27"),
    "line": ("#7a8394", "#8c95a6"),
    "choice": ("#8a5a00", "#e0b45c"),
    "catch": ("#b3261e", "#ff8a80"),
    "good": ("#1d7a3c", "#6fd08c"),
    "up": ("#4a4fc4", "#a5a9ff"),
}
"""What is coloured → on light pages, on dark ones."""


def _rules(shade: int) -> str:
    of = {name: shades[shade] for name, shades in _COLOURS.items()}
    strokes = "".join(
        f".sg .{name} path{{stroke:{of[name]}}}.sg .{name} polygon{{fill:{of[name]}}}"
        for name in ("choice", "catch", "up")
    )
    return (
        f".sg .paper{{fill:{of['paper']}}}"
        f".sg .box{{fill:{of['box']};stroke:{of['line']}}}"
        f".sg .group{{fill:{of['group']};stroke:{of['line']}}}"
        f".sg .frame{{stroke:{of['line']}}}"
        f".sg .Choice .box{{stroke:{of['choice']}}}"
        f".sg .Succeed .box{{stroke:{of['good']}}}"
        f".sg .Fail .box{{stroke:{of['catch']}}}"
        f".sg .dot{{fill:{of['ink']};stroke:{of['ink']}}}"
        f".sg .ring{{fill:{of['paper']};stroke:{of['ink']}}}"
        f".sg .name{{fill:{of['ink']}}}.sg .detail{{fill:{of['faint']}}}"
        f".sg .wire path{{stroke:{of['line']}}}.sg .wire polygon{{fill:{of['line']}}}"
        f"{strokes}.sg .label rect{{fill:{of['paper']}}}.sg .inside rect{{fill:{of['group']}}}"
        f".sg .label text{{fill:{of['faint']}}}"
        f".sg .label.catch text{{fill:{of['catch']}}}.sg .label.choice text{{fill:{of['choice']}}}"
    )


_STYLE: Final = (
    ".sg text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;text-anchor:middle}"
    f".sg .name{{font-size:{NAME_SIZE}px;font-weight:600}}.sg .detail{{font-size:{DETAIL_SIZE}px}}"
    f".sg .label text{{font-size:{LABEL_SIZE}px}}"
    ".sg .box,.sg .group,.sg .dot,.sg .ring{stroke-width:1.5}.sg .Wait .box{stroke-dasharray:6 3}"
    ".sg .frame{fill:none;stroke-dasharray:3 3}"
    ".sg .wire path{fill:none;stroke-width:1.5;stroke-linejoin:round}"
    + _rules(0)
    + "@media (prefers-color-scheme:dark){"
    + _rules(1)
    + "}"
)

_OVERLAY: Final = SHAPES + style(0) + "@media (prefers-color-scheme:dark){" + style(1) + "}"


def write_svg(
    picture: Picture, title: str, description: str, overlay: Overlay | None = None
) -> str:
    """Write a picture. title, description: for readers who cannot see it. overlay: of an execution."""
    wide, tall, rules, over = picture.width, picture.height, _STYLE, []
    if overlay is not None:
        wide, below, legend = overlay.legend(picture)
        tall += below
        rules += _OVERLAY
        over = [*overlay.over(picture), *legend]
    groups = [box for box in picture.boxes if box.group]
    others = [box for box in picture.boxes if not box.group]
    size = f'width="{number(wide + 2 * MARGIN)}" height="{number(tall + 2 * MARGIN)}"'
    view = f'viewBox="{-MARGIN} {-MARGIN} {number(wide + 2 * MARGIN)} {number(tall + 2 * MARGIN)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sg" role="img" {size} {view}>',
        f"<title>{text(title)}</title>",
        f"<desc>{text(description)}</desc>",
        f"<style>{rules}</style>",
        f'<rect class="paper" x="{-MARGIN}" y="{-MARGIN}" {size}/>',
        *(_box(box, overlay) for box in groups),
        *(_frame(frame) for frame in picture.frames),
        *_wires(picture.wires),
        *(_label(label, picture.frames) for label in picture.labels),
        *(_box(box, overlay) for box in others),
        *over,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box, overlay: Overlay | None) -> str:
    place = f'x="{number(box.x)}" y="{number(box.y)}"'
    middle = box.x + box.width / 2
    if not box.name:
        half = number(box.width / 2)
        shape = "dot" if box.kind == "Start" else "ring"
        centre = f'cx="{number(middle)}" cy="{number(box.y + box.height / 2)}"'
        return f'<circle class="{shape}" {centre} r="{half}"><title>{box.kind}</title></circle>'
    corner = number(box.height / 2) if box.kind in ("Succeed", "Fail") else "6"
    size = f'width="{number(box.width)}" height="{number(box.height)}"'
    inside = "group" if box.group else "box"
    first = box.y + LINE + 2
    rows = [*((line, "name") for line in box.name), (box.detail, "detail")]
    texts = "".join(
        f'<text class="{style}" x="{number(middle)}" y="{number(first + at * LINE)}">{text(line)}</text>'
        for at, (line, style) in enumerate(rows)
    )
    told, outcome = f"{box.state}: {box.detail}", ""
    if overlay is not None:
        mark = overlay.of(box)
        told, outcome = f"{told}. {mark.words}", f" {mark.outcome}"
    title = f"<title>{text(told)}</title>"
    rect = f'<rect class="{inside}" {place} {size} rx="{corner}"/>'
    return f'<g class="state {box.kind}{outcome}">{title}{rect}{texts}</g>'


def _frame(frame: Frame) -> str:
    return (
        f'<rect class="frame" x="{number(frame.x)}" y="{number(frame.y)}"'
        f' width="{number(frame.width)}" height="{number(frame.height)}" rx="4"/>'
    )


def _wires(wires: Iterable[Wire]) -> Iterator[str]:
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


def _label(label: Label, frames: list[Frame]) -> str:
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
