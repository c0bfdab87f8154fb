"""Owns one client connection: which message it is at, in what order things happen, when it ends.

Requests of a connection are served one after the other; nothing is parsed ahead of its turn. Reading
heads, framing bodies and rendering answers is done elsewhere in this package.
"""

import asyncio
import re
from typing import Final, cast

from httptools import HttpParserError

from frontdesk.base.streams import HIGH_WATER, LOW_WATER, Source
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.server.bodies import RequestBody
from frontdesk.gateway.server.heads import Request
from frontdesk.gateway.server.limits import DRAIN_TIME, PIPELINE_BYTES
from frontdesk.gateway.server.linger import Linger
from frontdesk.gateway.server.outgoing import CHUNKED, ReplyStream
from frontdesk.gateway.server.shared import Shared
from frontdesk.gateway.server.tunnel import ClientTunnel
from frontdesk.gateway.server.writing import BODILESS, CONTINUE, render

_BLANK_LINE: Final = b"\r\n\r\n"
_LEADING_LINES: Final = 2  # empty lines tolerated before a request (RFC 9112 §2.2)
_GATHER_BYTES: Final = 64 * 1024
_CR: Final = 0x0D
_CLOSE: Final = b"Connection: close\r\n"
_KEEP_ALIVE: Final = b"Connection: keep-alive\r\n"
_SWITCHED: Final = b"Connection: Upgrade\r\n"
_WEBSOCKET: Final = b"Upgrade: websocket\r\n"

_UNFIT: Final = re.compile(rb"[^\t\r\n\x20-\x7e\x80-\xff]|(?<!\r)\n|\r(?=[^\n])")
"""What makes the beginning of a head hopeless: controls, line ends that are not CR LF."""


class HttpConnection(asyncio.Protocol):
    """The client's end of its exchanges (`ClientEnd`), and the protocol of its socket.

    At any time: idle or inside a head (`_exchange` is None, `_held` is what came of the head), at work
    (`_exchange`), with a body still to come or not (`_body`), answering as the body comes (`_outgoing`),
    dropping the rest of a body (`_body` without `_exchange`), or done with (`_closing`).
    """

    __slots__ = (
        "_blank_lines",
        "_body",
        "_closing",
        "_exchange",
        "_exchange_deadline",
        "_gathered",
        "_gathered_bytes",
        "_half_closed",
        "_held",
        "_in_head",
        "_keep",
        "_more",
        "_now",
        "_outgoing",
        "_patience",
        "_peer",
        "_reading",
        "_served",
        "_serving",
        "_shared",
        "_stalled",
        "_timer",
        "_transport",
    )

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._now = shared.clock.monotonic
        self._transport: asyncio.Transport
        self._peer = ""
        self._exchange: Request | None = None
        self._body: RequestBody | None = None
        self._outgoing: ReplyStream | None = None
        self._held = b""  # received, but not yet its turn
        self._blank_lines = 0
        self._in_head = False  # the first bytes of a head have come, not the last
        self._served = 0
        self._serving = False  # inside `_serve`, which goes on by itself
        self._more = False  # inside `_serve`, with further requests in hand
        self._gathered: list[bytes] = []  # answers to pipelined requests, to be written together
        self._gathered_bytes = 0
        self._keep = True  # the connection survives the answer under way
        self._reading = True
        self._stalled = False  # the client does not read what it is sent
        self._half_closed = False
        self._closing = False
        self._exchange_deadline = 0.0
        self._patience = (
            0.0  # until when the client may leave us waiting; 0.0: we do not wait for it
        )
        self._timer = shared.wheel.timer(self._on_time)

    # -- the socket -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse when there are too many connections."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER, low=LOW_WATER)
        address = transport.get_extra_info("peername")
        self._peer = address[0] if isinstance(address, tuple) else ""
        if self._shared.registry.admit(self):
            self._wait(self._shared.limits.idle_timeout)
        else:
            self._refuse(503, "connections")

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self._body is not None:
            self._read_body(data)
        elif self._exchange is None and not self._stalled:
            held = self._held
            if held:
                self._held = b""
                # All but the last bytes of what is held were searched before.
                self._serve(held + data, max(0, len(held) - len(_BLANK_LINE) + 1))
                return
            request = self._shared.heads.recall(data, self._peer)
            if request is not None:
                self._enter(request, data, len(data))
            else:
                self._serve(data)
        elif not self._closing:
            self._hold(data)

    def eof_received(self) -> bool:
        """Take the end of what the client sends: it has gone, unless the listener allows half-close."""
        if self._exchange is None and not (self._stalled and self._held):
            return False
        if self._shared.half_close and self._body is None and not self._streams_events():
            self._half_closed = True
            return True
        self._transport.abort()
        return False

    def connection_lost(self, _exc: Exception | None) -> None:
        """End what is under way and let go of everything."""
        self._closing = True
        self._forget_time()
        self._shared.registry.remove(self)
        self._held = b""
        self._client_gone()
        self._body = None
        del self._transport

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._stalled = True
        self._wait(self._shared.limits.idle_timeout)
        if self._outgoing is not None:
            self._outgoing.source.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled = False
        if self._outgoing is not None:
            self._patience = 0.0
            self._outgoing.source.resume()
        elif self._exchange is None and not self._closing:
            self._go_on()

    # -- heads ------------------------------------------------------------------------------------

    def _serve(self, data: bytes, searched: int = 0) -> None:
        """Serve the requests in `data` one after the other, as far as they can be answered at once."""
        self._serving = True
        at = 0
        size = len(data)
        while at < size:
            if data[at] == _CR:
                after = self._skip_blank_line(data, at)
                if after == at:
                    break
                at = after
                continue
            end = data.find(_BLANK_LINE, max(at, searched))
            if end < 0:
                break
            end += len(_BLANK_LINE)
            head = data if end - at == size else data[at:end]
            at = self._enter(self._shared.heads.read(head, self._peer), data, end)
            if self._exchange is not None or self._body is not None or self._stalled:
                break
            if self._closing:
                at = size
        self._serving = self._more = False
        if self._gathered:
            self._flush()
        if at < size:
            self._hold(data[at:])
            if self._exchange is None and not self._stalled:
                self._await_head(searched - at)

    def _skip_blank_line(self, data: bytes, at: int) -> int:
        """Return where the request begins behind an empty line; `at` when that cannot be told."""
        line_end = data[at : at + 2]
        if line_end == b"\r":
            return at
        self._blank_lines += 1
        if line_end != b"\r\n" or self._blank_lines > _LEADING_LINES:
            self._refuse(400, "request_line")
            return len(data)
        return at + 2

    def _await_head(self, searched: int) -> None:
        """Judge the beginning of a head, and wait for its end. searched: bytes judged before."""
        held = self._held
        limits = self._shared.limits
        line_end = held.find(b"\r\n")
        if (line_end if line_end >= 0 else len(held)) > limits.request_line:
            self._refuse(414, "request_line")
        elif len(held) > limits.largest_head:
            self._refuse(431, "fields")
        elif _UNFIT.search(held, max(0, searched - 1)):
            self._refuse(400, "malformed")
        elif not self._in_head:
            self._in_head = True
            self._wait(limits.header_timeout)

    def _enter(self, request: Request, data: bytes, at: int) -> int:
        """Start an exchange. Return where the next request begins, behind what came of the body."""
        self._begin(request)
        if request.refusal is not None:
            self._answer_refusal(request, request.refusal)
            return len(data)
        if request.length:
            at = self._begin_body(request, data, at)
            if self._exchange is None:
                return len(data)
        if request.upgrade:
            # What follows a handshake is not HTTP once the protocol is switched.
            self._held, at = data[at:], len(data)
        self._more = at < len(data)
        self._shared.door.enter(request)
        if self._body is not None:
            self._check_size()
        return at

    def _begin(self, request: Request) -> None:
        shared = self._shared
        request.client = self
        request.started = self._now()
        request.time = shared.clock.time()
        request.request_id = next(shared.ids)
        self._exchange = request
        self._served += 1
        self._patience = 0.0
        self._in_head = False
        self._blank_lines = 0

    def _refuse(self, status: int, cause: str) -> None:
        """Answer for a request that could not even be read as far as its head."""
        request = self._shared.heads.unread(self._peer)
        self._begin(request)
        self._answer_refusal(request, refusal(status, cause, close=True))

    def _answer_refusal(self, request: Request, reply: Reply) -> None:
        request.plan = self._shared.refused
        self._more = False
        run.finish(request, reply)

    # -- bodies -----------------------------------------------------------------------------------

    def _begin_body(self, request: Request, data: bytes, at: int) -> int:
        body = RequestBody(request, self, self._shared.limits, self._now)
        begins = at
        try:
            at = body.feed(data, at)
        except HttpParserError:
            self._answer_refusal(request, refusal(400, "body", close=True))
            return at
        request.request_length += at - begins
        if body.done:
            request.body = body.taken()
        else:
            request.source = body
            self._body = body
            self._arm(body.deadline())
        return at

    def _read_body(self, data: bytes) -> None:
        body = self._body
        assert body is not None
        request = self._exchange
        try:
            at = body.feed(data)
        except HttpParserError:
            self._break_body(body, 400, "body")
            return
        if request is not None:
            request.request_length += at
        if self._check_size():
            return
        if body.done:
            self._body = None
            if at < len(data):
                self._hold(data[at:])
            if self._exchange is None:
                self._wait(self._shared.limits.idle_timeout)
                self._go_on()
            else:
                body.finish()
        else:
            self._arm(body.deadline())

    def _check_size(self) -> bool:
        """Refuse a body without announced length once it is larger than its route allows."""
        body, request = self._body, self._exchange
        if body is None or request is None or body.received <= request.plan.max_body:
            return False
        self._break_body(body, 413, "body_size")
        return True

    def _break_body(self, body: RequestBody, status: int, cause: str) -> None:
        """Answer `status` for a body that cannot be read on, or break off an answer under way."""
        request = self._exchange
        self._keep = False
        if request is None or request.answered:
            self._transport.abort()
            return
        body.abandoned = True
        run.refuse(request, status, cause)
        body.fail(cause)

    def want_body(self) -> None:
        """Read the body on; a client that waits for 100 gets it now (RFC 9110 §10.1.1)."""
        request, body = self._exchange, self._body
        if body is None:
            return
        if request is not None:
            if request.expects_continue:
                request.expects_continue = False
                if not body.received:
                    self.write(CONTINUE)
            self._arm(body.deadline())
        self._read_on()

    def hold_body(self) -> None:
        """Read no more of the body for now."""
        self._read_no_more()

    # -- ClientEnd --------------------------------------------------------------------------------

    def collect_body(self, exchange: Exchange) -> None:
        """Read the rest of the body, then go on with `run.body_ready`."""
        body = self._body
        if body is None:  # broken off meanwhile
            return

        def collected(whole: bytes) -> None:
            exchange.body = whole
            exchange.source = None
            run.body_ready(exchange)

        body.collect(collected)

    def set_deadline(self, exchange: Exchange, deadline: float) -> None:
        """Call `run.expire` at `deadline` unless the exchange has been answered."""
        if exchange is self._exchange:
            self._exchange_deadline = deadline
            self._arm(deadline)

    def send(self, exchange: Exchange, reply: Reply) -> None:
        """Answer."""
        request = self._exchange
        if request is None or exchange is not request:
            return
        self._exchange_deadline = 0.0
        status, body = reply.status, reply.body
        if reply.tunnel is not None:
            self._switch(request, reply)
            return
        if status < 200:
            reply = refusal(502, "interim_status", close=True)
            status, body = reply.status, reply.body
            request.status, request.error = status, reply.cause
        self._keep = self._survives(request, reply)
        framing = _persistence(request, keep=self._keep)
        bodiless = status in BODILESS or request.method == "HEAD"
        if bodiless or status == 205:
            self._send_head(request, reply, framing, bodiless=bodiless)
        elif type(body) is bytes:
            framing = b"Content-Length: %d\r\n%b" % (len(body), framing)
            request.response_length = len(body)
            self.write(self._render(reply, framing, body))
            self._over(request)
        else:
            self._send_stream(request, reply, framing)

    def _survives(self, request: Request, reply: Reply) -> bool:
        """Whether the connection may be used again after this answer."""
        body = self._body
        return (
            request.keep_alive
            and not reply.close
            and (body is None or (body.droppable and not request.expects_continue))
            and self._served < self._shared.limits.requests
            and not self._shared.registry.draining
        )

    def _send_head(self, request: Request, reply: Reply, framing: bytes, *, bodiless: bool) -> None:
        """Answer with a head alone: to HEAD, and statuses without body."""
        body = reply.body
        if type(body) is bytes:
            length: int | None = len(body)
        else:
            source = cast("Source", body)
            length = source.length
            source.cancel()
        if not bodiless:
            length = 0  # 205 (RFC 9110 §15.3.6)
        elif reply.status in BODILESS or any(
            name.lower() == b"content-length" for name, _ in reply.fields
        ):
            length = None
        if length is not None:
            framing = b"Content-Length: %d\r\n%b" % (length, framing)
        self.write(self._render(reply, framing))
        self._over(request)

    def _send_stream(self, request: Request, reply: Reply, framing: bytes) -> None:
        source = cast("Source", reply.body)
        chunked = source.length is None and request.version == "HTTP/1.1"
        if source.length is not None:
            framing = b"Content-Length: %d\r\n%b" % (source.length, framing)
        elif chunked:
            framing = CHUNKED + framing
        else:
            self._keep = False
            framing = _CLOSE
        trailers = b"trailers" in request.headers.get(b"te", b"").lower()
        head = self._render(reply, framing)
        events = (b"text/event-stream" in value for name, value in reply.fields if len(name) == 12)
        stream = ReplyStream(
            self, head, source, chunked=chunked, trailers=trailers, endless=any(events)
        )
        self._outgoing = stream
        stream.start()
        if self._stalled and self._outgoing is stream:
            source.pause()

    def _render(self, reply: Reply, framing: bytes, body: bytes = b"") -> bytes:
        shared = self._shared
        date = shared.dates.at(shared.clock.time())
        return render(reply.status, reply.fields, date, framing, body)

    # -- output -----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Put bytes on the wire; with the answers that follow at once, in one write."""
        if self._more and self._gathered_bytes < _GATHER_BYTES:
            self._gathered.append(data)
            self._gathered_bytes += len(data)
        elif self._gathered:
            self._gathered.append(data)
            self._flush()
        else:
            self._transport.write(data)

    def _flush(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._gathered_bytes = 0
        self._transport.write(data)

    def reply_ended(self, sent: int) -> None:
        """Take the end of a streaming answer."""
        request = self._exchange
        if request is not None:
            request.response_length = sent
            self._over(request)

    def reply_broken(self, sent: int, reason: str) -> None:
        """Break the connection off, so that the client notices that its answer is not complete."""
        request = self._exchange
        if request is not None:
            request.response_length = sent
            request.error = reason
            self._keep = False
            self._outgoing = None
            self._end(request)
            self._closing = True
            self._transport.abort()

    def _switch(self, request: Request, reply: Reply) -> None:
        """Leave HTTP: hand the socket to the tunnel, with what has come behind the handshake."""
        assert reply.tunnel is not None

        def closed(received: int, sent: int) -> None:
            request.request_length += received
            request.response_length = sent
            request.ended = self._now()
            request.plan.log(request)

        tunnel = ClientTunnel(self._transport, reply.tunnel, self._shared.registry, closed)
        self._exchange = None
        named = any(name.lower() == b"upgrade" for name, _ in reply.fields)
        self.write(self._render(reply, _SWITCHED if named else _SWITCHED + _WEBSOCKET))
        early, self._held = self._held, b""
        self._hand_over(tunnel)
        tunnel.start(early)

    # -- between and after exchanges --------------------------------------------------------------

    def _end(self, request: Request) -> float:
        """End the exchange and log it; return the monotonic second."""
        self._exchange = None
        self._outgoing = None
        self._exchange_deadline = 0.0
        request.ended = now = self._now()
        request.plan.log(request)
        return now

    def _over(self, request: Request) -> None:
        """Go on after an answer has been written."""
        now = self._end(request)
        if not self._keep:
            self._leave(unread=self._body is not None or self._more or request.refusal is not None)
            return
        body = self._body
        if body is not None:
            body.cancel()
            self._patience = now + DRAIN_TIME
        else:
            self._patience = now + self._shared.limits.idle_timeout
        self._arm(self._patience)
        if not self._serving and (self._held or self._half_closed or not self._reading):
            self._go_on()

    def _go_on(self) -> None:
        """Serve what came while an exchange was under way."""
        if self._stalled or self._body is not None:
            return
        held, self._held = self._held, b""
        if held:
            self._serve(held)
        if self._exchange is None and not self._closing:
            if self._half_closed:
                self._leave(unread=False)
            else:
                self._read_on()

    def _leave(self, *, unread: bool) -> None:
        """Close after what has been written. unread: the client may still be sending."""
        self._closing = True
        self._forget_time()
        if self._gathered:
            self._flush()
        shared, transport = self._shared, self._transport
        if unread and not self._half_closed and transport.can_write_eof():
            transport.write_eof()
            self._hand_over(Linger(transport, shared.wheel, self._now(), shared.registry))
        else:
            transport.close()

    def _hand_over(self, successor: ClientTunnel | Linger) -> None:
        self._closing = True
        self._forget_time()
        self._shared.registry.replace(self, successor)
        self._transport.set_protocol(successor)
        self._read_on()

    def _client_gone(self) -> None:
        request, stream, body = self._exchange, self._outgoing, self._body
        self._body = None
        if request is None:
            return
        if stream is not None:
            request.response_length = stream.sent
            request.error = "client_gone"
            stream.stop()
        else:
            run.client_gone(request)
            request.status = 499
        if body is not None:
            body.fail("client_gone")
        self._end(request)

    def _streams_events(self) -> bool:
        """Whether the answer under way has no end of its own (server-sent events)."""
        stream = self._outgoing
        return stream is not None and stream.endless

    def drain(self) -> None:
        """Close when idle; else the answer under way will be the last."""
        if self._exchange is None and not self._held:
            self._leave(unread=False)

    def abort(self) -> None:
        """Close now."""
        self._transport.abort()

    # -- reading and waiting ----------------------------------------------------------------------

    def _hold(self, data: bytes) -> None:
        """Keep what it is not yet the turn of; stop reading when it becomes much."""
        self._held += data
        if len(self._held) > PIPELINE_BYTES and (self._exchange is not None or self._stalled):
            self._read_no_more()

    def _read_no_more(self) -> None:
        if self._reading and not self._closing:
            self._reading = False
            self._transport.pause_reading()

    def _read_on(self) -> None:
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()

    def _wait(self, seconds: float) -> None:
        self._patience = self._now() + seconds
        self._arm(self._patience)

    def _arm(self, deadline: float) -> None:
        """Have `_on_time` called by `deadline`, or earlier: it looks what is due and arms again."""
        timer = self._timer
        if 0.0 < deadline < timer.deadline:
            timer.at(deadline)

    def _forget_time(self) -> None:
        """Be called no more. The wheel keeps the timer for a while; it must not keep us with it."""
        self._timer.stop()
        self._timer.callback = _nothing

    def _on_time(self) -> None:
        now = self._now()
        request = self._exchange
        if request is not None and 0.0 < self._exchange_deadline <= now:
            self._exchange_deadline = 0.0
            run.expire(request)
        if 0.0 < self._waits_until() <= now:
            self._client_late()
        if not self._closing:
            self._arm(self._exchange_deadline)
            self._arm(self._waits_until())

    def _waits_until(self) -> float:
        body = self._body
        if body is not None and self._exchange is not None and not self._stalled:
            return body.deadline()
        return self._patience

    def _client_late(self) -> None:
        self._patience = 0.0
        if self._in_head:
            self._refuse(408, "header_timeout")
        elif self._body is not None and self._exchange is not None and not self._stalled:
            self._break_body(self._body, 408, "body_timeout")
        elif self._exchange is not None or self._stalled:
            self._transport.abort()
        else:
            self._leave(unread=False)


def _nothing() -> None:
    """Follow a connection that is over."""


def _persistence(request: Request, *, keep: bool) -> bytes:
    """Return the Connection line: `close`, or what an HTTP/1.0 client wants to hear (RFC 9112 §9.3)."""
    if not keep:
        return _CLOSE
    return _KEEP_ALIVE if request.version == "HTTP/1.0" else b""
