"""Owns the timeline of an execution: a row for each stay in a state, a bar for each attempt. Pure; colours are classes.

Times are seconds since 1970. What goes on reaches to the right edge.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import floor, log10
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from frontdesk.web.words import span

MOST_ROWS: Final = 100
"""The last stays that are drawn."""

_WIDTH: Final = 1000.0
_NAMES: Final = 210.0
_RIGHT: Final = 70.0
_ROW: Final = 24.0
_TOP: Final = 24.0
_LONGEST: Final = 30
_LINES: Final = 5


def timeline(
    visits: Sequence[Mapping[str, Any]], began: float, until: float, *, state: str = ""
) -> Markup:
    """Draw visits as the admin API tells them. until: of the end, or now. state: the one that is looked at."""
    shown = visits[-MOST_ROWS:]
    scale = _Scale(min((each["entered"] for each in shown), default=began), until)
    height = _TOP + _ROW * len(shown) + 4
    parts = [*_grid(scale, height, began)]
    for at, visit in enumerate(shown):
        parts.append(_row(visit, _TOP + _ROW * at, scale, is_current=visit["state"] == state))
    return Markup(  # noqa: S704 - what is not ours in it was escaped
        f'<svg class="gantt" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="group" '
        f'aria-label="Timeline of {len(shown)} states">{"".join(parts)}</svg>'
    )


class _Scale:
    """Where instants stand."""

    def __init__(self, first: float, last: float) -> None:
        self.first = first
        self.last = max(last, first + 0.001)

    def x(self, instant: float) -> float:
        share = (instant - self.first) / (self.last - self.first)
        return _NAMES + min(1.0, max(0.0, share)) * (_WIDTH - _NAMES - _RIGHT)


def _grid(scale: _Scale, height: float, began: float) -> Iterator[str]:
    """Draw a line for each round time since the start."""
    step = _round_step((scale.last - scale.first) / _LINES)
    at = floor((scale.first - began) / step) * step
    while began + at <= scale.last:
        if began + at >= scale.first:
            x = scale.x(began + at)
            yield f'<path class="grid" d="M{x:.1f} {_TOP - 6}V{height:.0f}"/>'
            yield f'<text x="{x:.1f}" y="12" text-anchor="middle">{escape(span(at) if at else "0")}</text>'
        at = round(at + step, 9)


def _round_step(seconds: float) -> float:
    """Return the next step that people count in: 1, 2, 5 of a decimal size, minutes, hours, days."""
    for step in (60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0, 43_200.0, 86_400.0):
        if seconds > 30 and seconds <= step:
            return step
    size: float = 10.0 ** floor(log10(seconds))
    return next(size * times for times in (1, 2, 5, 10) if size * times >= seconds)


def _row(visit: Mapping[str, Any], top: float, scale: _Scale, *, is_current: bool) -> str:
    left = visit["left"]
    end = _end(visit, scale.last)
    x, to = scale.x(visit["entered"]), scale.x(end)
    name = (
        visit["state"] if len(visit["state"]) <= _LONGEST else visit["state"][: _LONGEST - 1] + "…"
    )
    indent = min(60, 12 * visit["depth"])
    took = span(end - visit["entered"]) + ("" if left is not None else " …" * _goes_on(visit))
    middle = top + _ROW / 2 + 4
    current = ' aria-current="true"' if is_current else ""
    parts = [
        f'<a class="{escape(visit["outcome"])}" href="?state={quote(visit["state"], safe="", errors="replace")}"{current}>',
        f"<title>{escape(visit['state'])}: {escape(visit['outcome'])}, {escape(took)}</title>",
        f'<text x="{indent}" y="{middle:.1f}">{escape(name)}</text>',
        _bar("stay", x, to, top + 4, _ROW - 8),
    ]
    for number, attempt in enumerate(visit["attempts"], 1):
        until = attempt["ended"] if attempt["ended"] is not None else end
        bar = _bar("attempt", scale.x(attempt["began"]), scale.x(until), top + 7, _ROW - 14)
        told = f"attempt {number}: {span(until - attempt['began'])} {attempt['error']}".strip()
        kind = ' class="failed"' if attempt["error"] else ""
        parts.append(f"<g{kind}><title>{escape(told)}</title>{bar}</g>")
    parts.append(f'<text x="{to + 6:.1f}" y="{middle:.1f}">{escape(took)}</text></a>')
    return "".join(parts)


def _end(visit: Mapping[str, Any], last: float) -> float:
    """Return when a stay was over: one that failed was, with its last attempt."""
    if visit["left"] is not None:
        return float(visit["left"])
    if _goes_on(visit):
        return last
    ends = [one["ended"] for one in visit["attempts"] if one["ended"] is not None]
    return float(ends[-1]) if ends else last


def _goes_on(visit: Mapping[str, Any]) -> bool:
    return visit["left"] is None and visit["outcome"] in ("running", "waiting", "retrying")


def _bar(kind: str, x: float, to: float, y: float, tall: float) -> str:
    wide = max(2.0, to - x)
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="3"/>'
