"""Owns charts: lines and bars over time, and small ones beside a word. Pure; colours are classes of the style sheet.

A value None is a gap. Every chart says in words what it shows, for who cannot see it. What is drawn is stretched to the
width that there is; words stand beside it, in the size of all others.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from math import ceil, floor, log10
from typing import Final, NamedTuple

from markupsafe import Markup, escape

_WIDTH: Final = 600.0
_TOP: Final = 1.0
"""Above what is drawn, and below: half a line is there."""
_GRID: Final = 4
"""Lines of the grid, at most."""

Value = float | None


def hour(seconds: float) -> str:
    """Write an instant below a chart of hours."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M}"


def day(seconds: float) -> str:
    """Write an instant below a chart of days."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d %b}"


class Line(NamedTuple):
    """One line. kind: of the style sheet: "", bad, warn, run, idle."""

    name: str
    values: Sequence[Value]
    kind: str = ""


def lines(
    times: Sequence[float],
    drawn: Sequence[Line],
    *,
    title: str,
    write: Callable[[float], str],
    when: Callable[[float], str] = hour,
    height: float = 160.0,
) -> Markup:
    """Draw lines over time. times: seconds since 1970, one for each value. write, when: a value and a time, for people."""
    top = _round_up(max((value for line in drawn for value in line.values if value), default=0.0))
    place = _Place(times, top, height)
    parts = [*_grid(place)]
    for at, line in enumerate(drawn):
        for piece in _pieces(line.values):
            points = [place.point(index, line.values[index] or 0.0) for index in piece]
            if at == 0:
                area = _path([(points[0][0], place.floor), *points, (points[-1][0], place.floor)])
                parts.append(f'<path class="area{_of(line.kind)}" d="{area}Z"/>')
            parts.append(_stroke(points, line.kind))
    return _chart(title, _told(drawn, write), parts, height, _marks(times, top, write, when))


def bars(
    times: Sequence[float],
    drawn: Sequence[Line],
    *,
    title: str,
    write: Callable[[float], str],
    when: Callable[[float], str] = hour,
    height: float = 160.0,
) -> Markup:
    """Draw bars over time, those of one instant upon each other. See `lines`."""
    sums = [sum(line.values[index] or 0.0 for line in drawn) for index in range(len(times))]
    top = _round_up(max(sums, default=0.0))
    place = _Place(times, top, height)
    slot = _WIDTH / max(1, len(times))
    parts = [*_grid(place)]
    for index in range(len(times)):
        base = 0.0
        for line in drawn:
            value = line.values[index] or 0.0
            if value <= 0:
                continue
            y = place.level(base + value)
            tall = place.level(base) - y
            base += value
            parts.append(
                f'<rect class="bar{_of(line.kind)}" x="{slot * (index + 0.1):.1f}" y="{y:.1f}" '
                f'width="{slot * 0.8:.1f}" height="{tall:.1f}"><title>{when(times[index])} '
                f"{escape(line.name)}: {escape(write(value))}</title></rect>"
            )
    return _chart(title, _told(drawn, write), parts, height, _marks(times, top, write, when))


def spark(values: Sequence[Value], *, title: str, kind: str = "") -> Markup:
    """Draw a small line without words."""
    top = max((value for value in values if value), default=0.0) or 1.0
    step = 108.0 / max(1, len(values) - 1)
    parts = [
        _stroke(
            [(1 + index * step, 24.0 - 22.0 * (values[index] or 0.0) / top) for index in piece],
            kind,
        )
        for piece in _pieces(values)
    ]
    return _markup(
        f'<svg class="chart spark" viewBox="0 0 110 26" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg>"
    )


def legend(drawn: Iterable[Line]) -> Markup:
    """Name the lines of a chart."""
    named = "".join(
        f'<span class="{_of(line.kind).strip()}"><i></i>{escape(line.name)}</span>'
        for line in drawn
    )
    return _markup(f'<p class="legend">{named}</p>')


class _Place:
    """Where values stand."""

    def __init__(self, times: Sequence[float], top: float, height: float) -> None:
        self.floor = height - _TOP
        self._times = times
        self._top = top
        self._first = times[0] if times else 0.0
        self._span = max(1e-9, (times[-1] if times else 1.0) - self._first)

    def point(self, index: int, value: float) -> tuple[float, float]:
        along = (self._times[index] - self._first) / self._span
        return along * _WIDTH, self.level(value)

    def level(self, value: float) -> float:
        return self.floor - (self.floor - _TOP) * min(1.0, value / self._top)


def _grid(place: _Place) -> Iterator[str]:
    for step in range(_GRID + 1):
        y = place.floor - (place.floor - _TOP) * step / _GRID
        yield f'<path class="grid" d="M0 {y:.1f}H{_WIDTH:.0f}"/>'


def _marks(
    times: Sequence[float],
    top: float,
    write: Callable[[float], str],
    when: Callable[[float], str],
) -> tuple[list[str], list[str]]:
    """Write what stands beside every second line of the grid, from above, and below its beginning, middle and end."""
    ends = [times[0], times[len(times) // 2], times[-1]] if len(times) > 1 else []
    return [write(top), write(top / 2), write(0.0)], [when(time) for time in ends]


def _chart(
    title: str,
    told: str,
    parts: Sequence[str],
    height: float,
    marks: tuple[Sequence[str], Sequence[str]],
) -> Markup:
    values, times = ("".join(f"<span>{escape(mark)}</span>" for mark in each) for each in marks)
    return _markup(
        f'<figure class="plot" role="img" aria-label="{escape(title)}: {escape(told)}">'
        f'<div aria-hidden="true">{values}</div>'
        f'<svg class="chart" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" height="{height:.0f}" '
        f'preserveAspectRatio="none">{"".join(parts)}</svg>'
        f'<div aria-hidden="true">{times}</div></figure>'
    )


def _told(drawn: Sequence[Line], write: Callable[[float], str]) -> str:
    """Say the last value of each line."""
    last = ((line.name, [value for value in line.values if value is not None]) for line in drawn)
    return ", ".join(f"{name} {write(values[-1])}" for name, values in last if values) or "no data"


def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - what is not ours in it was escaped


def _pieces(values: Sequence[Value]) -> Iterator[list[int]]:
    """Yield the indexes of values between gaps."""
    piece: list[int] = []
    for index, value in enumerate(values):
        if value is not None:
            piece.append(index)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _stroke(points: Sequence[tuple[float, float]], kind: str) -> str:
    """Draw a line; a value between two gaps as a dot: a line to itself, without length."""
    if len(points) == 1:
        return f'<path class="line dot{_of(kind)}" d="{_path([*points, *points])}"/>'
    return f'<path class="line{_of(kind)}" d="{_path(points)}"/>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _of(kind: str) -> str:
    return f" of-{kind}" if kind else ""


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4, 5, 10 … that is no less: what a grid is labelled with."""
    if value <= 0:
        return 1.0
    size = 10.0 ** floor(log10(value))
    return next(step * size for step in (1, 2, 4, 5, 10) if ceil(value / size * 1e9) <= step * 1e9)
