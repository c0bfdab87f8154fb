"""Owns a client's connection after 101 Switching Protocols: raw bytes both ways, with back-pressure."""

import asyncio
from collections.abc import Callable

from frontdesk.base.streams import Duplex, Fields, Sink
from frontdesk.gateway.server.shared import Shared


class ClientTunnel(asyncio.Protocol):
    """The client's end of a tunnel: a Duplex for the other end, a protocol for the socket.

    It is attached to the other end as its sink, and is also the source of what the client sends: the
    other end calls `pause` and `resume` on it. Closes when both directions have ended, and when either
    end breaks. The other end watches over a tunnel without traffic; once it has ended, the client has
    `idle_timeout` to read what it is owed, or to say more.
    """

    length: int | None = None

    def __init__(
        self,
        transport: asyncio.Transport,
        backend: Duplex,
        shared: Shared,
        on_closed: Callable[[int, int], None],
    ) -> None:
        """on_closed: called once with the bytes received from and sent to the client."""
        self._transport = transport
        self._backend: Duplex | None = backend
        self._shared = shared
        self._on_closed = on_closed
        self._timer = shared.wheel.timer(transport.abort)
        self._received = 0
        self._sent = 0
        self._client_ended = False
        self._backend_ended = False

    def start(self, early: bytes) -> None:
        """Begin to relay. early: what the client sent behind its handshake."""
        if self._backend is not None:
            self._backend.attach(self)
        if early:
            self.data_received(early)
        if self._shared.registry.draining:  # since its handshake began
            self.drain()

    # -- from the client --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Relay to the backend."""
        self._received += len(data)
        if self._backend is not None:
            self._backend.write(data)
        if self._backend_ended:
            self._wait()

    def eof_received(self) -> bool:
        """Half-close the backend; the other direction may go on."""
        self._client_ended = True
        if self._backend is not None:
            self._backend.end()
        return not self._backend_ended

    def pause_writing(self) -> None:
        """The client does not read as fast as the backend sends."""
        if self._backend is not None:
            self._backend.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._backend is not None:
            self._backend.resume()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client has gone; where both have ended, the backend gets what is still on its way."""
        self._timer.forget()
        self._shared.registry.remove(self)
        backend, self._backend = self._backend, None
        if backend is not None and not (self._client_ended and self._backend_ended):
            backend.cancel()
        self._on_closed(self._received, self._sent)

    # -- from the backend: Sink -------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Relay to the client."""
        self._sent += len(data)
        self._transport.write(data)

    def end(self, _trailers: Fields | None = None) -> None:
        """The backend sends no more."""
        self._backend_ended = True
        if self._backend is None:
            return
        if self._client_ended:
            self._transport.close()
        else:
            self._transport.write_eof()
        self._wait()

    def abort(self, _reason: str = "") -> None:
        """The backend has broken off, or the server stops."""
        self._transport.abort()

    # -- from the backend: Source of what the client sends ----------------------------------------

    def attach(self, sink: Sink) -> None:
        """Not needed: the backend is known from the beginning, and is fed as soon as bytes come."""

    def pause(self) -> None:
        """The backend does not take more."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """The backend has caught up."""
        self._transport.resume_reading()

    def cancel(self) -> None:
        """The backend has gone."""
        self._transport.close()
        self._wait()

    # -- life -------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """See Connection: a request that has become a tunnel goes on."""
        return True

    def drain(self) -> None:
        """A tunnel has no end of its own to wait for."""
        # Differs: [close-frame] no WebSocket close frame (1012) is sent: the client sees the end.
        backend, self._backend = self._backend, None
        if backend is not None:
            backend.cancel()
        self.cancel()

    def _wait(self) -> None:
        shared = self._shared
        self._timer.at(shared.clock.monotonic() + shared.limits.idle_timeout)
