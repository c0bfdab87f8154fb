"""Owns an answer whose body is still being filled: the Sink that frames its pieces for the client."""

from typing import Final, Protocol

from frontdesk.base.streams import Fields, Source
from frontdesk.gateway.server.writing import LAST_CHUNK, chunk, last_chunk

CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"


class Output(Protocol):
    """What a streaming answer asks of its connection."""

    def write(self, data: bytes) -> None:
        """Put bytes on the wire."""
        ...

    def reply_ended(self, sent: int, *, keep: bool) -> None:
        """The answer is complete. sent: bytes of its body. keep: as it was told."""
        ...

    def reply_broken(self, sent: int, reason: str) -> None:
        """The answer cannot be completed: the client must notice."""
        ...


class ReplyStream:
    """Frames a body as it comes, by chunks, by its length, or by the end of the connection.

    The head goes out with the first bytes, in one write; alone when there are none yet.
    """

    __slots__ = (
        "_chunked",
        "_gathered",
        "_keep",
        "_output",
        "_remaining",
        "_trailers",
        "endless",
        "sent",
        "source",
    )

    def __init__(
        self,
        output: Output,
        head: bytes,
        source: Source,
        *,
        chunked: bool,
        trailers: bool,
        endless: bool,
        keep: bool,
    ) -> None:
        """chunked: else by `source.length`, or until close where that is None.

        trailers: the client has said that it takes trailer fields. endless: server-sent events.
        keep: the head lets the connection survive the answer.
        """
        self._output: Output | None = output
        self._chunked = chunked
        self._remaining = None if chunked else source.length
        self._trailers = trailers
        self._gathered: list[bytes] | None = [head]
        self._keep = keep
        self.endless = endless
        self.source = source
        self.sent = 0

    def start(self) -> None:
        """Begin to take the body."""
        self.source.attach(self)
        gathered, self._gathered = self._gathered, None
        if gathered and self._output is not None:
            self._output.write(b"".join(gathered))

    def stop(self) -> None:
        """The client has gone: no more is wanted."""
        self._output = None
        self.source.cancel()

    def write(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        if self._remaining is not None:
            if len(data) > self._remaining:
                self.source.cancel()
                self.abort("longer_than_announced")
                return
            self._remaining -= len(data)
        self.sent += len(data)
        self._put(chunk(data) if self._chunked else data)

    def end(self, trailers: Fields | None = None) -> None:
        """Complete the answer."""
        if self._remaining:
            self.abort("shorter_than_announced")
            return
        if self._chunked:
            self._put(last_chunk(trailers) if trailers and self._trailers else LAST_CHUNK)
        output = self._leave()
        if output is not None:
            output.reply_ended(self.sent, keep=self._keep)

    def abort(self, reason: str) -> None:
        """Break the answer off."""
        output = self._leave()
        if output is not None:
            output.reply_broken(self.sent, reason)

    def _put(self, data: bytes) -> None:
        if self._gathered is not None:
            self._gathered.append(data)
        elif self._output is not None:
            self._output.write(data)

    def _leave(self) -> Output | None:
        output, self._output = self._output, None
        gathered, self._gathered = self._gathered, None
        if output is not None and gathered:
            output.write(b"".join(gathered))
        return output
