"""Owns how AWS writes the time of a request: `12/Mar/2020:19:03:58 +0000`."""

from datetime import UTC, datetime
from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=16)
def clf(second: int) -> str:
    """Write a second since 1970 in the Common Log Format, UTC, English whatever the locale."""
    at = datetime.fromtimestamp(second, UTC)
    return f"{at.day:02}/{_MONTHS[at.month - 1]}/{at.year:04}:{at:%H:%M:%S} +0000"
