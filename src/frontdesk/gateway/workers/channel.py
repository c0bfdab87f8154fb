"""Owns one end of the socket between a supervisor and a worker: frames out, frames in, and its end.

Knows no meaning of a frame but who takes its kind.
"""

import asyncio
import pickle
import socket
from collections.abc import Callable, Mapping
from typing import Any, cast

from frontdesk.base.streams import HIGH_WATER, LOW_WATER
from frontdesk.gateway.workers.frames import Decoder, pack

Take = Callable[[int, bytes], None]
"""Takes number and body of a frame."""


class Channel(asyncio.Protocol):
    """One end: say with `takes` who takes what, then `open` it. Nothing is sent before."""

    def __init__(self) -> None:
        self._takers: dict[int, Take] = {}
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self.full = False
        """The other side does not keep up."""
        self.on_full: Callable[[], None] = lambda: None
        """Called whenever `full` has changed."""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the other side has gone, or after `close`."""

    def takes(self, takers: Mapping[int, Take]) -> None:
        """Give frames to whom they concern. takers: by kind."""
        self._takers.update(takers)

    async def open(self, end: socket.socket) -> None:
        """Speak through a connected socket, which is the channel's from now on."""
        await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=end)

    def send(self, kind: int, number: int, value: object = None) -> None:
        """Send a frame whose body is a pickled value."""
        self.send_bytes(kind, number, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))

    def send_bytes(self, kind: int, number: int, body: bytes) -> None:
        """Send a frame. Once the other side has gone it goes nowhere."""
        if self._transport is not None:
            self._transport.write(pack(kind, number, body))

    def close(self) -> None:
        """Say no more; what has been said still arrives."""
        if self._transport is not None:
            self._transport.close()

    # -- asyncio.Protocol -----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        for kind, number, body in self._decoder.feed(data):
            self._takers[kind](number, body)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self.full = True
        self.on_full()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self.full = False
        self.on_full()

    def connection_lost(self, _exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)


def value_of(body: bytes) -> Any:
    """Read the value in the body of a frame."""
    return pickle.loads(body)  # noqa: S301 - the other end is this program, and nobody else has the socket
