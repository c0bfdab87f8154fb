"""Owns the bytes that a mapping writes into a header field: one encoding for each source, nothing altered.

Backends decide by such fields, so different values must never become the same bytes: what stood in a
head keeps its bytes, what was decoded becomes UTF-8, and blanks at the ends, which readers of a field
drop (RFC 9110 §5.5), make a value unfit.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, ParamSpec

from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.values import bind_part, bind_reply_part
from frontdesk.rules.lang.selectors import Part, Selector, parse

Message = ParamSpec("Message")


class Unfit(Enum):
    """The one value that says: this cannot be sent."""

    UNFIT = "unfit"


UNFIT: Final = Unfit.UNFIT

FieldValue = bytes | None | Unfit
"""None: there is no value."""

_RAW: Final = frozenset({"request.cookie", "request.header", "response.header"})
_USER_AGENT: Final = Selector("context", "identity.userAgent")

_UNFIT: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]|\A[ \t]|[ \t]\Z")


def bind_field(text: str) -> Callable[[Exchange], FieldValue]:
    """Compile what a request's field is set to. Missing values are as in `values.bind`."""
    parts = parse(text.strip(" \t"))
    return _joined([bind_field_part(part) for part in parts])


def bind_field_part(part: Part) -> Callable[[Exchange], FieldValue]:
    """Compile one part of such a value."""
    return _piece(part, bind_part(part))


def bind_reply_field(text: str) -> Callable[[Exchange, Reply], FieldValue]:
    """Compile what a response's field is set to."""
    parts = parse(text.strip(" \t"))
    return _joined([_piece(part, bind_reply_part(part)) for part in parts])


def _piece(part: Part, value: Callable[Message, str | None]) -> Callable[Message, FieldValue]:
    if isinstance(part, str):
        static = part.encode()
        return lambda *_message, **_none: static
    encoding = "latin-1" if part.source in _RAW or part == _USER_AGENT else "utf-8"

    def piece(*message: Message.args, **none: Message.kwargs) -> FieldValue:
        found = value(*message, **none)
        if found is None:
            return None
        encoded = found.encode(encoding)
        return UNFIT if _UNFIT.search(encoded) else encoded

    return piece


def _joined(pieces: list[Callable[Message, FieldValue]]) -> Callable[Message, FieldValue]:
    if len(pieces) == 1:
        return pieces[0]

    def joined(*message: Message.args, **none: Message.kwargs) -> FieldValue:
        whole = b""
        for piece in pieces:
            found = piece(*message, **none)
            if found is UNFIT:
                return UNFIT
            whole += found or b""
        return whole.strip(b" \t")  # of a static text beside a missing value

    return joined
