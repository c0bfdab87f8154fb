"""Owns the two bodies of a connection while they move: the response's Source and the request's Sink.

Each serves one exchange; the connection outlives them. A body that is complete at once needs neither.
"""

from typing import Protocol

from frontdesk.base.streams import HIGH_WATER, Fields, Sink, Source
from frontdesk.rules.http.trailers import FORWARDED


class Flow(Protocol):
    """What bodies ask of their connection."""

    def pause_answer(self) -> None: ...

    def resume_answer(self) -> None: ...

    def drop_answer(self) -> None:
        """Close the connection: nobody wants the rest of the answer."""
        ...

    def send(self, data: bytes) -> None:
        """Write a piece of the request."""
        ...

    def give_up(self, reason: str) -> None:
        """Close the connection: the rest of the request will not come."""
        ...


class ResponseBody:
    """The Source of a response that is still coming. Holds what came before a sink was attached."""

    __slots__ = ("_broken", "_ended", "_flow", "_held", "_sink", "_trailers", "length")

    def __init__(self, flow: Flow, length: int | None) -> None:
        self.length = length
        self._flow: Flow | None = flow
        self._sink: Sink | None = None
        self._held = b""
        self._ended = False
        self._trailers: Fields | None = None
        self._broken = ""

    # -- the connection's side ---------------------------------------------------------------------

    @property
    def attached(self) -> bool:
        """Whether somebody receives the body."""
        return self._sink is not None

    def write(self, data: bytes) -> None:
        """Pass on what one read brought; nothing when it brought framing only."""
        if not data:
            return
        if self._sink is not None:
            self._sink.write(data)
            return
        self._held += data
        if len(self._held) > HIGH_WATER:
            self.pause()

    def finish(self, data: bytes, trailers: Fields | None) -> None:
        """Pass on the last bytes. The connection serves others from now on."""
        self._flow = None
        self._ended = True
        self._trailers = trailers
        self.write(data)
        if self._sink is not None:
            self._sink.end(trailers)

    def abort(self, reason: str) -> None:
        """Break off: the rest will not come."""
        self._flow = None
        self._broken = reason
        if self._sink is not None:
            self._sink.abort(reason)

    # -- the receiver's side -----------------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        self._sink = sink
        held, self._held = self._held, b""
        self.write(held)
        if self._broken:
            sink.abort(self._broken)
        elif self._ended:
            sink.end(self._trailers)
        elif len(held) > HIGH_WATER:
            self.resume()

    def pause(self) -> None:
        if self._flow is not None:
            self._flow.pause_answer()

    def resume(self) -> None:
        if self._flow is not None:
            self._flow.resume_answer()

    def cancel(self) -> None:
        flow, self._flow = self._flow, None
        self._sink = None
        if flow is not None:
            flow.drop_answer()


class RequestBody:
    """The Sink through which a request body that is still coming reaches the backend.

    The head waits for the first piece, so that both leave in one write.
    """

    __slots__ = ("_chunked", "_flow", "_head", "done", "source")

    def __init__(self, flow: Flow, head: bytes, source: Source) -> None:
        """head: complete, but for the framing of the body and the empty line."""
        self.source = source
        self.done = False
        self._flow: Flow | None = flow
        length = source.length
        self._chunked = length is None
        framing = (
            b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
        )
        self._head = b"%b%b\r\n\r\n" % (head, framing)

    def start(self) -> None:
        """Send the head, with what is already there of the body."""
        self.source.attach(self)
        self._send(b"")

    def detach(self) -> None:
        """Let go of the connection: whatever still comes is lost."""
        self._flow = None

    def write(self, data: bytes) -> None:
        self._send(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self, trailers: Fields | None = None) -> None:
        self.done = True
        if self._chunked:
            lines = [
                b"%b: %b\r\n" % field for field in trailers or () if field[0].lower() in FORWARDED
            ]
            self._send(b"0\r\n%b\r\n" % b"".join(lines))

    def abort(self, reason: str) -> None:
        self.done = True
        if self._flow is not None:
            self._flow.give_up(reason)

    def _send(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        if data and self._flow is not None:
            self._flow.send(data)
