"""Owns the reading of Retry-After: how long a server asks to be left alone. Reads no clock.

Source: RFC 9110 §10.2.3.
"""

import re
from collections.abc import Iterable
from math import isfinite

from frontdesk.rules.http.dates import read_date

_SECONDS = re.compile(r"\d{1,12}(?:\.\d+)?", re.ASCII)


def retry_after(value: str, now: float, date: str = "") -> float | None:
    """Return the seconds that a Retry-After asks for, 0.0 or more; None when it is not readable.

    value: seconds, a fraction among them, or an HTTP date in any of its three forms. now: seconds since
    1970. date: the Date of the same answer, by which a date is measured: the server's clock may be wrong.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
        return seconds if isfinite(seconds) else None
    at = read_date(text, now)
    if at is None:
        return None
    sent = read_date(date.strip(), now) if date else None
    return max(0.0, at - (now if sent is None else sent))


def asked_wait(fields: Iterable[tuple[bytes, bytes]], now: float) -> float | None:
    """Return what an answer's own Retry-After asks for, in seconds; None without a readable one."""
    value = date = ""
    for name, text in fields:
        if len(name) == 11 and name.lower() == b"retry-after":
            value = text.decode("latin-1")
        elif len(name) == 4 and name.lower() == b"date":
            date = text.decode("latin-1")
    return retry_after(value, now, date) if value else None
