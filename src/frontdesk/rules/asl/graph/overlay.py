"""Owns what is drawn over a picture for an execution: colours, signs and small texts at boxes, the legend.

Moves nothing: it stands on the borders of boxes, and below the picture.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.rules.asl.graph.layout import Box, Picture
from frontdesk.rules.asl.graph.marks import NOT_REACHED, SIGNS, UNREACHED, WORDS, Mark
from frontdesk.rules.asl.graph.markup import number, text
from frontdesk.rules.asl.graph.words import width
from frontdesk.rules.asl.progress import Outcome

_COLOURS: Final[Mapping[str, tuple[tuple[str, str], tuple[str, str]]]] = {
    Outcome.SUCCEEDED: (("#e3f4e8", "#1d7a3c"), ("#173322", "#6fd08c")),
    Outcome.CAUGHT: (("#fdebdc", "#a8480b"), ("#3a2412", "#f3a764")),
    Outcome.FAILED: (("#fce6e4", "#b3261e"), ("#3d1b19", "#ff8a80")),
    Outcome.ABORTED: (("#e9ebef", "#5b6270"), ("#2b2f38", "#a3abba")),
    Outcome.RETRYING: (("#fbf3cf", "#7a5d00"), ("#352d0d", "#e6c84d")),
    Outcome.RUNNING: (("#e2edfd", "#1a5ab8"), ("#16273f", "#82b3ff")),
    Outcome.WAITING: (("#ece8fb", "#5b3fc4"), ("#251e40", "#b7a6ff")),
    UNREACHED: (("none", "#7a8394"), ("none", "#8c95a6")),
}
"""Outcome → fill and line, on light pages and on dark ones."""

_SIZE: Final = 10
_TALL: Final = 14
_OUT: Final = 5
_SIGN: Final = 8
_ROW: Final = 20
_NARROWEST: Final = 240
"""Pixels that the legend may take where the picture is narrower."""


def style(shade: int) -> str:
    """Return the rules of the colours. shade: 0 on light pages, 1 on dark ones."""
    rules = ""
    for outcome, shades in _COLOURS.items():
        fill, line = shades[shade]
        rules += f".sg .{outcome}>.box,.sg .{outcome}>.group{{fill:{fill};stroke:{line}}}"
        rules += f".sg .{outcome} .pill,.sg .{outcome} .disc{{fill:{line};stroke:{line}}}"
    ink = ("#ffffff", "#16181d")[shade]
    faint = ("#5b6270", "#a3abba")[shade]
    return (
        f"{rules}.sg .mark text{{fill:{ink}}}.sg .unreached .name{{fill:{faint}}}"
        f".sg .legend .said{{fill:{('#1c1f26', '#e8eaf0')[shade]}}}"
    )


SHAPES: Final = (
    f".sg .mark text{{font-size:{_SIZE}px;font-weight:600}}"
    ".sg .unreached>.box,.sg .unreached>.group{stroke-dasharray:2 3}"
    ".sg .legend .said{font-size:11px;text-anchor:start}.sg .legend .status{font-weight:600}"
    ".sg .legend .unreached .disc{fill:none;stroke-dasharray:2 2}"
)
"""Rules that are the same on light and dark pages."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is told over a picture. marks: by state; status: a line about the whole execution."""

    marks: Mapping[str, Mark]
    status: str

    def of(self, box: Box) -> Mark:
        """Return what is told of a box's state."""
        return self.marks.get(box.state, NOT_REACHED)

    def over(self, picture: Picture) -> Iterator[str]:
        """Draw the signs and texts of all boxes that were reached."""
        for box in picture.boxes:
            if box.state in self.marks:
                yield _mark(box, self.marks[box.state])

    def legend(self, picture: Picture) -> tuple[float, float, list[str]]:
        """Draw the legend below a picture. Returns its width and height, and its elements."""
        outcomes = {self.of(box).outcome for box in picture.boxes if box.name}
        widest = max(picture.width, _NARROWEST)
        x, y = 0.0, picture.height + _ROW
        parts = [_said(0, y, self.status, "said status")]
        y += _ROW
        for outcome in (one for one in SIGNS if one in outcomes):
            word = WORDS.get(outcome, outcome)
            wide = 2 * _SIGN + 6 + width(word, 11) + 14.0
            if x and x + wide > widest:
                x, y = 0.0, y + _ROW
            parts.append(
                f'<g class="mark {outcome}">{_disc(x + _SIGN, y - 4, outcome)}</g>'
                + _said(x + 2 * _SIGN + 6, y, word, "said")
            )
            x += wide
        wide = max(widest, width(self.status, 11))
        return wide, y - picture.height + 4, [f'<g class="legend">{"".join(parts)}</g>']


def _mark(box: Box, mark: Mark) -> str:
    right, bottom = box.x + box.width + _OUT, box.y + box.height
    parts = [_disc(box.x + 2, box.y + 2, mark.outcome)]
    if mark.counts:
        parts.append(_pill(right, box.y, mark.counts))
    if mark.time:
        parts.append(_pill(right, bottom, mark.time))
    return f'<g class="mark {mark.outcome}">{"".join(parts)}</g>'


def _disc(x: float, y: float, outcome: str) -> str:
    sign = f'<text x="{number(x)}" y="{number(y + 4)}">{SIGNS[outcome]}</text>'
    return f'<circle class="disc" cx="{number(x)}" cy="{number(y)}" r="{_SIGN}"/>{sign}'


def _pill(right: float, middle: float, told: str) -> str:
    wide = width(told, _SIZE) + 10.0
    x, y = right - wide, middle - _TALL / 2
    return (
        f'<rect class="pill" x="{number(x)}" y="{number(y)}" width="{number(wide)}"'
        f' height="{_TALL}" rx="{_TALL // 2}"/>'
        f'<text x="{number(x + wide / 2)}" y="{number(middle + 3.5)}">{text(told)}</text>'
    )


def _said(x: float, y: float, told: str, kind: str) -> str:
    return f'<text class="{kind}" x="{number(x)}" y="{number(y)}">{text(told)}</text>'
