"""Owns request bodies: how their end is found, and the Source that hands them to an integration.

Knows no socket: the connection feeds it and is told when to read on.
"""

from collections.abc import Callable
from typing import Final, Protocol

from httptools import HttpParserError, HttpRequestParser

from frontdesk.base.streams import HIGH_WATER, Fields, Sink
from frontdesk.gateway.server.deadlines import NEVER
from frontdesk.gateway.server.heads import CHUNKED, Request
from frontdesk.gateway.server.limits import DRAIN_BYTES, Limits

_CHUNKED_HEAD: Final = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
_EXTENSION_BYTES: Final = 16 * 1024  # of all chunk extensions and trailers of one body
_CHUNK_OVERHEAD: Final = 20  # of one chunk without extension: 16 digits, two line ends
_END: Final = b"\r\n\r\n"


class Framing(Protocol):
    """Finds the end of one body in the bytes of a connection."""

    done: bool
    trailers: Fields | None

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Return the body's bytes in `data` from `at` on, and where the rest begins.

        Raises: HttpParserError for a broken body.
        """
        ...


class LengthFraming:
    """A body of `Content-Length` bytes."""

    __slots__ = ("done", "remaining", "trailers")

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.done = False
        self.trailers: Fields | None = None

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Count."""
        end = at + self.remaining
        piece = data[at:end]
        self.remaining -= len(piece)
        self.done = self.remaining == 0
        return piece, at + len(piece)


class ChunkedFraming:
    """A chunked body, read by a parser of its own that knows nothing of the head.

    Chunk extensions are dropped (RFC 9112 §7.1.1); trailers are kept apart from the head's fields.
    """

    __slots__ = ("_overhead", "_parser", "_payload", "_tail", "done", "trailers")

    def __init__(self) -> None:
        self.done = False
        self.trailers: Fields | None = None
        self._payload: list[bytes] = []
        self._tail = b""
        self._overhead = _EXTENSION_BYTES
        self._parser = HttpRequestParser(self)
        self._parser.feed_data(_CHUNKED_HEAD)
        self.trailers = None

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Read chunks. Raises: HttpParserError."""
        # A body ends with a blank line. Fed piece by piece up to the next one, the parser can never run
        # on into the request that follows.
        while not self.done and at < len(data):
            end = self._next_blank_line(data, at)
            piece = data[at:end]
            self._overhead -= len(piece)
            self._parser.feed_data(piece)
            self._tail = (self._tail + piece)[-len(_END) + 1 :]
            at = end
            if self._overhead < 0:
                raise HttpParserError("too many chunk extensions or trailers")
        payload = b"".join(self._payload)
        self._payload.clear()
        if self.done:
            del self._parser  # it refers to its callbacks, which refer to this
        return payload, at

    def _next_blank_line(self, data: bytes, at: int) -> int:
        seam = (self._tail + data[at : at + len(_END) - 1]).find(_END)
        if seam >= 0:
            return at + seam + len(_END) - len(self._tail)
        found = data.find(_END, at)
        return len(data) if found < 0 else found + len(_END)

    def on_chunk_header(self) -> None:
        """(httptools) A chunk begins."""
        self._overhead += _CHUNK_OVERHEAD

    def on_body(self, data: bytes) -> None:
        """(httptools) Bytes of a chunk."""
        self._payload.append(data)
        self._overhead += len(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """(httptools) A trailer field."""
        if self.trailers is None:
            self.trailers = []
        self.trailers.append((name, value.strip(b" \t")))

    def on_message_complete(self) -> None:
        """(httptools) The body is complete."""
        self.done = True


class Control(Protocol):
    """What a body asks of its connection."""

    def want_body(self) -> None:
        """Somebody will consume the body: answer an expectation, read on."""
        ...

    def hold_body(self) -> None:
        """Read no more for now."""
        ...


class RequestBody:
    """A body on its way in: the Source of an exchange whose message was not complete at first sight."""

    __slots__ = (
        "_buffer",
        "_buffered",
        "_control",
        "_framing",
        "_limits",
        "_now",
        "_on_collected",
        "_paused",
        "_since",
        "_sink",
        "_waits_from",
        "abandoned",
        "length",
        "received",
    )

    def __init__(
        self, request: Request, control: Control, limits: Limits, monotonic: Callable[[], float]
    ) -> None:
        chunked = request.length == CHUNKED
        self.length: int | None = None if chunked else request.length
        self._framing: Framing = ChunkedFraming() if chunked else LengthFraming(request.length)
        self._control: Control | None = control
        self._limits = limits
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._sink: Sink | None = None
        self._on_collected: Callable[[bytes], None] | None = None
        self._paused = request.expects_continue  # nothing comes before 100 is sent
        self.abandoned = False
        self.received = 0
        self._now = monotonic
        self._waits_from = monotonic()
        self._since = (self._waits_from, 0)  # when and at what byte it was last free to send

    # -- fed by the connection --------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """All of the body has arrived."""
        return self._framing.done

    @property
    def droppable(self) -> bool:
        """The rest is known to be so small that reading it costs less than a new connection."""
        return self.length is not None and self.length - self.received <= DRAIN_BYTES

    def feed(self, data: bytes, at: int = 0) -> int:
        """Take the body's part of `data` from `at` on; return where the rest begins.

        Raises: HttpParserError when the body is broken.
        """
        payload, at = self._framing.take(data, at)
        self.received += len(payload)
        self._waits_from = self._now()
        if payload and not self.abandoned:
            if self._sink is not None:
                self._sink.write(payload)
            else:
                self._keep(payload)
        return at

    def finish(self) -> None:
        """Tell the receiver that the body is complete. Call it after the `feed` that made it `done`."""
        sink, collected = self._sink, self._on_collected
        self._sink = self._on_collected = None
        if collected is not None:
            collected(self.taken())
        elif sink is not None:
            self._control = None
            sink.end(self._framing.trailers)

    def taken(self) -> bytes:
        """Take all that is buffered."""
        whole = b"".join(self._buffer)
        self._buffer.clear()
        self._buffered = 0
        return whole

    def fail(self, reason: str) -> None:
        """The rest will never come."""
        sink, self._sink = self._sink, None
        self._control = self._on_collected = None
        self.abandoned = True
        self._buffer.clear()
        if sink is not None:
            sink.abort(reason)

    def deadline(self) -> float:
        """Monotonic second by which the next piece must have arrived; NEVER while nobody reads."""
        if self._paused or self.done:
            return NEVER
        limits = self._limits
        started, at_byte = self._since
        steady = started + limits.min_rate_grace + (self.received - at_byte) / limits.min_rate
        return min(self._waits_from + limits.body_gap, steady)

    def _keep(self, payload: bytes) -> None:
        self._buffer.append(payload)
        self._buffered += len(payload)
        if self._on_collected is None and self._buffered >= HIGH_WATER:
            self.pause()

    # -- used by the pipeline ---------------------------------------------------------------------

    def collect(self, on_collected: Callable[[bytes], None]) -> None:
        """Read the rest into memory, then give the whole body to `on_collected`.

        All of it may have come already, while a stage was parked. A body that has failed is never given.
        """
        if self.abandoned:
            return
        self._on_collected = on_collected
        if self.done:
            self.finish()
        else:
            self.resume()

    def attach(self, sink: Sink) -> None:
        """Deliver to `sink`, first what is buffered."""
        self._sink = sink
        kept = self.taken()
        if kept:
            sink.write(kept)
        if self.done:
            self.finish()
        else:
            self.resume()

    def pause(self) -> None:
        """Stop the client from sending."""
        if not self._paused and self._control is not None:
            self._paused = True
            self._control.hold_body()

    def resume(self) -> None:
        """Let it send."""
        if self._paused:
            self._paused = False
            self._waits_from = self._now()
            self._since = (self._waits_from, self.received)
        if self._control is not None:
            self._control.want_body()

    def cancel(self) -> None:
        """Nobody wants the rest: read it and drop it."""
        self.abandoned = True
        self._sink = self._on_collected = None
        self._buffer.clear()
        self.resume()
