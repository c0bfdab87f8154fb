"""Owns how a picture is written as a part of a page: colours are the page's, by class; states are links of it.

    <a class="state Task retrying" data-state="Pay" href="?state=Pay">
      <title>…</title><rect class="box"/><text class="name">…
      <circle class="disc"/><text class="sign">↻</text><text class="counts">…</text><text class="time">…</text>
    </a>

Without an execution there is no outcome and nothing is marked. Knows no layout.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from frontdesk.rules.asl.graph.layout import Box, Picture
from frontdesk.rules.asl.graph.marks import NOT_REACHED, SIGNS, Mark
from frontdesk.rules.asl.graph.markup import number, text
from frontdesk.rules.asl.graph.shapes import (
    dot_shape,
    frame_shape,
    label_shape,
    state_shape,
    wire_shapes,
)

MARGIN: Final = 12
"""Pixels around the picture: what is marked stands on the borders of boxes."""


def write_page_svg(
    picture: Picture, title: str, description: str, marks: Mapping[str, Mark] | None = None
) -> str:
    """Write a picture without a style. marks: of an execution, by state; None: there is none."""
    wide, tall = number(picture.width + 2 * MARGIN), number(picture.height + 2 * MARGIN)
    groups = [box for box in picture.boxes if box.group]
    others = [box for box in picture.boxes if not box.group]
    size = f'width="{wide}" height="{tall}" viewBox="{-MARGIN} {-MARGIN} {wide} {tall}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" role="group" {size}>',
        f"<title>{text(title)}</title>",
        f"<desc>{text(description)}</desc>",
        *(_box(box, marks) for box in groups),
        *(frame_shape(frame) for frame in picture.frames),
        *wire_shapes(picture.wires),
        *(label_shape(label, picture.frames) for label in picture.labels),
        *(_box(box, marks) for box in others),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box, marks: Mapping[str, Mark] | None) -> str:
    if not box.name:
        return dot_shape(box)
    told, outcome, marked = f"{box.state}: {box.detail}", "", ""
    if marks is not None:
        mark = marks.get(box.state, NOT_REACHED)
        told, outcome = f"{told}. {mark.words}", f" {mark.outcome}"
        marked = _marked(box, mark)
    return (
        f'<a class="state {box.kind}{outcome}" data-state="{text(box.state)}"'
        f' href="?state={quote(box.state, safe="", errors="replace")}">'
        f"<title>{text(told)}</title>{state_shape(box)}{marked}</a>"
    )


def _marked(box: Box, mark: Mark) -> str:
    """Write the texts that tell an outcome; they are there when they are empty: a live page fills them."""
    x, y = box.x + 2, box.y + 2
    right, bottom = number(box.x + box.width - 2), number(box.y + box.height + 12)
    return (
        f'<circle class="disc" cx="{number(x)}" cy="{number(y)}" r="8"/>'
        f'<text class="sign" x="{number(x)}" y="{number(y + 4)}">{SIGNS[mark.outcome]}</text>'
        f'<text class="counts" x="{right}" y="{number(box.y - 5)}">{text(mark.counts)}</text>'
        f'<text class="time" x="{right}" y="{bottom}">{text(mark.time)}</text>'
    )
