"""Owns how AWS writes times in events: of a request, of a message, of an event on a bus."""

from datetime import UTC, datetime
from functools import lru_cache

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=16)
def clf(second: int) -> str:
    """Write a second since 1970 in the Common Log Format, UTC, English whatever the locale."""
    at = datetime.fromtimestamp(second, UTC)
    return f"{at.day:02}/{_MONTHS[at.month - 1]}/{at.year:04}:{at:%H:%M:%S} +0000"


def java_date(time: float) -> str:
    """Write a time in seconds since 1970 as Java's Date does: `Thu Mar 12 19:03:58 UTC 2026`."""
    at = datetime.fromtimestamp(int(time), UTC)
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at:%d %H:%M:%S} UTC {at.year}"


def iso_seconds(time: float) -> str:
    """Write a time in seconds since 1970 as `2026-03-12T19:03:58Z`."""
    return f"{datetime.fromtimestamp(int(time), UTC):%Y-%m-%dT%H:%M:%SZ}"


def iso_milliseconds(time: float) -> str:
    """Write a time in seconds since 1970 as `2026-03-12T19:03:58.125Z`."""
    seconds, thousandths = divmod(int(time * 1000), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{thousandths:03}Z"
