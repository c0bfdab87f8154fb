"""Owns the two directions of a client's socket, what is gathered before it is written, and whose it is."""

import asyncio
from typing import Final

from frontdesk.base.streams import HIGH_WATER, LOW_WATER

_CORK_BYTES: Final = 64 * 1024


def peer_of(transport: asyncio.BaseTransport) -> str:
    """Return the client's address, "" where there is none.

    On a listener of both families an IPv4 client comes as ::ffff:192.0.2.7 (RFC 4291 §2.5.5.2). Policies, limits
    and logs know it by its own address.
    """
    address = transport.get_extra_info("peername")
    return address[0].removeprefix("::ffff:") if isinstance(address, tuple) else ""


class Wire:
    """A transport that can be corked, and whose reading can be switched twice the same way."""

    __slots__ = ("_corked", "_pieces", "_size", "reading", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        transport.set_write_buffer_limits(high=HIGH_WATER, low=LOW_WATER)
        self.transport = transport
        self.reading = True
        self._corked = False
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send `data`, or gather it while corked."""
        if not self._corked:
            self.transport.write(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= _CORK_BYTES:
            self._flush()

    def cork(self) -> None:
        """Gather what is written until `uncork`, in pieces of 64 KiB or more."""
        self._corked = True

    def uncork(self) -> None:
        """Send what has been gathered, in one write; gather no more."""
        if self._corked:
            self._corked = False
            if self._pieces:
                self._flush()

    def pause(self) -> None:
        """Read no more."""
        if self.reading:
            self.reading = False
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if not self.reading:
            self.reading = True
            self.transport.resume_reading()

    def _flush(self) -> None:
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self.transport.write(data)
