"""Owns a connection after 101 Switching Protocols: raw bytes both ways. Knows no HTTP."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

from frontdesk.base.streams import HIGH_WATER, LOW_WATER, Duplex, Fields, Sink
from frontdesk.base.wheel import Wheel

IDLE: Final = 600.0
"""Seconds without a byte in either direction that end a tunnel, as in AWS's WebSocket APIs."""


class Tunnel(asyncio.Protocol):
    """The backend's end of a tunnel: a Duplex that has taken the transport over."""

    length: int | None = None

    def __init__(
        self,
        transport: asyncio.Transport,
        first: bytes,
        gone: Callable[[], None],
        wheel: Wheel,
        monotonic: Callable[[], float],
    ) -> None:
        """first: bytes that came behind the 101. gone: called once when the connection has ended."""
        self._transport = transport
        self._held = first
        self._gone = gone
        self._monotonic = monotonic
        self._timer = wheel.timer(self._expire)
        self._peer: Duplex | None = None
        self._backend_ended = False
        self._client_ended = False
        transport.pause_reading()  # until somebody listens
        transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        transport.set_protocol(self)
        self._touch()

    def break_off(self, reason: str) -> None:
        """End both directions at once, and tell the client's end."""
        self._backend_has_ended(reason)
        self._leave_client()
        self.cancel()

    def _touch(self) -> None:
        self._timer.at(self._monotonic() + IDLE)

    def _expire(self) -> None:
        self.break_off("timeout")

    # -- the transport's side ----------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._touch()
        if self._peer is not None:
            self._peer.write(data)
        else:
            self._held += data

    def eof_received(self) -> bool:
        """Pass a half-close on; our own direction stays open until the client ends it."""
        self._backend_has_ended("")
        return not self._client_ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.stop()
        self._backend_has_ended("closed" if exc is not None else "")
        self._leave_client()
        self._gone()

    def pause_writing(self) -> None:
        if self._peer is not None:
            self._peer.pause()

    def resume_writing(self) -> None:
        if self._peer is not None:
            self._peer.resume()

    def _leave_client(self) -> None:
        """Take no more of what the client says: it is not kept for that, whatever it has been told before."""
        peer, self._peer = self._peer, None
        if peer is not None and not self._client_ended:
            peer.cancel()

    def _backend_has_ended(self, why_broken: str) -> None:
        if self._backend_ended:
            return
        self._backend_ended = True
        if self._peer is None:
            return
        if why_broken:
            self._peer.abort(why_broken)
        else:
            self._peer.end()

    # -- Source: what the backend says -------------------------------------------------------------

    def attach(self, sink: Sink) -> None:
        self._peer = cast("Duplex", sink)
        held, self._held = self._held, b""
        if held:
            sink.write(held)
        if self._backend_ended:
            sink.end()
        else:
            self._transport.resume_reading()

    def pause(self) -> None:
        self._transport.pause_reading()

    def resume(self) -> None:
        if not self._backend_ended:
            self._transport.resume_reading()

    def cancel(self) -> None:
        """End both directions at once; the client's end knows."""
        self._backend_ended = True
        self._peer = None
        self._transport.abort()

    # -- Sink: what the client says ----------------------------------------------------------------

    def write(self, data: bytes) -> None:
        self._touch()
        self._transport.write(data)

    def end(self, _trailers: Fields | None = None) -> None:
        """Close our direction. TLS knows no half-close: there both directions end."""
        self._client_ended = True
        if self._backend_ended or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()

    def abort(self, _reason: str) -> None:
        self.cancel()
