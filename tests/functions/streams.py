"""Someone who takes a result in parts, for the tests of this room."""

from frontdesk.ports.invoker import Stream


class Taker:
    """Takes a result in parts. ended: "end", or why it was broken off; "" before."""

    def __init__(self) -> None:
        self.stream: Stream
        self.data = b""
        self.ended = ""

    def take(self, stream: Stream) -> None:
        self.stream = stream
        stream.attach(self)

    def write(self, data: bytes) -> None:
        assert data
        self.data += data

    def end(self, trailers=None) -> None:
        self.ended = "end"

    def abort(self, reason: str) -> None:
        self.ended = reason
