"""Owns the short texts for amounts: durations, sizes, rates and shares, parsed and written. Pure."""

import math
import re
from typing import Final, NamedTuple

SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES: Final = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}

_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ms|s|m|h|d)?", re.ASCII)
_SIZE = re.compile(r"(\d{1,15})(B|KB|MB|GB)?", re.ASCII)
_RATE = re.compile(r"(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})/(s|m|h|d)", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)


class Rate(NamedTuple):
    """A sustained rate: `limit` requests (at least 1) in `window` seconds."""

    limit: int
    window: float

    def __str__(self) -> str:
        unit = next((unit for unit, seconds in SECONDS.items() if seconds == self.window), None)
        return f"{self.limit}/{unit}" if unit else f"{self.limit}/{write_duration(self.window)}"


def parse_duration(value: object) -> float:
    """Turn `250ms`, `10s`, `1.5m`, `1h`, `7d` or a bare number of seconds into seconds, 0 or more.

    Raises: ValueError for anything else.
    """
    match value:
        case bool():
            pass
        case int() | float() if math.isfinite(value) and value >= 0:
            return float(value)
        case str() if found := _DURATION.fullmatch(value):
            number, unit = found.groups()
            return float(number) * SECONDS[unit or "s"]
    raise ValueError("expected a duration such as 250ms, 10s or 5m")


def parse_size(value: object) -> int:
    """Turn `64KB`, `10MB` (1 KB = 1024 bytes) or a bare number of bytes into bytes.

    Raises: ValueError for anything else.
    """
    match value:
        case bool():
            pass
        case int() if value >= 0:
            return value
        case str() if found := _SIZE.fullmatch(value):
            number, unit = found.groups()
            return int(number) * BYTES[unit or "B"]
    raise ValueError("expected a size such as 64KB or 10MB")


def parse_rate(value: object) -> Rate:
    """Turn `500/s`, `1000/m`, `10/h` or `1,000/d` into a Rate.

    Raises: ValueError for anything else, and for a rate of 0.
    """
    if isinstance(value, Rate):
        return value
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a rate such as 500/s or 1,000/d")
    limit = int(found[1].replace(",", ""))
    if limit == 0:
        raise ValueError("expected a rate of at least 1 request")
    return Rate(limit, SECONDS[found[2]])


def parse_percent(value: object) -> float:
    """Turn `10%` or `0.5%`, from 0% to 100%, into a share from 0.0 to 1.0.

    Raises: ValueError for anything else.
    """
    if isinstance(value, float) and 0 <= value <= 1:  # already read
        return value
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None or float(found[1]) > 100:
        raise ValueError("expected a share such as 10%, at most 100%")
    return float(found[1]) / 100


def write_duration(seconds: float) -> str:
    """Write seconds in the largest unit that leaves a whole number, to the microsecond: `1500ms`."""
    for unit in ("d", "h", "m", "s"):
        count = seconds / SECONDS[unit]
        if count >= 1 and count.is_integer():
            return f"{int(count)}{unit}"
    milliseconds = f"{seconds * 1000:.3f}".rstrip("0").rstrip(".")
    return f"{milliseconds}ms" if seconds else "0s"


def tell_duration(seconds: float) -> str:
    """Write seconds, 0 or more, as people say them: `40 ms`, `3.2 s`, `3 m 20 s`, `2 d 5 h`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    tenths = round(seconds * 10)
    if tenths < 600:
        return f"{tenths / 10:g} s"
    left = round(seconds)
    told: list[str] = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, int(SECONDS[unit]))
        if count or told:
            told.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, told[:2]))
