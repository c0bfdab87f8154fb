"""Owns conditional and range requests for a stored representation (RFC 9110 §13 and §14).

Takes header values and the representation's validators; returns what to answer. Reads no file.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from frontdesk.rules.http.dates import read_date

Headers = dict[bytes, bytes]
"""Lower-case name to value."""


@dataclass(frozen=True, slots=True)
class Representation:
    """What there is to send.

    etag: strong or weak entity tag with its quotes. modified: seconds since 1970. length: bytes.
    """

    etag: bytes
    modified: int
    length: int


class Whole(Enum):
    """Answers that send no part."""

    SEND = 200
    NOT_MODIFIED = 304
    PRECONDITION_FAILED = 412
    NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class Part:
    """Send bytes `first` to `last`, both included, with 206."""

    first: int
    last: int


_TAG: Final = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_RANGE: Final = re.compile(rb"bytes[ \t]*=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.IGNORECASE)


def decide(method: str, headers: Headers, stored: Representation, now: float) -> Whole | Part:
    """Decide the answer to GET or HEAD, in the order of RFC 9110 §13.2.2.

    now: seconds since 1970. A Range that is malformed, in another unit or asks for several parts is
    ignored, which the RFC allows; so is any Range of HEAD (§14.2).
    """
    verdict = _precondition(headers, stored, now)
    if verdict is not None:
        return verdict
    wanted = headers.get(b"range")
    if (
        wanted is None
        or method != "GET"
        or not _still_the_same(headers.get(b"if-range"), stored, now)
    ):
        return Whole.SEND
    return _part(wanted, stored.length)


def _precondition(headers: Headers, stored: Representation, now: float) -> Whole | None:
    if_match = headers.get(b"if-match")
    if if_match is not None:
        if not _matches(if_match, stored.etag, weak=False):
            return Whole.PRECONDITION_FAILED
    else:
        limit = _date(headers, b"if-unmodified-since", now)
        if limit is not None and stored.modified > limit:
            return Whole.PRECONDITION_FAILED
    if_none_match = headers.get(b"if-none-match")
    if if_none_match is not None:
        return Whole.NOT_MODIFIED if _matches(if_none_match, stored.etag, weak=True) else None
    limit = _date(headers, b"if-modified-since", now)
    if limit is not None and stored.modified <= limit:
        return Whole.NOT_MODIFIED
    return None


def _date(headers: Headers, name: bytes, now: float) -> int | None:
    value = headers.get(name)
    return None if value is None else read_date(value.decode("latin-1"), now)


def _matches(condition: bytes, etag: bytes, *, weak: bool) -> bool:
    """Whether a list of entity tags, or `*`, names the stored one. weak: weak tags count too."""
    if condition == b"*":
        return True
    tags = _TAG.findall(condition)
    if weak:
        return etag.removeprefix(b"W/") in [tag.removeprefix(b"W/") for tag in tags]
    return not etag.startswith(b"W/") and etag in tags


def _still_the_same(if_range: bytes | None, stored: Representation, now: float) -> bool:
    if if_range is None:
        return True
    if _TAG.fullmatch(if_range):
        return if_range == stored.etag and not if_range.startswith(b"W/")
    return read_date(if_range.decode("latin-1"), now) == stored.modified


def _part(wanted: bytes, length: int) -> Whole | Part:
    found = _RANGE.fullmatch(wanted)
    if found is None or found[1] == found[2] == b"":
        return Whole.SEND
    if found[1] == b"":
        suffix = int(found[2])
        if suffix == 0 or length == 0:
            return Whole.NOT_SATISFIABLE
        return Part(max(0, length - suffix), length - 1)
    first = int(found[1])
    last = int(found[2]) if found[2] else length - 1
    if found[2] and last < first:
        return Whole.SEND
    if first >= length:
        return Whole.NOT_SATISFIABLE
    return Part(first, min(last, length - 1))
