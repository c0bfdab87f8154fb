"""Owns what becomes of header fields in REST APIs: hidden, illegal, dropped, renamed. Names are lower case.

Source: recorded; AWS, "Amazon API Gateway important notes", header handling.
"""

import re
from collections.abc import Mapping
from typing import Final

HIDDEN: Final = frozenset(
    {
        "connection",
        "content-length",
        "content-md5",
        "expect",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
    }
)
"""Fields of a request that neither events, templates nor mappings see."""

_FRAMING: Final = frozenset({"content-length", "transfer-encoding"})
_SIGNED: Final = _FRAMING | {"authorization", "connection", "expect", "proxy-authenticate", "te"}

ILLEGAL: Final[Mapping[str, frozenset[str]]] = {
    "aws": _SIGNED,
    "aws_proxy": _SIGNED,
    "http": _FRAMING,
    "http_proxy": _FRAMING,
    "mock": frozenset(),
}
"""Fields that no request may be mapped to, by type of integration: every call fails."""

NOT_SENT: Final = frozenset(
    {"connection", "expect", "keep-alive", "proxy-authenticate", "te", "trailer", "upgrade", "via"}
)
"""Fields that a mapping may name and no HTTP backend gets."""

_REMAPPED: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "trailer",
        "upgrade",
        "user-agent",
        "www-authenticate",
    }
)

NOT_PASSED: Final = frozenset(
    {"connection", "content-encoding", "content-md5", "host", "max-forwards", "server"}
    | {"www-authenticate"}
)
"""Fields of a client that `http_proxy` keeps from its backend, beside those that end at every door."""

PROXY_REMAPPED: Final = frozenset(
    {"connection", "content-length", "date", "server", "x-amzn-requestid"}
)
"""Fields of a backend that `http_proxy` passes on under another name."""


def remapped(name: str) -> str:
    """Return the name under which a field is passed on that is not passed on under its own."""
    return f"x-amzn-Remapped-{name}"


def response_name(name: str) -> str:
    """Return the name under which a client gets a field that an answer is mapped to; "": it gets none."""
    lower = name.lower()
    if lower == "transfer-encoding":
        return ""
    return remapped(name) if lower in _REMAPPED else name


UNFIT: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|\A[ \t]|[ \t]\Z")
"""What no value of a field may have: controls (RFC 9110 §5.5), and blanks that a reader would drop."""

NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
"""A name that a field may have (RFC 9110 §5.6.2)."""
