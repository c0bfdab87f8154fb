"""Owns the reading of instants as states know them: RFC 3339 with `T` and a zone, upper case.

2026-01-31T08:15:30Z   2026-01-31T08:15:30.123456789Z   2026-01-31T09:15:30+01:00
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_FORM: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_instant(text: object) -> int | None:
    """Return nanoseconds since 1970, None for what is no instant."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        moment = datetime(*(int(found[at]) for at in range(1, 7)), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - _offset(found[8], found[9], found[10])
    return seconds * 1_000_000_000 + int((found[7] or "0").ljust(9, "0"))


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> int:
    if sign is None:
        return 0
    seconds = int(hours or 0) * 3600 + int(minutes or 0) * 60
    return seconds if sign == "+" else -seconds
