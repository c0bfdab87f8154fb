"""Owns HTTP dates (RFC 9110 §5.6.7), written in English whatever the locale. Reads no clock."""

import re
from calendar import timegm
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

_DAY = "|".join(_DAYS)
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        # IMF-fixdate, RFC 850 and asctime
        rf"(?:{_DAY}), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
        rf"(?:{_DAY}) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)


@lru_cache(64)
def write_date(second: int) -> bytes:
    """Write a second since 1970 as IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    at = datetime.fromtimestamp(second, UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day:02} {month} {at.year:04} {at:%H:%M:%S} GMT".encode()


def read_date(text: str, now: float) -> int | None:
    """Read any of the three forms of an HTTP date; None when it is none of them.

    now: seconds since 1970; a two-digit year is the one nearest to it that is at most 50 years ahead.
    """
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            break
    else:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        this_year = datetime.fromtimestamp(now, UTC).year
        year += this_year - this_year % 100
        if year > this_year + 50:
            year -= 100
    month = _MONTHS.index(found["month"]) + 1
    try:
        date = datetime(year, month, int(found["day"]), tzinfo=UTC)
    except ValueError:
        return None
    # A leap second is the first one of the next minute.
    time = int(found["hour"]) * 3600 + int(found["minute"]) * 60 + int(found["second"])
    return timegm(date.timetuple()) + time
