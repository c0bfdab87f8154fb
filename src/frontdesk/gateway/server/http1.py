"""Owns one client connection: which message it is at, in what order things happen, when it ends.

Requests of a connection are served one after the other; nothing is parsed ahead of its turn. Reading
heads, framing bodies and rendering answers is done elsewhere in this package.
"""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from httptools import HttpParserError

from frontdesk.base.streams import Source
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.server.beginnings import flaw_of_beginning
from frontdesk.gateway.server.bodies import RequestBody
from frontdesk.gateway.server.deadlines import NEVER, Deadlines
from frontdesk.gateway.server.heads import Request
from frontdesk.gateway.server.limits import DRAIN_TIME, PIPELINE_BYTES
from frontdesk.gateway.server.linger import Linger
from frontdesk.gateway.server.outgoing import CHUNKED, ReplyStream
from frontdesk.gateway.server.shared import Shared
from frontdesk.gateway.server.tunnel import ClientTunnel
from frontdesk.gateway.server.wire import Wire, peer_of
from frontdesk.gateway.server.writing import (
    BODILESS,
    CONTINUE,
    bodiless_length,
    connection_line,
    render,
    switching_lines,
)

if TYPE_CHECKING:
    from frontdesk.gateway.server.ws import WebSocketConnection

_BLANK_LINE: Final = b"\r\n\r\n"
_LEADING_LINES: Final = 2  # empty lines tolerated before a request (RFC 9112 §2.2)
_CR: Final = 0x0D


class HttpConnection(asyncio.Protocol):
    """The client's end of its exchanges (`ClientEnd`), and the protocol of its socket.

    Three attributes say what it is doing:

    _exchange  _body  _outgoing
    -          -      -          between requests; with bytes in `_held`, inside a head
    set        -      -          at work on a request that has come as a whole
    set        set    -          at work, while the body still comes
    set        any    set        answering as the body of the answer comes
    -          set    -          answered; the rest of a body is dropped, so that the next can come

    Four more may be true in each of these:

    _stalled      The client does not read what it is sent: nothing further is begun.
    _half_closed  It sends no more: what is under way or held is the last.
    _serving      Inside `_serve`, which goes on by itself when an exchange is over.
    _closing      Done with: what still comes of the client is not ours.
    """

    __slots__ = (
        "_blank_lines",
        "_body",
        "_closing",
        "_deadlines",
        "_exchange",
        "_half_closed",
        "_held",
        "_now",
        "_outgoing",
        "_peer",
        "_pipelined",
        "_served",
        "_serving",
        "_shared",
        "_stalled",
        "_wire",
    )

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._now = shared.clock.monotonic
        self._deadlines = Deadlines(shared.wheel, self._on_time)
        self._wire: Wire
        self._peer = ""
        self._exchange: Request | None = None
        self._body: RequestBody | None = None
        self._outgoing: ReplyStream | None = None
        self._held = b""  # received, but not yet its turn
        self._pipelined = False  # more came together with the request under way
        self._blank_lines = 0
        self._served = 0
        self._stalled = self._half_closed = self._serving = self._closing = False

    # -- the socket -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse when there are too many connections."""
        self._wire = Wire(cast("asyncio.Transport", transport))
        self._peer = peer_of(transport)
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
                self._serve(held + data, len(held))
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
        self._wire.transport.abort()
        return False

    def connection_lost(self, _exc: Exception | None) -> None:
        """End what is under way and let go of everything."""
        self._closing = True
        self._deadlines.end()
        self._shared.registry.remove(self)
        self._held = b""
        self._client_gone()
        del self._wire

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._stalled = True
        self._wait(self._shared.limits.idle_timeout)
        if self._outgoing is not None:
            self._outgoing.source.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled = False
        if self._exchange is not None:
            self._await_body()
            if self._outgoing is not None:
                self._outgoing.source.resume()
        elif not self._closing:
            self._go_on()

    # -- heads ------------------------------------------------------------------------------------

    def _serve(self, data: bytes, judged: int = 0) -> None:
        """Serve the requests in `data` one after the other, as far as they can be answered at once.

        judged: bytes of `data` that are known not to contain the end of the first one.
        """
        self._serving = True
        searched = judged - len(_BLANK_LINE) + 1
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
        self._serving = False
        self._wire.uncork()
        if at < size:
            self._hold(data[at:])
            if self._exchange is None and not self._stalled:
                self._await_head(judged - at)

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

    def _await_head(self, judged: int) -> None:
        """Judge the beginning of a head, and wait for its end. judged: bytes judged before."""
        limits = self._shared.limits
        flaw = flaw_of_beginning(self._held, limits, judged)
        if flaw is not None:
            self._refuse(*flaw)
        elif judged <= 0:
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
        self._pipelined = at < len(data)
        if self._pipelined:
            self._wire.cork()
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
        self._deadlines.client = NEVER
        self._blank_lines = 0

    def _refuse(self, status: int, cause: str) -> None:
        """Answer for a request that could not even be read as far as its head."""
        request = self._shared.heads.unread(self._peer, self._held)
        self._begin(request)
        self._answer_refusal(request, refusal(status, cause, close=True))

    def _answer_refusal(self, request: Request, reply: Reply) -> None:
        request.plan = self._shared.refused
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
        request.body_length = at - begins
        request.request_length += at - begins
        if body.done:
            request.body = body.taken()
        else:
            request.source = body
            self._body = body
            self._await_body()
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
            request.body_length += at
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
        elif request is not None:
            self._await_body()

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
        if request is None or request.answered:
            self._wire.transport.abort()
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
            self._await_body()
        self._wire.resume()

    def hold_body(self) -> None:
        """Read no more of the body for now."""
        if not self._closing:
            self._await_body()
            self._wire.pause()

    def _await_body(self) -> None:
        """Wait for the next piece of a body that somebody reads; without one, for nothing."""
        if self._stalled or self._exchange is None:
            return  # until the client reads, or for the rest of a body, we wait in another way
        body = self._body
        self._deadlines.hear_by(NEVER if body is None else body.deadline())

    # -- ClientEnd --------------------------------------------------------------------------------

    def collect_body(self, exchange: Exchange) -> None:
        """Read the rest of the body, then go on with `run.body_ready`."""
        body = cast("RequestBody", exchange.source)

        def collected(whole: bytes) -> None:
            exchange.body = whole
            exchange.source = None
            run.body_ready(exchange)

        body.collect(collected)

    def set_deadline(self, exchange: Exchange, deadline: float) -> None:
        """Call `run.expire` at `deadline` unless the exchange has been answered."""
        if exchange is self._exchange:
            self._deadlines.answer_by(deadline)

    def send(self, exchange: Exchange, reply: Reply) -> None:
        """Answer."""
        request = self._exchange
        if request is None or exchange is not request:
            return
        self._deadlines.exchange = NEVER
        if reply.tunnel is not None:
            self._switch(request, reply)
            return
        if reply.status < 200:
            if reply.made == "gateway":
                self._accept(request, reply)
                return
            reply = refusal(502, "interim_status", close=True)
            request.status, request.error = reply.status, reply.cause
        status, body = reply.status, reply.body
        keep = self._survives(request, reply)
        if status in BODILESS or status == 205 or request.method == "HEAD":
            self._send_head(request, reply, keep=keep)
        elif type(body) is bytes:
            line = connection_line(request.version, keep=keep)
            framing = b"Content-Length: %d\r\n%b" % (len(body), line)
            request.response_length = len(body)
            self._wire.write(self._render(reply, framing, body))
            self._over(request, keep=keep)
        else:
            self._send_stream(request, reply, keep=keep)

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

    def _send_head(self, request: Request, reply: Reply, *, keep: bool) -> None:
        """Answer with a head alone: to HEAD, and statuses without body."""
        body = reply.body
        if type(body) is bytes:
            length: int | None = len(body)
        else:
            source = cast("Source", body)
            length = source.length
            source.cancel()
        framing = bodiless_length(request.method, reply.status, reply.fields, length)
        framing += connection_line(request.version, keep=keep)
        self._wire.write(self._render(reply, framing))
        self._over(request, keep=keep)

    def _send_stream(self, request: Request, reply: Reply, *, keep: bool) -> None:
        request.head_sent = self._now()
        source = cast("Source", reply.body)
        chunked = source.length is None and request.version == "HTTP/1.1"
        if source.length is not None:
            framing = b"Content-Length: %d\r\n" % source.length
        elif chunked:
            framing = CHUNKED
        else:
            framing, keep = b"", False
        framing += connection_line(request.version, keep=keep)
        trailers = b"trailers" in request.headers.get(b"te", b"").lower()
        head = self._render(reply, framing)
        events = (b"text/event-stream" in value for name, value in reply.fields if len(name) == 12)
        stream = ReplyStream(
            self, head, source, chunked=chunked, trailers=trailers, endless=any(events), keep=keep
        )
        self._outgoing = stream
        stream.start()
        if self._stalled and self._outgoing is stream:
            source.pause()

    def _render(self, reply: Reply, framing: bytes, body: bytes = b"") -> bytes:
        shared = self._shared
        date = shared.dates.at(shared.clock.time())
        return render(reply.status, reply.fields, date, framing, body)

    # -- a streaming answer (outgoing.Output) -----------------------------------------------------

    def write(self, data: bytes) -> None:
        """Put bytes on the wire."""
        self._wire.write(data)

    def reply_ended(self, sent: int, *, keep: bool) -> None:
        """Take the end of a streaming answer."""
        request = self._exchange
        if request is not None:
            request.response_length = sent
            self._over(request, keep=keep)

    def reply_broken(self, sent: int, reason: str) -> None:
        """Break the connection off, so that the client notices that its answer is not complete."""
        request = self._exchange
        if request is not None:
            request.response_length = sent
            request.error = reason
            self._end(request)
            self._let_go()
            self._wire.transport.abort()

    def _switch(self, request: Request, reply: Reply) -> None:
        """Leave HTTP: hand the socket to the tunnel, with what has come behind the handshake."""
        assert reply.tunnel is not None
        request.head_sent = self._now()

        def closed(received: int, sent: int) -> None:
            request.request_length += received
            request.response_length = sent
            request.ended = self._now()
            request.plan.log(request)

        wire = self._wire
        tunnel = ClientTunnel(wire.transport, reply.tunnel, self._shared, closed)
        self._exchange = None
        wire.write(self._render(reply, switching_lines(reply.fields)))
        early, self._held = self._held, b""
        self._let_go()
        self._hand_over(tunnel)
        tunnel.start(early)
        if self._stalled:
            tunnel.pause_writing()

    def _accept(self, request: Request, reply: Reply) -> None:
        """Leave HTTP: the client's messages are taken from now on."""
        # What speaks WebSocket is loaded with the first API that does, before it is in force.
        from frontdesk.gateway.server.ws import accepted

        fields, connection = accepted(request, self._shared, self._wire)
        reply.fields += fields
        self._wire.write(self._render(reply, switching_lines(reply.fields)))
        self._end(request)
        early, self._held = self._held, b""
        self._let_go()
        self._hand_over(connection)
        connection.start(early)

    # -- between and after exchanges --------------------------------------------------------------

    def _end(self, request: Request) -> float:
        """End the exchange and log it; return the monotonic second."""
        self._exchange = None
        self._outgoing = None
        self._deadlines.exchange = NEVER
        request.ended = now = self._now()
        request.plan.log(request)
        return now

    def _over(self, request: Request, *, keep: bool) -> None:
        """Go on after an answer has been written. keep: the connection survives it."""
        now = self._end(request)
        body, shared = self._body, self._shared
        if not keep:
            unread = body is not None or self._pipelined or request.plan is shared.refused
            self._leave(unread=unread)
            return
        if body is not None:
            body.cancel()
            self._deadlines.hear_by(now + DRAIN_TIME)
        else:
            self._deadlines.hear_by(now + shared.limits.idle_timeout)
        if not self._serving and (self._held or self._half_closed or not self._wire.reading):
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
                self._wire.resume()

    def _leave(self, *, unread: bool) -> None:
        """Close after what has been written. unread: the client may still be sending."""
        self._let_go()
        shared, transport = self._shared, self._wire.transport
        if unread and not self._half_closed:
            transport.write_eof()
            self._hand_over(Linger(transport, shared.wheel, self._now(), shared.registry))
        else:
            transport.close()
            self._wait(shared.limits.idle_timeout)  # it may not read what has been written

    def _let_go(self) -> None:
        """Be done with the connection, once what is gathered has been written."""
        self._closing = True
        self._wire.uncork()

    def _hand_over(self, successor: "ClientTunnel | Linger | WebSocketConnection") -> None:
        self._deadlines.end()
        self._shared.registry.replace(self, successor)
        self._wire.transport.set_protocol(successor)
        self._wire.resume()

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

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._exchange is not None

    def drain(self) -> None:
        """Close when idle; else the answer under way will be the last."""
        if self._exchange is None and not self._held:
            self._leave(unread=False)

    def abort(self) -> None:
        """Close now."""
        self._wire.transport.abort()

    # -- reading and waiting ----------------------------------------------------------------------

    def _hold(self, data: bytes) -> None:
        """Keep what it is not yet the turn of; stop reading when it becomes much."""
        self._held += data
        if len(self._held) > PIPELINE_BYTES and (self._exchange is not None or self._stalled):
            self._wire.pause()

    def _wait(self, seconds: float) -> None:
        """Give the client that long for its next step."""
        self._deadlines.hear_by(self._now() + seconds)

    def _on_time(self) -> None:
        now, deadlines, request = self._now(), self._deadlines, self._exchange
        if deadlines.exchange <= now:
            deadlines.exchange = NEVER
            if request is not None:
                run.expire(request)
        if deadlines.client <= now:
            deadlines.client = NEVER
            self._client_late()
        deadlines.arm()

    def _client_late(self) -> None:
        if self._stalled or self._closing:
            self._wire.transport.abort()
        elif self._exchange is not None:
            if self._body is not None:
                self._break_body(self._body, 408, "body_timeout")
        elif self._held:
            self._refuse(408, "header_timeout")
        else:
            self._leave(unread=False)
