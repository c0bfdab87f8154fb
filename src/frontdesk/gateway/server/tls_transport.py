"""Owns TLS between a client's socket and its connection: the handshake, records both ways, the end.

To the socket it is the protocol, to the connection the transport. What is encrypted is written at once, so that
back-pressure is the socket's alone. Knows nothing of HTTP. Sources: RFC 8446 §5.1, §6.1; RFC 5246 §7.2.1.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from frontdesk.base.wheel import Timer
from frontdesk.gateway.server.limits import LINGER_TIME
from frontdesk.gateway.server.shared import Shared
from frontdesk.gateway.server.tls import ListenerTls
from frontdesk.gateway.server.wire import peer_of

_RECORD: Final = 16 * 1024
"""The most that a record carries (RFC 8446 §5.1): read with so much room, none is read in part."""


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """The server's end of one client's TLS.

    There is no connection before the handshake is done, and none hears of a handshake that fails: that is
    told to the listener, once the client has said something. Until then it is itself what the registry knows.
    """

    __slots__ = (
        "_client_ended",
        "_closing",
        "_connection",
        "_ended",
        "_greeted",
        "_incoming",
        "_make",
        "_outgoing",
        "_secured",
        "_shared",
        "_socket",
        "_stalled",
        "_timer",
        "_tls",
    )

    def __init__(
        self, shared: Shared, tls: ListenerTls, make: Callable[[], asyncio.Protocol]
    ) -> None:
        """make: makes the connection when the handshake is done."""
        super().__init__()
        self._shared = shared
        self._tls = tls
        self._make = make
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._secured = tls.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._socket: asyncio.Transport
        self._timer: Timer
        self._connection: asyncio.Protocol | None = None
        self._greeted = False  # the client has said something
        self._stalled = False  # it does not read what it is sent
        self._client_ended = False  # it has sent close_notify
        self._ended = False  # so have we: nothing goes out behind it
        self._closing = False  # the connection has done with us

    # -- protocol of the socket -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the client's hello."""
        self._socket = cast("asyncio.Transport", transport)
        self._wait(self._shared.limits.header_timeout, self._late)
        if not self._shared.registry.expect(self):
            self.drain()

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket; those behind the client's end are nobody's (RFC 8446 §6.1)."""
        if self._client_ended:
            return
        self._incoming.write(data)
        if self._connection is not None:
            self._receive(self._connection)
        else:
            self._shake_hands()

    def eof_received(self) -> bool:
        """Take the end of the socket: only after close_notify may the connection go on sending."""
        if not self._client_ended and not self._closing and self._connection is not None:
            self._break_off()
        return self._client_ended and not self._closing

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection, or the handshake."""
        connection, self._connection = self._connection, None
        self._timer.forget()
        self._ended = self._closing = True
        if connection is not None:
            connection.connection_lost(exc)
        else:
            self._shared.registry.remove(self)
            self._give_up("closed")

    def pause_writing(self) -> None:
        """The client does not read."""
        self._stalled = True
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled = False
        if self._outgoing.pending:
            self._flush()
        if self._connection is not None:
            self._connection.resume_writing()

    # -- the handshake ----------------------------------------------------------------------------

    def _shake_hands(self) -> None:
        self._greeted = True
        try:
            self._secured.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()  # the alert, which tells the client why
            self._give_up(_reason(error))
            self._socket.close()
        else:
            self._flush()
            self._timer.forget()
            self._connection = self._make()
            self._connection.connection_made(self)
            self._shared.registry.remove(self)
            if self._incoming.pending:
                self._receive(self._connection)

    @property
    def busy(self) -> bool:
        """See registry.Connection: nobody has asked for anything yet."""
        return False

    def drain(self) -> None:
        """Close at once, as an idle connection; that is no failure of the client's."""
        self._greeted = False
        self._socket.abort()

    def _late(self) -> None:
        self._give_up("timeout")
        self._socket.abort()

    def _give_up(self, reason: str) -> None:
        if self._greeted:
            self._greeted = False  # it is told once
            self._tls.tell_failed(peer_of(self._socket), reason)

    # -- records ----------------------------------------------------------------------------------

    def _receive(self, connection: asyncio.Protocol) -> None:
        """Hand over what has come in whole records, in one piece."""
        pieces: list[bytes] = []
        try:
            while piece := self._secured.read(_RECORD):
                pieces.append(piece)
                if not self._incoming.pending:
                    break
            else:
                self._client_ended = True
        except ssl.SSLWantReadError:
            pass  # the rest of a record is still to come
        except ssl.SSLZeroReturnError:  # how OpenSSL tells the end where we have ended before
            self._client_ended = True
        except ssl.SSLError:
            self._flush()  # the alert
            self._break_off()
            return
        if pieces and not self._closing:
            connection.data_received(b"".join(pieces))
        if self._outgoing.pending:  # answers of TLS itself, such as to a new key
            if not self._stalled:
                self._flush()
            elif self._outgoing.pending > _RECORD:  # the client asks for more and reads none
                self._socket.abort()
        if self._client_ended:
            self._take_end()

    def _take_end(self) -> None:
        """End with the client, unless the connection, perhaps another one by now, wants to go on."""
        connection = self._connection
        if self._closing or connection is None or not connection.eof_received():
            self.close()

    def _break_off(self) -> None:
        """End without the client's end: what is written has a moment, what is still to come finds no way out."""
        self._ended = self._closing = True
        self._socket.close()
        self._wait(LINGER_TIME, self._socket.abort)

    def _flush(self) -> None:
        self._socket.write(self._outgoing.read())

    def _wait(self, seconds: float, late: Callable[[], None]) -> None:
        self._timer = self._shared.wheel.timer(late)
        self._timer.at(self._shared.clock.monotonic() + seconds)

    # -- transport of the connection --------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes. Without effect once the end has been sent."""
        if self._ended or not data:
            return
        sent = self._secured.write(data)
        while sent < len(data):  # one record at a time
            sent += self._secured.write(memoryview(data)[sent:])
        self._socket.write(self._outgoing.read())

    def can_write_eof(self) -> bool:
        """Each direction ends on its own, by close_notify (RFC 8446 §6.1)."""
        return True

    def write_eof(self) -> None:
        """Send no more; what the client sends is still received.

        The socket stays open both ways: some clients drop what they have not read yet when it ends.
        """
        if not self._ended:
            self._ended = True
            with contextlib.suppress(ssl.SSLError):  # the client's own end is still to come
                self._secured.unwrap()
            self._flush()

    def close(self) -> None:
        """Close after what has been written, once the client has ended too, or after a while."""
        if not self._closing:
            self._closing = True
            self.write_eof()
            self._wait(LINGER_TIME, self._socket.close)
        if self._client_ended:
            self._socket.close()

    def abort(self) -> None:
        """Close now: nothing more is sent or handed over."""
        self._ended = self._closing = True
        self._socket.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or will be after what has been written."""
        return self._closing or self._socket.is_closing()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Go on with another connection."""
        self._connection = cast("asyncio.Protocol", protocol)

    def pause_reading(self) -> None:
        """Receive no more: nothing is left undecrypted on our side."""
        self._socket.pause_reading()

    def resume_reading(self) -> None:
        """Receive again."""
        self._socket.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the connection is told to pause and resume, in encrypted bytes."""
        self._socket.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Return how many encrypted bytes wait for the client."""
        return self._socket.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return `ssl_object`, or what the socket knows by that name."""
        return self._secured if name == "ssl_object" else self._socket.get_extra_info(name, default)


def _reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's word for what was wrong, `no_shared_cipher` say."""
    return (error.reason or "unknown").lower()
