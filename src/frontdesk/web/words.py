"""Owns how values are written on pages: times, sizes, counts, durations. Pure."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

NOTHING: Final = "\N{EM DASH}"
MOST: Final = 12_000
"""Characters of a payload that a page shows; all of it is at the admin API."""

_SIZES: Final = ("B", "KB", "MB", "GB", "TB")
_UNITS: Final = ((1e3, "k"), (1e6, "M"), (1e9, "G"))

_SHORT: Final = ((1000, 1e-6, "µs"), (1000, 1e-3, "ms"), (60, 1.0, "s"))
"""Of durations below a minute: below how many of a unit, its seconds and its name."""

_SPANS: Final = (
    (3600, 60, "min", 1, "s"),
    (86_400, 3600, "h", 60, "min"),
    (float("inf"), 86_400, "d", 3600, "h"),
)
"""Of durations below so many seconds: seconds and name of the unit, and of the smaller one beside it."""


def instant(seconds: float | None) -> str:
    """Write an instant as RFC 3339 with milliseconds, "" for none. seconds: since 1970."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def span(seconds: float | None) -> str:
    """Write a duration as people say it: `350 µs`, `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 10 min`, `4 d 2 h`."""
    if seconds is None:
        return NOTHING
    if seconds <= 0:
        return "0 s"
    for most, of_one, name in _SHORT:
        if (number := _three(round(seconds, 6) / of_one)) < most:
            return f"{number:g} {name}"
    seconds = round(seconds)
    _, of_it, unit, of_smaller, smaller = next(each for each in _SPANS if seconds < each[0])
    whole, rest = divmod(seconds, of_it)
    left = rest // of_smaller
    return f"{whole} {unit} {left} {smaller}" if left else f"{whole} {unit}"


def count(number: float | None) -> str:
    """Write a number short: `950`, `12.3k`, `4.56M`."""
    if number is None:
        return NOTHING
    if abs(number) < 1e4:
        return f"{number if number == int(number) else _three(number):g}"
    told = [(_three(number / unit), name) for unit, name in _UNITS]
    short, name = next((each for each in told if abs(each[0]) < 1000), told[-1])
    return f"{short:g}{name}"


def size(number: float | None) -> str:
    """Write bytes: `512 B`, `1.5 MB` (1024-based, as the file has them)."""
    if number is None:
        return NOTHING
    at = 0
    while _three(number) >= 1024 and at < len(_SIZES) - 1:
        number, at = number / 1024, at + 1
    return f"{_three(number):g} {_SIZES[at]}"


def _three(number: float) -> float:
    """Round to three digits, or to a whole number where that has more."""
    return float(f"{number:.3g}") if abs(number) < 999.5 else float(round(number))


def shortened(text: str, most: int = MOST) -> str:
    """Cut a text that is longer than a page shows, and say so."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\N{HORIZONTAL ELLIPSIS} and {count(len(text) - most)} characters more"


def pretty(value: Any) -> str:
    """Write JSON for reading, as much of it as a page shows. A text that is JSON is taken as that."""
    if isinstance(value, str):
        text: str = value
        if len(text) > MOST:
            return shortened(text)
        try:
            value = orjson.loads(text)
        except ValueError:
            return text
    return shortened(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    one.__name__: one for one in (instant, span, count, size, shortened, pretty)
}
"""What templates may write `{{ value | … }}` with."""
