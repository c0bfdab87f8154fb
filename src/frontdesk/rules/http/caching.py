"""Owns what a shared cache may keep, for how long, and to whom it gives it (RFC 9111, RFC 5861).

Takes header fields by lower-case name and seconds since 1970; keeps nothing, reads no clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.base.streams import Fields
from frontdesk.rules.http.dates import read_date

Headers = Mapping[bytes, bytes]
"""Lower-case name → value; repeated fields joined with `,`."""

Directives = Mapping[str, str]
"""Name in lower case → argument, "" without one. One that is given twice has the argument `?`."""

LONGEST: Final = 2**31
"""Seconds: what any longer lifetime counts as (RFC 9111 §1.2.2)."""

_TOO_MANY_DIGITS: Final = 20

KEPT_FOR_QUESTIONS: Final = 3600.0
"""Seconds for which a stale answer is kept that its origin may still find to be good."""

FINAL: Final = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses of answers that are kept. Parts (206) are not, and no 400 or 431, by which others are denied."""

CONDITIONS: Final = frozenset(
    {
        *(b"if-match", b"if-modified-since", b"if-none-match", b"if-range"),
        *(b"if-unmodified-since", b"range"),
    }
)
"""Request fields that ask for something else than the whole answer."""

FAILURES: Final = frozenset({500, 502, 503, 504})
"""Statuses in whose place a stale answer may stand (RFC 5861 §4)."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""

_DIRECTIVE: Final = re.compile(rb'([!#$%&\'*+.^_`|~0-9A-Za-z-]+)(?:=(?:"([^"]*)"|([^\s,;"]*)))?')
_AT_COMMA: Final = re.compile(rb"[ \t]*+,[ \t]*+")
_NEVER_STALE: Final = frozenset({"must-revalidate", "no-cache", "proxy-revalidate", "s-maxage"})
_NOT_UPDATED: Final = frozenset(
    {b"content-encoding", b"content-length", b"content-range", b"content-type"}
)


def directives(value: bytes) -> Directives:
    """Read a Cache-Control field; what is no directive is left out."""
    found: dict[str, str] = {}
    for name, quoted, plain in _DIRECTIVE.findall(value.lower()):
        key = name.decode()
        argument = (quoted or plain).decode("latin-1")
        found[key] = "?" if found.get(key, argument) != argument else argument
    return found


def seconds(found: Directives, name: str) -> int | None:
    """Return the argument of a directive, 0 where it makes no sense; None where it is absent."""
    text = found.get(name)
    if text is None:
        return None
    return _whole(text)


def by_name(fields: Fields) -> dict[bytes, bytes]:
    """Return fields by lower-case name, the values of repeated ones joined."""
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        key = name.lower()
        found[key] = found[key] + b", " + value if key in found else value
    return found


def current_age(headers: Headers, asked: float, received: float) -> float:
    """Return how old an answer was when it came (RFC 9111 §4.2.3)."""
    date = _date(headers, b"date", received)
    apparent = 0.0 if date is None else max(0.0, received - date)
    return max(apparent, told_age(headers) + max(0.0, received - asked))


def told_age(headers: Headers) -> int:
    """Return the Age field, 0 where it says nothing."""
    return _whole(headers.get(b"age", b"").partition(b",")[0].strip().decode("latin-1"))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text), LONGEST) if len(text) < _TOO_MANY_DIGITS else LONGEST


def lifetime(headers: Headers, received: float) -> float | None:
    """Return for how many seconds an answer is fresh; None where it does not say (RFC 9111 §4.2.1).

    `CDN-Cache-Control` (RFC 9213) goes before Cache-Control. Nothing is guessed from Last-Modified.
    """
    if b"cdn-cache-control" in headers:
        targeted = directives(headers[b"cdn-cache-control"])
        if targeted:
            return seconds(targeted, "max-age")
    control = directives(headers.get(b"cache-control", b""))
    for name in ("s-maxage", "max-age"):
        found = seconds(control, name)
        if found is not None:
            return found
    if b"expires" not in headers:
        return None
    expires = _date(headers, b"expires", received)
    date = _date(headers, b"date", received)
    return 0.0 if expires is None else max(0.0, expires - (received if date is None else date))


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long an answer is kept. stored, fresh, expires: as in `ports.cache.Entry`. vary: lower case."""

    stored: float
    fresh: float
    expires: float
    vary: tuple[bytes, ...] = ()


def kept(
    request: Headers,
    status: int,
    answer: Headers,
    *,
    asked: float,
    received: float,
    identified: bool = False,
) -> Keeping | None:
    """Say how long the answer to a GET is kept; None: not at all (RFC 9111 §3).

    asked, received: when the request was sent and the answer came. identified: the key tells callers apart, so
    that an answer to a request with Authorization is given to nobody else.
    """
    control = directives(answer.get(b"cache-control", b""))
    if (
        status not in FINAL
        or control.keys() & {"no-store", "private"}
        or "no-store" in directives(request.get(b"cache-control", b""))
        or b"set-cookie" in answer
    ):
        return None
    if b"authorization" in request and not identified and not _for_all(control):
        return None
    vary = vary_names(answer)
    if b"*" in vary:
        return None
    fresh_for, age = lifetime(answer, received), current_age(answer, asked, received)
    may_ask = b"etag" in answer or b"last-modified" in answer
    if fresh_for is None and not may_ask:
        return None
    if "no-cache" in control:
        fresh_for = 0.0
    stored = received - age
    fresh = stored + (fresh_for or 0.0)
    expires = max(
        fresh + stale_for(control, "stale-while-revalidate"),
        fresh + stale_for(control, "stale-if-error"),
        received + KEPT_FOR_QUESTIONS if may_ask else 0.0,
    )
    return Keeping(stored, fresh, expires, vary) if expires > received else None


def _for_all(control: Directives) -> bool:
    """Whether an answer to a request with Authorization is meant for others, too (RFC 9111 §3.5)."""
    return bool(control.keys() & {"public", "s-maxage", "must-revalidate"})


def vary_names(answer: Headers) -> tuple[bytes, ...]:
    """Return the request fields by which an answer was chosen, in order of their names."""
    names = {name.strip().lower() for name in answer.get(b"vary", b"").split(b",")}
    return tuple(sorted(names - {b""}))


def variant(vary: tuple[bytes, ...], request: Headers) -> tuple[str | None, ...]:
    """Return what tells the answers apart: the values of these request fields, blanks at commas apart."""
    values = (request.get(name) for name in vary)
    return tuple(None if v is None else _AT_COMMA.sub(b",", v).decode("latin-1") for v in values)


def stale_for(control: Directives, purpose: str) -> int:
    """Return for how many seconds a stale answer may be given (RFC 5861).

    purpose: `stale-while-revalidate` or `stale-if-error`.
    """
    if control.keys() & _NEVER_STALE:
        return 0
    return seconds(control, purpose) or 0


def fresh_enough(control: Directives, stored: float, fresh: float, now: float) -> bool:
    """Say whether a request takes a fresh answer, by its own directives (RFC 9111 §5.2.1)."""
    if not control:
        return now < fresh
    most = seconds(control, "max-age")
    if "no-cache" in control or (most is not None and now - stored > most):
        return False
    return now + (seconds(control, "min-fresh") or 0) < fresh


def may_be_stale(control: Directives, answer: Directives, stale_by: float) -> bool:
    """Say whether a request takes an answer that has been stale for so many seconds.

    answer: directives of the answer, which go before those of the request.
    """
    if "max-stale" not in control or answer.keys() & _NEVER_STALE:
        return False
    return control["max-stale"] == "" or stale_by <= (seconds(control, "max-stale") or 0)


def questions(answer: Headers) -> Fields:
    """Return the request fields that ask whether a kept answer is still good (RFC 9111 §4.3.1)."""
    asked: Fields = []
    if b"etag" in answer:
        asked.append((b"If-None-Match", answer[b"etag"]))
    if b"last-modified" in answer:
        asked.append((b"If-Modified-Since", answer[b"last-modified"]))
    return asked


def updated(kept_fields: Fields, confirmed: Fields) -> Fields:
    """Return the fields of a kept answer after a 304 (RFC 9111 §3.2): its own replace the former ones."""
    news = [field for field in confirmed if field[0].lower() not in _NOT_UPDATED]
    replaced = {name.lower() for name, _ in news}
    return [field for field in kept_fields if field[0].lower() not in replaced] + news


def _date(headers: Headers, name: bytes, now: float) -> int | None:
    value = headers.get(name)
    return None if value is None else read_date(value.decode("latin-1"), now)
