"""Owns how a picture is written as SVG: for light and dark pages, without scripts, told in words as well.

Knows no layout.
"""

from typing import Final

from frontdesk.rules.asl.graph.layout import (
    DETAIL_SIZE,
    LABEL_SIZE,
    NAME_SIZE,
    Box,
    Picture,
)
from frontdesk.rules.asl.graph.markup import number, text
from frontdesk.rules.asl.graph.overlay import SHAPES, Overlay, style
from frontdesk.rules.asl.graph.shapes import (
    dot_shape,
    frame_shape,
    label_shape,
    state_shape,
    wire_shapes,
)

MARGIN: Final = 16
"""Pixels around the picture."""

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
        *(frame_shape(frame) for frame in picture.frames),
        *wire_shapes(picture.wires),
        *(label_shape(label, picture.frames) for label in picture.labels),
        *(_box(box, overlay) for box in others),
        *over,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box, overlay: Overlay | None) -> str:
    if not box.name:
        return dot_shape(box)
    told, outcome = f"{box.state}: {box.detail}", ""
    if overlay is not None:
        mark = overlay.of(box)
        told, outcome = f"{told}. {mark.words}", f" {mark.outcome}"
    title = f"<title>{text(told)}</title>"
    return f'<g class="state {box.kind}{outcome}">{title}{state_shape(box)}</g>'
