"""Owns the two-sided contract by which bodies move: a Source feeds one Sink, with back-pressure.

A body that is complete when it is first seen is plain `bytes` and never becomes a Source.
Both sides are called on the event loop, synchronously; nobody awaits. Rules:

- `attach` is called once. Data that arrived earlier is delivered inside that call, in order.
- After `end` or `abort` the source calls nothing more; after `cancel` it calls nothing more at all.
- A sink that cannot take more calls `pause()` on its source and `resume()` when drained (high water
  256 KiB, low 64 KiB). Chunks already in flight may still arrive after `pause()`.
"""

from typing import Protocol

Field = tuple[bytes, bytes]
"""One header field: name in its sender's spelling, value without surrounding blanks."""

Fields = list[Field]

HIGH_WATER = 256 * 1024
LOW_WATER = 64 * 1024


class Sink(Protocol):
    """The receiving side of a body."""

    def write(self, data: bytes) -> None:
        """Take the next bytes, never empty."""
        ...

    def end(self, trailers: Fields | None = None) -> None:
        """The body is complete. trailers: fields after a chunked body, or None."""
        ...

    def abort(self, reason: str) -> None:
        """The body breaks off here and will never be complete. reason: for the log."""
        ...


class Source(Protocol):
    """The sending side of a body, or of one direction of a tunnel.

    length: bytes in the whole body where known (Content-Length), else None (chunked, until close).
    """

    length: int | None

    def attach(self, sink: Sink) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def cancel(self) -> None:
        """The receiver has gone: stop reading and release the connection."""
        ...


class Duplex(Source, Sink, Protocol):
    """A connection after 101 Switching Protocols: raw bytes both ways, half-close by `end`.

    Two of them are attached to each other: the sink given to `attach` is the other Duplex, and each
    pauses the other while it cannot take more.
    """
