"""Owns the reading of one response: parser callbacks, limits, and what may be passed on of its head.

Takes bytes, keeps what they meant. Knows no transport, no timer and no caller.
"""

import re
from typing import Final, NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from frontdesk.base.streams import Fields
from frontdesk.rules.http.hop_by_hop import NOT_ANSWERED
from frontdesk.rules.http.trailers import FORWARDED

HEAD_LIMIT: Final = 64 * 1024
FIELD_LIMIT: Final = 200

_REPEATED_BYTES: Final = 4096
_BLANK_LINE: Final = b"\r\n\r\n"

_USUAL: Final = frozenset({b"keep-alive", b"close", b"Keep-Alive", b"Close"})
_KEEP_ALIVE_TIMEOUT: Final = re.compile(rb"timeout=(\d{1,5})", re.ASCII)


class _Head(NamedTuple):
    """The head of a response that came whole in one read, and what it said of a body of known length."""

    data: bytes
    length: int
    status: int
    fields: Fields
    retire_after: int | None


class ResponseReader:
    """The responses of one connection, one at a time: `expect` one, feed it until `complete` or `problem`.

    Of the response under way, as far as it has come:

    status: of the final head, 0 before. fields: its end-to-end fields. length: Content-Length or None.
    length_withheld: it is an answer to HEAD that does not say how long the body would be.
    trailers: those that may be forwarded, None without any. complete: the whole response is here. keep_alive:
    the connection may be used again. surplus: bytes came that belong to no answer. switched: bytes
    behind a 101, else None. retire_after: seconds that the server keeps idle connections, or None.
    problem: why this is no usable response; "" while it is one.
    """

    __slots__ = (
        "_chunked",
        "_chunks",
        "_fed",
        "_head_only",
        "_may_switch",
        "_nominated",
        "_overhead",
        "_parser",
        "_repeated",
        "_upgrade",
        "complete",
        "fields",
        "keep_alive",
        "length",
        "length_withheld",
        "problem",
        "retire_after",
        "status",
        "surplus",
        "switched",
        "trailers",
    )

    def __init__(self) -> None:
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._chunks: list[bytes] = []
        self._head_only = False
        self._repeated: _Head | None = None
        self.expect("GET", upgrade=False)

    def expect(self, method: str, *, upgrade: bool) -> None:
        """Begin with the next response. method: of its request. upgrade: it asked for another protocol.

        The one before must have been `complete`, with `keep_alive` and without `surplus`.
        """
        if self._head_only:  # llhttp still waits for the body
            self._parser = HttpResponseParser(self)
        self.status = 0
        self.fields: Fields = []
        self.length: int | None = None
        self.length_withheld = False
        self.trailers: Fields | None = None
        self.complete = False
        self.keep_alive = False
        self.surplus = False
        self.switched: bytes | None = None
        self.retire_after: int | None = None
        self.problem = ""
        self._fed = 0
        self._overhead = 0  # bytes behind the head that came in reads without body
        self._chunked = False
        self._upgrade = b""
        self._nominated: frozenset[bytes] | None = None
        self._head_only = method == "HEAD"
        self._may_switch = upgrade

    @property
    def untouched(self) -> bool:
        """Whether no byte has come."""
        return self._fed == 0

    def feed(self, data: bytes) -> None:
        """Read the next bytes.

        Backends repeat themselves: within a second, two answers often differ in nothing but the body. A
        whole response behind the same head as the last one is not parsed again.
        """
        head = self._repeated
        if (
            head is not None
            and self._fed == 0
            and len(data) == len(head.data) + head.length
            and data.startswith(head.data)
            and not (self._head_only or self._may_switch)
        ):
            self._repeat(head, data)
        else:
            self._parse(data)
            if self.complete and self._fed == len(data):
                self._remember(data)

    def _repeat(self, head: _Head, data: bytes) -> None:
        self._fed = len(data)
        self.status = head.status
        self.fields = head.fields.copy()
        self.length = head.length
        self.retire_after = head.retire_after
        if head.length:
            self._chunks.append(data[len(head.data) :])
        self.complete = self.keep_alive = True

    def _remember(self, data: bytes) -> None:
        length, chunks = self.length, self._chunks
        if (
            self.keep_alive
            and not (self.surplus or self.problem or self._head_only or self._may_switch)
            and length == sum(map(len, chunks))
            and not self._chunked
        ):
            size = data.find(_BLANK_LINE) + len(_BLANK_LINE)
            if size <= _REPEATED_BYTES and size + length == len(
                data
            ):  # no 1xx before, nothing behind
                fields = self.fields.copy()
                self._repeated = _Head(data[:size], length, self.status, fields, self.retire_after)

    def _parse(self, data: bytes) -> None:
        if not self.status:
            if self._fed == 0 and not b"HTTP/1.".startswith(data[:7]):
                self.problem = "not HTTP/1"  # the parser takes RTSP, ICE and HTTP/2.0 as well
                return
            self._fed += len(data)
        try:
            self._parser.feed_data(data)  # type: ignore[union-attr]  # never fed after close
        except HttpParserUpgrade as switch:
            self.switched = data[switch.args[0] :]
        except HttpParserError as error:
            if self.complete:
                self.surplus = True
            else:
                self.problem = self.problem or str(error)
        if not self.status:
            if self._fed > HEAD_LIMIT:
                self.problem = "head too large"
        elif self.status == 101 and self.switched is None:
            self.problem = "101 without Upgrade"
        elif not (self._chunks or self.complete):
            self._overhead += len(data)
            if self._overhead > HEAD_LIMIT:
                self.problem = "too much framing"

    def feed_eof(self) -> None:
        """Learn that the connection was closed in good order: the end of a body without length."""
        if self.status and self.length is None and not self._chunked:
            self.complete = True

    def take(self) -> bytes:
        """Return the body bytes that came since the last call."""
        chunks = self._chunks
        if len(chunks) == 1:
            return chunks.pop()
        data = b"".join(chunks)
        chunks.clear()
        return data

    def close(self) -> None:
        """Read no more: part from the parser, which refers back to this object."""
        self._parser = None

    # -- callbacks of the parser -------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.complete:
            self.surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if self.status:
            self._trailer(name, lower, value)
        elif lower in NOT_ANSWERED:
            self._about_connection(lower, value.strip())
        else:
            self.fields.append((name, value.strip()))

    def on_headers_complete(self) -> None:
        if self.complete:  # of a surplus response, which says nothing about this one
            return
        status: int = self._parser.get_status_code()  # type: ignore[union-attr]
        if status < 200 and not (status == 101 and self._may_switch):
            self._interim(status)
            return
        fields = self.fields
        if status > 599:
            self.problem = f"status: {status}"
        elif len(fields) > FIELD_LIMIT or (self._fed > HEAD_LIMIT and _size(fields) > HEAD_LIMIT):
            self.problem = "head too large"
        self.status = status
        if self._nominated:
            nominated = self._nominated
            self.fields = [field for field in fields if field[0].lower() not in nominated]
        if self._head_only:
            if self.length is None:
                self.length_withheld = True
            else:
                self.fields.append((b"Content-Length", b"%d" % self.length))
            self._end()
        elif status == 101:
            self.fields.append((b"Upgrade", self._upgrade))

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self.surplus = True
        else:
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        if self.status and not self.complete:
            self._end()

    def _end(self) -> None:
        self.complete = True
        self.keep_alive = self._parser.should_keep_alive()  # type: ignore[union-attr]

    def _interim(self, status: int) -> None:
        """Pass over a 1xx head. The parser reports it as a message of its own."""
        # Differs: [interim-answers] RFC 9110 §15.2 wants 103 passed on; only 101 reaches a client.
        if status < 100 or status == 101:
            self.problem = f"status: {status}"
        self.fields.clear()
        self.length = self._nominated = None
        self._chunked = False

    def _about_connection(self, name: bytes, value: bytes) -> None:
        match name:
            case b"content-length":
                self.length = int(value)
            case b"transfer-encoding":
                if self._chunked or value.lower() != b"chunked":
                    self.problem = "transfer coding other than chunked"
                self._chunked = True
            case b"connection" if value not in _USUAL:
                options = frozenset(option.strip().lower() for option in value.split(b","))
                self._nominated = options | (self._nominated or options)
            case b"keep-alive" if found := _KEEP_ALIVE_TIMEOUT.search(value):
                self.retire_after = int(found[1])
            case b"upgrade":
                self._upgrade = value

    def _trailer(self, name: bytes, lower: bytes, value: bytes) -> None:
        if lower in FORWARDED and not self.complete:
            if self.trailers is None:
                self.trailers = []
            self.trailers.append((name, value.strip()))


def _size(fields: Fields) -> int:
    return sum(len(name) + len(value) for name, value in fields)
