"""Owns one WebSocket connection from 101 on: messages in their turn, what is pushed, when it ends.

Each message is an Exchange. Those of one connection are handled one after the other, in order; so many may
wait, then the client is not read. Frames are `ws_frames`; what a message means is the pipeline's.
"""

import asyncio
from collections import deque
from typing import Final, Protocol, cast

from frontdesk.base.streams import HIGH_WATER, Fields, Source
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.gathering import Gathering
from frontdesk.gateway.pipeline.plan import RoutePlan, Standing
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.sockets import Socket, make_binary
from frontdesk.gateway.server.deadlines import NEVER, Deadlines
from frontdesk.gateway.server.limits import LINGER_TIME
from frontdesk.gateway.server.shared import Shared
from frontdesk.gateway.server.wire import Wire
from frontdesk.gateway.server.ws_farewell import Farewell
from frontdesk.gateway.server.ws_frames import ABNORMAL, NO_STATUS, Frames
from frontdesk.gateway.server.ws_handshake import negotiate, switching_fields
from frontdesk.gateway.server.ws_messages import same_frames_of, standing_frames_of
from frontdesk.gateway.sockets.hub import Description

GOING_AWAY: Final = 1001
"""Said where the gateway stops, too: RFC 6455 §7.4.1 names "a server going down". AWS knows no 1012."""

LONGEST_ANSWER: Final = 128 * 1024
"""Bytes of the largest message that is sent: AWS's limit."""

# Differs: [message-order] AWS handles messages of one connection side by side.
_WAITING: Final = 16
"""Messages that may wait for the one under way before the client is not read."""

_GATHERED: Final = 64 * 1024
"""Bytes of answers to the messages of one read that are written together."""

_NO_STATUS_REASON: Final = "Client-side close frame status not set"  # AWS's words


class MessageDoor(Protocol):
    """Where messages enter. The door of the gateway's APIs is one."""

    def plan_of(self, socket: Socket, message: bytes, now: float) -> RoutePlan | None:
        """Route a message, which came at monotonic second `now`. None: its API is served no more."""
        ...

    def message(self, ex: Exchange) -> None:
        """Start the exchange of a message that has its plan."""
        ...

    def ended(self, ex: Exchange) -> bool:
        """Start the exchange of a connection's end. False: nobody wants to know."""
        ...


def accepted(
    handshake: Exchange, shared: Shared, wire: Wire
) -> "tuple[Fields, WebSocketConnection]":
    """Return the fields that 101 has, and what the socket is handed to behind it."""
    socket = handshake.socket
    assert socket is not None
    said, deflate = negotiate(handshake)
    limits = socket.settings.limits
    frames = Frames(
        message=limits.message,
        frame=limits.frame,
        takes_binary=socket.settings.binary,
        deflate=deflate,
    )
    return switching_fields(handshake, said), WebSocketConnection(shared, wire, socket, frames)


class WebSocketConnection(asyncio.Protocol):
    """The client's end of its messages (`ClientEnd`), the protocol of its socket, and what the hub holds.

    _exchange  The message under way; those behind it wait in `_waiting`.
    _stalled   The client does not read what it is sent: it is not read either.
    _taking    Inside of a loop over messages, which writes what was gathered at its end.
    _turn      When it goes on with what it has read; others have their turn before.
    _over      Nothing more is sent.
    """

    __slots__ = (
        *("_active", "_began", "_deadlines", "_door", "_draining", "_exchange", "_frames"),
        *("_heard", "_now", "_over", "_pinged", "_shared", "_socket", "_stalled", "_taking"),
        *("_turn", "_waiting", "_why", "_wire"),
    )

    def __init__(self, shared: Shared, wire: Wire, socket: Socket, frames: Frames) -> None:
        self._shared = shared
        # Whoever lets sockets in takes their messages.
        self._door = cast("MessageDoor", shared.door)
        self._now = now = shared.clock.monotonic
        self._wire = wire
        self._socket = socket
        self._frames = frames
        self._deadlines = Deadlines(shared.wheel, self._on_time)
        self._began = self._active = self._heard = now()
        self._pinged = 0.0  # when the client was asked whether it is there; 0.0: it is not asked
        self._exchange: Exchange | None = None
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._stalled = self._over = self._taking = self._draining = False
        self._turn: asyncio.Handle | None = None
        self._why: tuple[int, str] | None = None

    def start(self, early: bytes) -> None:
        """Begin. early: what the client has sent behind its handshake."""
        high = min(HIGH_WATER, self._buffer // 2)
        self._wire.transport.set_write_buffer_limits(high=high, low=high // 4)
        self._socket.hub.add(self)
        self._rearm(self._began)
        if early:
            self.data_received(early)
        if self._shared.registry.draining:  # since its handshake began
            self.drain()

    # -- from the client --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take bytes from the client."""
        self._heard = now = self._now()
        self._pinged = 0.0
        self._taking = True
        text = self._frames.text(data)
        if text is None:
            self._take_all(data)
        else:
            self._active = now
            self._take(text, False, now)
        self._taking = False
        if self._waiting:
            self._go_on()
        else:
            self._flush()

    def _take_all(self, data: bytes) -> None:
        frames = self._frames
        for message, binary in frames.take(data):
            self._active = self._heard
            if not self._over:
                self._take(message, binary, self._heard)
        if frames.pinged:
            frames.pinged = False
            self._active = self._heard
        if frames.more:
            self._wire.pause()
            self._read_on()

    def eof_received(self) -> bool:
        """Take the end of what the client sends: without a close frame it has gone."""
        while self._frames.more:  # over TLS the end may come with what is before it
            self.data_received(b"")
        self._frames.end()
        self._over = True
        return False

    def pause_writing(self) -> None:
        """The client does not read as fast as it is sent to."""
        self._stalled = True
        self._wire.pause()
        self._deadlines.hear_by(self._now() + self._socket.settings.limits.pong)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled = False
        self._heard = self._now()
        if not self._over:
            self._rearm(self._heard)
            self._go_on()

    def connection_lost(self, _exc: Exception | None) -> None:
        """End what is under way, tell of the end, and let go of everything."""
        self._over = True
        self._deadlines.end()
        socket = self._socket
        code, reason = self._why or self._frames.closed
        if code == NO_STATUS:
            reason = _NO_STATUS_REASON
        socket.closed = code, reason
        socket.hub.remove(self)
        self._waiting.clear()
        if self._turn is not None:
            self._turn.cancel()
        ex, self._exchange = self._exchange, None
        if ex is not None:
            run.client_gone(ex)
            ex.status = 499
            ex.ended = self._now()
            ex.plan.log(ex)
        self._tell()
        del self._wire

    # -- messages ---------------------------------------------------------------------------------

    def _take(self, message: bytes, binary: bool, now: float) -> None:
        """Handle a message, or have it wait. While some wait, one is under way or the client does not read."""
        if self._exchange is not None or self._stalled:
            self._waiting.append((message, binary))
            if len(self._waiting) >= _WAITING:
                self._wire.pause()
            return
        socket = self._socket
        plan = self._door.plan_of(socket, message, now)
        if plan is None:
            self.close(GOING_AWAY, "Going away")
            return
        if plan.standing is not None and self._answer_unseen(plan.standing, len(message), now):
            return
        shared = self._shared
        ex = socket.exchange(next(shared.ids), now, shared.clock.time())
        self._exchange = ex
        ex.plan = plan
        ex.client = self
        ex.body = message
        ex.request_length = ex.body_length = len(message)
        if binary:
            make_binary(ex)
        self._door.message(ex)

    def _answer_unseen(self, standing: Standing, size: int, now: float) -> bool:
        """Answer a message of so many bytes as all of its route. False: it has to be looked at."""
        if size > standing.longest or not standing.gate(now):
            return False
        frames, answer = self._frames, standing.answer.message
        sent = len(answer) if frames.open else 0
        if sent:
            frames.say(answer, standing_frames_of)
            if frames.unsent > _GATHERED:
                self._flush()
        standing.count(self._socket.scheme, now, self._now(), size, sent)
        return True

    def _go_on(self) -> None:
        """Handle what waits, and read on."""
        if self._draining and self._exchange is None:
            self.close(GOING_AWAY, "Going away")
        self._taking = True
        while self._waiting and self._exchange is None and not self._stalled and not self._over:
            self._take(*self._waiting.popleft(), self._now())
        self._taking = False
        self._flush()
        if not self._over:
            self._read_on()

    def _read_on(self) -> None:
        """Read on, unless too much waits: first what has come already, once others have had their turn."""
        too_much = self._stalled or len(self._waiting) >= _WAITING
        if (too_much and not self._over) or self._wire.transport.is_closing():
            return
        if not self._frames.more:
            self._wire.resume()
        elif self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._take_more)

    def _take_more(self) -> None:
        self._turn = None
        if not self._wire.transport.is_closing():
            self.data_received(b"")
            self._read_on()

    # -- ClientEnd --------------------------------------------------------------------------------

    def collect_body(self, _exchange: Exchange) -> None:
        """See ClientEnd: a message has always come."""
        raise AssertionError

    def set_deadline(self, exchange: Exchange, deadline: float) -> None:
        """See ClientEnd."""
        if exchange is self._exchange:
            self._deadlines.answer_by(deadline)

    def send(self, exchange: Exchange, reply: Reply) -> None:
        """See ClientEnd. A body becomes a message; without one nothing is said."""
        if exchange is not self._exchange:
            return
        body = reply.body
        if type(body) is not bytes:
            self._gather(exchange, cast("Source", body))
            return
        self._deadlines.exchange = NEVER
        self._exchange = None
        frames = self._frames
        if body and frames.open:
            exchange.response_length = len(body)
            frames.say(body)
        exchange.ended = self._now()
        exchange.plan.log(exchange)
        if not self._taking:
            self._go_on()
        elif frames.unsent > _GATHERED:
            self._flush()

    def _gather(self, ex: Exchange, source: Source) -> None:
        def done(body: bytes) -> None:
            ex.answered, ex.cancel_work = True, None
            self.send(ex, Reply(ex.status, [], body))

        def fail(reason: str) -> None:
            ex.integration_error = reason
            run.resume(ex, refusal(502, "integration:answer_size"))

        def stop(why: str) -> None:
            ex.integration_error = why
            gathering.cancel()

        gathering = Gathering(source, LONGEST_ANSWER, done, fail)
        # Nothing has been said yet: its time may be over before, or the client gone.
        ex.answered, ex.cancel_work = False, stop
        gathering.begin()

    # -- what the hub holds -------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """See Held."""
        return self._socket.id

    @property
    def place(self) -> tuple[str, str]:
        """See Held."""
        return self._socket.key[:2]

    @property
    def source_ip(self) -> str:
        """See Held."""
        return self._socket.client_ip

    @property
    def ends(self) -> float:
        """See Held."""
        return self._socket.connected_at + self._socket.settings.limits.lifetime

    @property
    def closed(self) -> int:
        """See Held."""
        return self._socket.closed[0]

    def push(self, message: bytes) -> bool:
        """See Held."""
        if self._over or not self._frames.open:
            return False
        self._active = self._now()
        self._frames.say(message, same_frames_of)
        self._flush()
        return not self._over

    def describe(self, groups: tuple[str, ...]) -> Description:
        """See Held."""
        socket = self._socket
        active = socket.connected_at + self._active - self._began
        return Description(
            socket.id,
            *self.place,
            socket.connected_at,
            active,
            socket.client_ip,
            socket.user_agent,
            groups,
        )

    def close(self, code: int, reason: str) -> None:
        """See Held. The client has a moment to answer."""
        if self._over or not self._frames.open:
            return
        self._why = code, reason
        self._frames.close(code, reason)
        self._over = True
        self._flush()
        self._read_on()
        self._deadlines.hear_by(self._now() + LINGER_TIME)

    # -- server.registry.Connection -----------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a message is under way."""
        return self._exchange is not None

    def drain(self) -> None:
        """Close once the message under way has been answered."""
        self._draining = True
        if self._exchange is None:
            self.close(GOING_AWAY, "Going away")

    def abort(self) -> None:
        """Close now."""
        self._wire.transport.abort()

    # -- writing and waiting ------------------------------------------------------------------------

    def _flush(self) -> None:
        """Write what the protocol has to say; end where that is the last."""
        data, over = self._frames.to_send()
        transport = self._wire.transport
        if data:
            transport.write(data)
        if over:
            self._over = True
            if self._frames.failed and transport.can_write_eof():
                # The client may still be sending; a close now would overtake what it is told.
                transport.write_eof()
            else:
                transport.close()
            self._deadlines.hear_by(self._now() + LINGER_TIME)
        elif self._stalled and transport.get_write_buffer_size() > self._buffer:
            self._cut_off("Slow reader")

    @property
    def _buffer(self) -> int:
        return self._socket.settings.limits.buffer

    def _cut_off(self, why: str) -> None:
        self._over = True
        self._why = ABNORMAL, why
        self._wire.transport.abort()

    def _on_time(self) -> None:
        now, deadlines = self._now(), self._deadlines
        if deadlines.exchange <= now:
            deadlines.exchange = NEVER
            if self._exchange is not None:
                run.expire(self._exchange)
        if deadlines.client <= now:
            deadlines.client = NEVER
            self._look(now)
        deadlines.arm()

    def _look(self, now: float) -> None:
        limits = self._socket.settings.limits
        if self._over:
            self._wire.transport.abort()
        elif self._stalled:
            self._cut_off("Slow reader")
        elif now >= self._began + limits.lifetime or now >= self._active + limits.idle:
            self.close(GOING_AWAY, "Going away")
        elif self._pinged and now >= self._pinged + limits.pong:
            self._cut_off("No answer to a ping")
        else:
            if not self._pinged and self._wire.reading and now >= self._heard + limits.ping:
                self._pinged = now
                self._frames.ping()
                self._flush()
            self._rearm(now)

    def _rearm(self, now: float) -> None:
        """Look again at the first of what may come."""
        if self._over or self._stalled:
            return
        limits = self._socket.settings.limits
        if self._pinged:
            silence = self._pinged + limits.pong
        else:  # who is not read cannot be heard
            silence = max(self._heard, now if not self._wire.reading else 0.0) + limits.ping
        end, idle = self._began + limits.lifetime, self._active + limits.idle
        self._deadlines.hear_by(min(silence, end, idle))

    def _tell(self) -> None:
        """Run `$disconnect`, for which a graceful stop waits as for a request."""
        shared = self._shared
        registry = shared.registry
        ex = self._socket.exchange(next(shared.ids), self._now(), shared.clock.time())
        ex.method = "DISCONNECT"
        farewell = Farewell(ex, shared.wheel, self._now, registry)
        registry.replace(self, farewell)
        if not self._door.ended(ex):
            registry.remove(farewell)
