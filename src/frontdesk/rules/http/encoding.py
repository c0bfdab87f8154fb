"""Owns content codings: which one a client likes best, which answers take one, and what they say then.

Knows no compressor. Sources: RFC 9110 §8.4, §8.8.3, §12.5.3; RFC 9111 §5.2.2.6 (no-transform); RFC 9530.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from frontdesk.base.streams import Field, Fields

VARY: Final[Field] = (b"vary", b"Accept-Encoding")

_NOT_CODED: Final = frozenset({*range(100, 200), 204, 205, 206, 304})
"""Statuses without a body, or with a part of one."""

_CODED_ALREADY: Final = frozenset({b"content-encoding", b"content-range"})

NO_TRANSFORM: Final = b"no-transform"
"""In Cache-Control: whoever passes the message on leaves its body as it is."""

# What is said of the bytes, and would be false of others; a coded answer is one more representation.
_UNTRUE: Final = frozenset(
    {
        b"accept-ranges",
        b"content-digest",
        b"content-length",
        b"content-md5",
        b"digest",
        b"repr-digest",
    }
)
_QVALUE: Final = re.compile(
    rb"[ \t]*q[ \t]*=[ \t]*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*", re.IGNORECASE
)
_ANY: Final = b"*"


def preferred(accepted: bytes, offered: Sequence[bytes]) -> bytes | None:
    """Choose the coding that `Accept-Encoding` likes best; None: send it as it is.

    offered: in our own order of preference, which decides among those of one weight.
    """
    weights = _weights(accepted)
    others = weights.get(_ANY, 0.0)
    identity = weights.get(b"identity", 0.0)
    best, most = None, 0.0
    for coding in offered:
        weight = weights.get(coding, others)
        if weight > most and weight >= identity:
            best, most = coding, weight
    return best


def _weights(accepted: bytes) -> dict[bytes, float]:
    weights: dict[bytes, float] = {}
    for member in accepted.split(b","):
        coding, semicolon, parameter = member.partition(b";")
        quality = _QVALUE.fullmatch(parameter) if semicolon else None
        name = coding.strip(b" \t").lower()
        if name and (not semicolon or quality is not None):
            weights[_ALIASES.get(name, name)] = float(quality[1]) if quality is not None else 1.0
    return weights


_ALIASES: Final = {b"x-gzip": b"gzip"}


class MediaTypes:
    """A list of media types; `*` stands for any run of characters but `/`."""

    __slots__ = ("_pattern",)

    def __init__(self, types: Iterable[str]) -> None:
        parts = (re.escape(each.lower()).replace(r"\*", "[^/;]*") for each in types)
        self._pattern = re.compile(f"(?:{'|'.join(parts)})[ \t]*(?:;.*)?".encode(), re.DOTALL)

    def __contains__(self, content_type: bytes) -> bool:
        """Whether a Content-Type, with or without parameters, is listed."""
        return self._pattern.fullmatch(content_type.lower()) is not None


def may_be_coded(status: int, fields: Fields, types: MediaTypes) -> bool:
    """Whether an answer may be sent in a coding: a whole one of a listed type, not coded yet."""
    if status in _NOT_CODED:
        return False
    listed = False
    for name, value in fields:
        key = name.lower()
        if key == b"content-type":
            listed = value in types
        elif key in _CODED_ALREADY or (key == b"cache-control" and NO_TRANSFORM in value.lower()):
            return False
    return listed


def coded(fields: Fields, coding: bytes) -> Fields:
    """Return the fields of an answer once its body is sent in a coding."""
    kept = [
        (name, _weak(value) if name.lower() == b"etag" else value)
        for name, value in fields
        if name.lower() not in _UNTRUE
    ]
    kept.append((b"content-encoding", coding))
    return kept


def still_true(trailers: Fields) -> Fields:
    """Return the trailer fields that a coded body may end with."""
    return [(name, value) for name, value in trailers if name.lower() not in _UNTRUE]


def varied(fields: Fields) -> bool:
    """Whether the fields say already that the answer depends on Accept-Encoding."""
    members = (
        member.strip(b" \t").lower()
        for name, value in fields
        if name.lower() == b"vary"
        for member in value.split(b",")
    )
    return any(member in {b"*", b"accept-encoding"} for member in members)


def not_modified(fields: Fields, asked: bytes) -> Fields:
    """Return the fields of a 304 as of the answer that the client holds, in a coding or not.

    asked: value of If-None-Match.
    """
    same = [
        (name, _weak(value) if name.lower() == b"etag" and _weak(value) in asked else value)
        for name, value in fields
    ]
    return same if varied(same) else [*same, VARY]


def _weak(tag: bytes) -> bytes:
    return tag if tag.startswith(b"W/") else b"W/" + tag
