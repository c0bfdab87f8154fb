"""Owns results that a child sends in parts: handed on as they come, or gathered for who wants them whole.

A streamed one is the `ports.invoker.Stream`; its back-pressure is the channel's.
"""

import json
from typing import Protocol

from frontdesk.base.streams import HIGH_WATER, Fields, Sink
from frontdesk.functions.frames import MAX_RESULT, MAX_STREAM, TOO_LARGE
from frontdesk.ports.invoker import Outcome


class Parts(Protocol):
    """What becomes of the parts of one result."""

    def add(self, data: bytes) -> bool:
        """Take the next part; False: the result has become longer than it may be."""
        ...

    def close(self, outcome: Outcome) -> Outcome:
        """Take the end of the call; answer what the caller is told."""
        ...


class Gathered:
    """Parts for a caller that wants one payload."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> bool:
        """Keep the part, unless there are too many: what follows is dropped."""
        self._size += len(data)
        if self._size <= MAX_RESULT:
            self._parts.append(data)
        return True

    def close(self, outcome: Outcome) -> Outcome:
        """Make the parts the payload of a call that went well."""
        if outcome.error:
            return outcome
        if self._size > MAX_RESULT:
            error = {"errorMessage": TOO_LARGE, "errorType": "Function.ResponseSizeTooLarge"}
            return outcome._replace(payload=json.dumps(error).encode(), error="Unhandled")
        return outcome._replace(payload=b"".join(self._parts))


class Pausable(Protocol):
    """Whoever sends parts."""

    def pause(self) -> None:
        """Send nothing for now."""
        ...

    def resume(self) -> None:
        """Send on."""
        ...


class Streamed:
    """Parts on their way to a sink (`ports.invoker.Stream`)."""

    length: int | None = None

    def __init__(self, content_type: str, request_id: str, sender: Pausable) -> None:
        self.content_type = content_type
        self.request_id = request_id
        self._sender: Pausable | None = sender
        self._sink: Sink | None = None
        self._kept: list[bytes] = []  # while there is no sink
        self._size = 0
        self._outcome: Outcome | None = None  # once the call is over

    # -- as Parts ---------------------------------------------------------------------------------

    def add(self, data: bytes) -> bool:
        """Hand the part on."""
        # Differs: [stream-rate] AWS slows a stream down to 2 MB/s after its first 6 MB.
        self._size += len(data)
        if self._size > MAX_STREAM:
            return False
        if self._sink is not None:
            self._sink.write(data)
        else:
            self._kept.append(data)
            if self._size > HIGH_WATER:
                self.pause()
        return True

    def close(self, outcome: Outcome) -> Outcome:
        """End the stream, or break it off."""
        self._sender = None
        self._outcome = outcome
        if self._sink is not None:
            _end(self._sink, outcome)
        return outcome

    # -- as Stream --------------------------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        """Deliver to `sink`, first what has been kept."""
        self._sink = sink
        self.resume()
        kept = b"".join(self._kept)
        self._kept.clear()
        if kept:
            sink.write(kept)
        if self._outcome is not None:
            _end(self._sink, self._outcome)

    def pause(self) -> None:
        """Make the function wait when the channel is full."""
        if self._sender is not None:
            self._sender.pause()

    def resume(self) -> None:
        """Let it go on."""
        if self._sender is not None:
            self._sender.resume()

    def cancel(self) -> None:
        """Hear no more."""
        self._sink = _Nobody()
        self._kept.clear()
        self.resume()


def _end(sink: Sink, outcome: Outcome) -> None:
    if outcome.error:
        sink.abort(f"function:{outcome.error.lower()}")
    else:
        sink.end()


class _Nobody:
    """The sink of a stream that nobody hears any more."""

    def write(self, data: bytes) -> None:
        """Drop it."""

    def end(self, trailers: Fields | None = None) -> None:
        """Nothing waits for it."""

    def abort(self, reason: str) -> None:
        """Likewise."""
