"""Owns a body that passes to its client while it is gathered for the cache. Knows no cache."""

from collections.abc import Callable

from frontdesk.base.streams import Fields, Sink, Source


class Gathered:
    """Source of a body for the client, and Sink of it as it comes.

    While it is gathered the client does not slow it down: whoever waits for the answer does not wait for a
    slow reader. What is too large is no longer gathered and goes at the client's pace.
    """

    def __init__(
        self, source: Source, most: int, done: Callable[[bytes | None, bool], None]
    ) -> None:
        """most: bytes. done: called once: the whole body; or None, and whether it was too large."""
        self.length = source.length
        self._source = source
        self._most = most
        self._done = done
        self._pieces: list[bytes] | None = []
        self._size = 0
        self._paused = False
        self._sink: Sink

    # -- for the client -------------------------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._sink = sink
        self._source.attach(self)

    def pause(self) -> None:
        """See Source."""
        self._paused = True
        if self._pieces is None:
            self._source.pause()

    def resume(self) -> None:
        """See Source."""
        self._paused = False
        self._source.resume()

    def cancel(self) -> None:
        """See Source."""
        self._settle(None, too_large=False)
        self._source.cancel()

    # -- of the integration ---------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """See Sink."""
        if self._pieces is not None:
            self._pieces.append(data)
            self._size += len(data)
            if self._size > self._most:
                self._settle(None, too_large=True)
                if self._paused:
                    self._source.pause()
        self._sink.write(data)

    def end(self, trailers: Fields | None = None) -> None:
        """See Sink."""
        if self._pieces is not None:  # first: with the client's end the exchange is over
            self._settle(b"".join(self._pieces), too_large=False)
        self._sink.end(trailers)

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._settle(None, too_large=False)
        self._sink.abort(reason)

    def _settle(self, whole: bytes | None, *, too_large: bool) -> None:
        if self._pieces is not None:
            self._pieces = None
            self._done(whole, too_large)
