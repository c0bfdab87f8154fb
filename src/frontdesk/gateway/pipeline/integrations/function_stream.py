"""Owns the answer of a function that streams: from its first part to the client, unbuffered.

The function is paused while the client cannot take more. Source: AWS, "Set up a Lambda proxy integration
with payload response streaming".
"""

from collections.abc import Callable

from frontdesk.base.streams import Fields, Sink
from frontdesk.ports.invoker import HTTP_RESPONSE, Stream
from frontdesk.rules.events.response import Malformed, Response
from frontdesk.rules.events.streamed import Opening


class StreamedBody:
    """Reads the metadata of a stream, then is the Source of the body behind them.

    begin: called once, when there is a response; whoever wants its body attaches within that call. Not
    called for a stream that breaks off before: the Outcome tells of it.
    """

    length: int | None = None

    def __init__(self, stream: Stream, begin: Callable[[Response | Malformed], None]) -> None:
        self._stream = stream
        self._begin = begin
        self._opening = Opening() if stream.content_type == HTTP_RESPONSE else None
        self._begun = False
        self._first = b""
        self._sink: Sink | None = None

    # -- the Sink of the stream -------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Take the next part."""
        if self._sink is not None:
            self._sink.write(data)
        elif not self._begun:
            head = self._head(data)
            if head is not None:
                self._begin_with(head)

    def end(self, trailers: Fields | None = None) -> None:
        """Take the end; within metadata it makes them malformed."""
        if not self._begun:
            self._begin_with(self._head(b"") or Malformed("the stream ends within its metadata"))
        if self._sink is not None:
            self._sink.end(trailers)

    def abort(self, reason: str) -> None:
        """Break the answer off, if it has begun."""
        if self._sink is not None:
            self._sink.abort(reason)

    def _head(self, data: bytes) -> Response | Malformed | None:
        if self._opening is not None:
            return self._opening.feed(data)
        content_type = self._stream.content_type.encode("latin-1")
        return Response(200, [(b"content-type", content_type)], data)

    def _begin_with(self, head: Response | Malformed) -> None:
        self._begun = True
        if isinstance(head, Response):
            self._first = head.body
        self._begin(head)

    # -- the Source of the body -------------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        """Send the body to the client."""
        self._sink = sink
        if self._first:
            sink.write(self._first)

    def pause(self) -> None:
        """Make the function wait: the client cannot take more."""
        self._stream.pause()

    def resume(self) -> None:
        """Let it go on."""
        self._stream.resume()

    def cancel(self) -> None:
        """Let it run unheard: the client has gone."""
        self._sink = None
        self._stream.cancel()
