"""Owns the bytes of an answer: status line, fields, framing. Knows no socket.

Fields are written as they are given. Whoever makes them from text that is not his own (functions,
parameter mapping) has refused CR, LF and NUL; fields of backends come out of a strict parser.
"""

from http import HTTPStatus
from typing import Final

from frontdesk.base.streams import Fields
from frontdesk.rules.http.dates import write_date

_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}

STATUS_LINES: Final[tuple[bytes, ...]] = tuple(
    f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode() for status in range(600)
)
"""By status. The phrase may be empty, the blank before it may not (RFC 9112 §4)."""

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

BODILESS: Final = frozenset({204, 304, *range(100, 200)})
"""Statuses whose answers end with the head, whatever the fields say (RFC 9112 §6.3)."""

LAST_CHUNK: Final = b"0\r\n\r\n"


class DateLine:
    """The `Date` field, written once per second (RFC 9110 §6.6.1)."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._line = b""

    def at(self, now: float) -> bytes:
        """Return the whole line for a calendar second."""
        second = int(now)
        if second != self._second:
            self._line = b"Date: %b\r\n" % write_date(second)
            self._second = second
        return self._line


def render(status: int, fields: Fields, date: bytes, framing: bytes, body: bytes = b"") -> bytes:
    """Return an answer: its head with the blank line, and as much of the body as there is.

    date: line used where `fields` have no Date. framing: the remaining lines, each with its line end.
    """
    head = STATUS_LINES[status]
    if fields:
        head = b"%b%b\r\n" % (head, b"\r\n".join(map(b": ".join, fields)))
        if b"\nDate: " in head or b"\ndate: " in head.lower():  # most spell it so
            date = b""
    return b"%b%b%b\r\n%b" % (head, date, framing, body)


def chunk(data: bytes) -> bytes:
    """Frame one piece of a body for `Transfer-Encoding: chunked`."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: Fields) -> bytes:
    """End a chunked body, with trailer fields."""
    return b"0\r\n%b\r\n\r\n" % b"\r\n".join(map(b": ".join, trailers))


def connection_line(version: str, *, keep: bool) -> bytes:
    """Return the Connection line: `close`, or what an HTTP/1.0 client wants to hear (RFC 9112 §9.3)."""
    if not keep:
        return b"Connection: close\r\n"
    return b"Connection: keep-alive\r\n" if version == "HTTP/1.0" else b""


def bodiless_length(method: str, status: int, fields: Fields, length: int | None) -> bytes:
    """Return the Content-Length line of an answer that is a head alone, or nothing.

    length: of the body that is left out, None where it is unknown.
    """
    if status == 205 and method != "HEAD":
        length = 0  # RFC 9110 §15.3.6
    elif status in BODILESS or any(name.lower() == b"content-length" for name, _ in fields):
        length = None
    return b"" if length is None else b"Content-Length: %d\r\n" % length


def switching_lines(fields: Fields) -> bytes:
    """Return what a 101 says beside its fields (RFC 9110 §7.8)."""
    named = any(name.lower() == b"upgrade" for name, _ in fields)
    return b"Connection: Upgrade\r\n" + (b"" if named else b"Upgrade: websocket\r\n")
