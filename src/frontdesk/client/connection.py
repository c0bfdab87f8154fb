"""Owns one connection to a backend: one request at a time, kept alive between them.

One write per request and one delivery per answer where they are complete; streams otherwise. Its timer
is moved, never made anew. Knows nothing of other connections: those are its keeper's.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import HIGH_WATER, LOW_WATER, Duplex, Source
from frontdesk.base.wheel import Wheel
from frontdesk.client.bodies import RequestBody, ResponseBody
from frontdesk.client.call import Call
from frontdesk.client.reader import ResponseReader
from frontdesk.client.target import Target
from frontdesk.client.tunnel import Tunnel
from frontdesk.rules.resilience.health import TargetHealth

MAX_REQUESTS: Final = 1000
"""Requests after which a connection is replaced."""
MAX_AGE: Final = 600.0
"""Seconds after which a connection is replaced, less up to a tenth so that not all go at once."""
IDLE: Final = 50.0
"""Seconds without a request after which a connection is closed: fewer than the 60 or more that servers
usually keep one, so that we close first."""

GATEWAY_ERRORS: Final = frozenset({502, 503, 504})
"""Answers that count against the health of a target, like no answer at all."""

_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
_GOLDEN: Final = 0.6180339887498949
_EVENT_STREAM: Final = b"text/event-stream"


class Keeper(Protocol):
    """The pool, as its connections see it."""

    def release(self, connection: "Connection") -> None:
        """Take the connection back: it can serve another request."""
        ...

    def gone(self, connection: "Connection") -> None:
        """Count the connection no more. Called once."""
        ...

    def replay(self, call: Call) -> None:
        """Send a call that met a stale connection once more, on a new one."""
        ...


class Connection(asyncio.Protocol):
    """One connection, from the moment its transport is made until it is lost."""

    def __init__(
        self,
        keeper: Keeper,
        target: Target,
        *,
        health: TargetHealth | None,
        read_timeout: float,
        wheel: Wheel,
        monotonic: Callable[[], float],
        number: int,
    ) -> None:
        """read_timeout: seconds to wait for the next bytes. number: of the target's connections."""
        self._keeper = keeper
        self._address = target.address
        self._host = b"Host: %b\r\n" % target.authority
        self._health = health
        self._read_timeout = read_timeout
        self._wheel = wheel
        self._monotonic = monotonic
        self._timer = wheel.timer(self._expire)
        self._transport = cast("asyncio.Transport", None)  # until connection_made
        self._tunnel: Tunnel | None = None
        self._done = False  # closed, or a tunnel: no further request
        self._paused = False
        self._served = 0
        # Spread evenly without a source of chance.
        self._retire_at = monotonic() + MAX_AGE * (1.0 - number * _GOLDEN % 1.0 / 10)
        self._reader = ResponseReader()
        # Of the request under way:
        self._call: Call | None = None
        self._upload: RequestBody | None = None
        self._body: ResponseBody | None = None
        self._endless = False  # an event stream may be silent for as long as it likes

    # -- the keeper's side -------------------------------------------------------------------------

    @property
    def usable(self) -> bool:
        """Whether the next request may be started. The transport learns of an end before we do."""
        return not (self._done or self._transport.is_closing())

    def start(self, call: Call) -> None:
        """Send a request. The connection is free and usable."""
        call.carrier = self
        call.address = self._address
        self._call = call
        self._reader.expect(call.method, upgrade=call.upgrade)
        self._served += 1
        self._timer.at(self._monotonic() + self._read_timeout)
        host = b"" if call.has_host else self._host
        body = call.body
        if type(body) is not bytes:
            self._upload = RequestBody(self, call.head + host, cast("Source", body))
            self._upload.start()
        elif body or call.method not in _BODILESS:
            self._transport.write(
                b"%b%bContent-Length: %d\r\n\r\n%b" % (call.head, host, len(body), body)
            )
        else:
            self._transport.write(b"%b%b\r\n" % (call.head, host))

    def close(self) -> None:
        """Close at once. A request under way fails."""
        if self._tunnel is not None:
            self._tunnel.break_off("closed")
        elif self._call is not None:
            self._fail("cancelled", "connection closed by us")
        else:
            self._close()

    # -- the transport's side ----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)

    def data_received(self, data: bytes) -> None:
        if self._call is None:  # bytes that nobody asked for: the next answer could not be trusted
            self._close()
            return
        reader = self._reader
        reader.feed(data)
        if reader.problem:
            self._fail("protocol", reader.problem)
        elif reader.complete:
            self._finish(reader)
        elif reader.status:
            self._stream(reader)
        else:
            self._timer.at(self._monotonic() + self._read_timeout)

    def eof_received(self) -> None:
        if self._call is None:
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        reader, call = self._reader, self._call
        if call is None:
            self._close()
            return
        if exc is None:
            reader.feed_eof()
        if reader.complete:
            self._finish(reader)
        elif self._stale(reader, call):
            self._part()
            call.replayed = True
            self._keeper.replay(
                call
            )  # before the place of this connection can be taken by a call that waits
            self._close()
        else:
            self._fail("closed", "connection closed before the answer was complete")

    def pause_writing(self) -> None:
        if self._upload is not None:
            self._upload.source.pause()

    def resume_writing(self) -> None:
        if self._upload is not None:
            self._upload.source.resume()

    # -- the caller's and the bodies' side ---------------------------------------------------------

    def drop(self, call: Call, *, too_slow: bool) -> None:
        """Let go of a cancelled call; an answer that has begun breaks off unheard."""
        if call is not self._call:
            return
        if too_slow and self._health is not None:
            self._health.failed(self._monotonic())
        self.drop_answer()

    def drop_answer(self) -> None:
        self._part()
        self._close()

    def give_up(self, reason: str) -> None:
        self._fail("cancelled", reason)

    def send(self, data: bytes) -> None:
        """Write a piece of the request's body."""
        self._await_more()
        self._transport.write(data)

    def pause_answer(self) -> None:
        if self._paused or self._done:
            return
        self._paused = True
        self._transport.pause_reading()
        if self._body is not None and self._body.attached:  # else nobody may be there to resume
            self._timer.stop()

    def resume_answer(self) -> None:
        if self._paused and not self._done:
            self._paused = False
            self._await_more()
            self._transport.resume_reading()

    # -- the answer --------------------------------------------------------------------------------

    def _stream(self, reader: ResponseReader) -> None:
        """Pass on what one read brought of an answer that is not complete."""
        if self._body is not None:
            self._await_more()
            self._body.write(reader.take())
            return
        self._endless = any(
            name.lower() == b"content-type" and value.startswith(_EVENT_STREAM)
            for name, value in reader.fields
        )
        self._await_more()
        self._body = body = ResponseBody(self, reader.length)
        body.write(reader.take())
        call = self._call
        assert call is not None
        call.respond(reader.status, reader.fields, body, None)

    def _finish(self, reader: ResponseReader) -> None:
        """Deliver a complete answer, or its end. The connection is free before the caller goes on."""
        if self._health is not None:
            self._judge(self._health, reader.status)
        call, body, upload = self._part()
        assert call is not None
        tunnel: Duplex | None = None
        if reader.switched is not None:
            tunnel = self._become_tunnel(reader.switched)
        elif upload is None:
            self._rest(reader)
        else:
            self._close()
        if body is not None:
            body.finish(reader.take(), reader.trailers)
        elif reader.trailers is None and not reader.length_withheld:
            call.respond(reader.status, reader.fields, reader.take(), tunnel)
        else:
            body = ResponseBody(self, None)
            body.finish(reader.take(), reader.trailers)
            call.respond(reader.status, reader.fields, body, None)
        if upload is not None:
            upload.source.cancel()

    def _rest(self, reader: ResponseReader) -> None:
        """Wait for the next request, unless the connection has served its time."""
        now = self._monotonic()
        idle = IDLE if reader.retire_after is None else min(IDLE, reader.retire_after - 1.0)
        if (
            not reader.keep_alive
            or reader.surplus
            or self._served >= MAX_REQUESTS
            or now > self._retire_at
            or idle <= 0.0
            or self._transport.is_closing()
        ):
            self._close()
            return
        self._timer.at(now + idle)
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._keeper.release(self)

    def _become_tunnel(self, first: bytes) -> Tunnel:
        self._done = True
        self._timer.stop()
        self._reader.close()
        self._tunnel = Tunnel(self._transport, first, self._lost, self._wheel, self._monotonic)
        return self._tunnel

    # -- the end -----------------------------------------------------------------------------------

    def _stale(self, reader: ResponseReader, call: Call) -> bool:
        """Whether the backend closed a kept connection just as we used it: nobody's failure.

        Then a request that may be repeated is sent again once, on a new connection.
        """
        return (
            reader.untouched
            and self._served > 1
            and call.repeatable
            and not call.replayed
            and type(call.body) is bytes
        )

    def _expire(self) -> None:
        if self._call is None:
            self._close()
        else:
            self._fail("timeout", f"no bytes for {self._read_timeout:g} seconds")

    def _fail(self, reason: str, message: str) -> None:
        call, body, upload = self._part()
        if call is None:
            return
        if self._health is not None and reason != "cancelled":
            self._health.failed(self._monotonic())
        self._close()
        if body is not None:
            body.abort(reason)
        else:
            call.fail(UpstreamError(reason, f"{message}: {self._address}", sent=True))
        if upload is not None:
            upload.source.cancel()

    def _judge(self, health: TargetHealth, status: int) -> None:
        if status in GATEWAY_ERRORS:
            health.failed(self._monotonic())
        else:
            health.succeeded(self._monotonic())

    def _await_more(self) -> None:
        if self._paused or self._endless:
            self._timer.stop()
        else:
            self._timer.at(self._monotonic() + self._read_timeout)

    def _part(self) -> tuple[Call | None, ResponseBody | None, RequestBody | None]:
        """Take the request under way off the connection: neither refers to the other any more.

        Returns its call, the body of its answer if that has begun, and its own body if that still goes
        out. Whoever parted them settles these last, because their owners may use the connection again.
        """
        call, body, upload = self._call, self._body, self._upload
        self._call = self._body = self._upload = None
        self._endless = False
        if call is not None:
            call.carrier = None
        if upload is not None:
            upload.detach()
            if upload.done:
                upload = None
        return call, body, upload

    def _close(self) -> None:
        if self._done:
            return
        self._done = True
        self._timer.stop()
        self._reader.close()
        self._transport.abort()
        self._lost()

    def _lost(self) -> None:
        self._keeper.gone(self)
