"""Owns waiting for the whole of a body that comes in parts, up to a limit."""

from collections.abc import Callable
from typing import Final

from frontdesk.base.streams import Fields, Source

TOO_LARGE: Final = "too large"


class Gathering:
    """Takes a body until all of it is there. One of its two callbacks is called, once."""

    __slots__ = ("_chunks", "_done", "_failed", "_left", "_source")

    def __init__(
        self,
        source: Source,
        most: int,
        done: Callable[[bytes], None],
        failed: Callable[[str], None],
    ) -> None:
        """most: bytes. done: takes the body. failed: told why there is none, `TOO_LARGE` or another word."""
        self._source = source
        self._left = most
        self._done = done
        self._failed = failed
        self._chunks: list[bytes] = []

    def begin(self) -> None:
        """Begin to take it; it may be over before this returns."""
        self._source.attach(self)

    def cancel(self) -> None:
        """Give it up: neither callback will be called."""
        self._source.cancel()

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._left -= len(data)
        if self._left >= 0:
            self._chunks.append(data)
            return
        self._source.cancel()
        self._failed(TOO_LARGE)

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - nobody asks for them
        """See Sink."""
        self._done(b"".join(self._chunks))

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._failed(reason)
