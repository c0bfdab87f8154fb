"""Owns the worker's way to functions: each call goes to the supervisor, which has the pool.

An Invoker port. Knows no pool and no process.
"""

from collections.abc import Callable
from itertools import count

from frontdesk.base.streams import HIGH_WATER, Sink
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import (
    ABORT,
    CANCEL,
    END,
    INVOKE,
    LEAVE,
    OUTCOME,
    PART,
    PAUSE,
    RESUME,
    STREAM,
)
from frontdesk.ports.invoker import Call, Invocation, Outcome, Stream


class ForwardedFunctions:
    """All functions that a worker may call, through one channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._numbers = count()
        self._calls: dict[int, _ForwardedCall] = {}
        channel.takes(
            {
                OUTCOME: self._outcome,
                STREAM: self._stream,
                PART: self._part,
                END: self._end,
                ABORT: self._abort,
            }
        )

    def invoker(self, name: str) -> "ForwardingInvoker":
        """Make an Invoker. name: as the supervisor knows the function."""
        return ForwardingInvoker(self, name)

    def invoke(self, name: str, invocation: Invocation, done: Callable[[Outcome], None]) -> Call:
        """See ports.invoker.Invoker."""
        number = next(self._numbers)
        call = self._calls[number] = _ForwardedCall(self, number, invocation.stream, done)
        asked = (
            name,
            invocation.event,
            invocation.deadline,
            invocation.trace,
            invocation.client_context,
            invocation.stream is not None,
        )
        self.channel.send(INVOKE, number, asked)
        return call

    def forget(self, number: int) -> None:
        """Hear no more of a call."""
        self._calls.pop(number, None)

    # What comes of a call that has been cancelled meanwhile concerns nobody.

    def _outcome(self, number: int, body: bytes) -> None:
        call = self._calls.pop(number, None)
        if call is not None:
            call.done(value_of(body))

    def _stream(self, number: int, body: bytes) -> None:
        call = self._calls.get(number)
        if call is not None and call.begin is not None:
            call.stream = _RemoteStream(self.channel, number, *value_of(body))
            call.begin(call.stream)

    def _part(self, number: int, body: bytes) -> None:
        stream = self._stream_of(number)
        if stream is not None:
            stream.deliver(lambda sink: sink.write(body), len(body))

    def _end(self, number: int, body: bytes) -> None:
        stream = self._stream_of(number)
        if stream is not None:
            trailers = value_of(body)
            stream.deliver(lambda sink: sink.end(trailers), 0)

    def _abort(self, number: int, body: bytes) -> None:
        stream = self._stream_of(number)
        if stream is not None:
            reason = value_of(body)
            stream.deliver(lambda sink: sink.abort(reason), 0)

    def _stream_of(self, number: int) -> "_RemoteStream | None":
        call = self._calls.get(number)
        return call.stream if call is not None else None


class ForwardingInvoker:
    """One function, called through the supervisor. The Invoker port."""

    __slots__ = ("_functions", "_name")

    def __init__(self, functions: ForwardedFunctions, name: str) -> None:
        self._functions = functions
        self._name = name

    def invoke(self, invocation: Invocation, done: Callable[[Outcome], None]) -> Call:
        """Have the function run (see the port)."""
        return self._functions.invoke(self._name, invocation, done)


class _ForwardedCall:
    """One call, from the request to its outcome. begin: takes a stream."""

    __slots__ = ("_functions", "_number", "begin", "done", "stream")

    def __init__(
        self,
        functions: ForwardedFunctions,
        number: int,
        begin: Callable[[Stream], None] | None,
        done: Callable[[Outcome], None],
    ) -> None:
        self._functions = functions
        self._number = number
        self.begin = begin
        self.done = done
        self.stream: _RemoteStream | None = None

    def cancel(self, *, kill: bool) -> None:
        """Stop waiting (see the port)."""
        self._functions.forget(self._number)
        self._functions.channel.send(CANCEL, self._number, kill)


class _RemoteStream:
    """A result that comes in parts (`ports.invoker.Stream`)."""

    length: int | None = None

    def __init__(self, channel: Channel, number: int, content_type: str, request_id: str) -> None:
        self.content_type = content_type
        self.request_id = request_id
        self._channel = channel
        self._number = number
        self._sink: Sink | None = None
        self._kept: list[Callable[[Sink], None]] = []  # while there is no sink
        self._size = 0
        self._left = False

    def deliver(self, give: Callable[[Sink], None], size: int) -> None:
        """Take what has come. size: of its bytes."""
        if self._left:
            return
        if self._sink is not None:
            give(self._sink)
            return
        self._kept.append(give)
        self._size += size
        if self._size > HIGH_WATER:
            self.pause()

    def attach(self, sink: Sink) -> None:
        """Deliver to `sink`, first what has been kept."""
        self._sink = sink
        self.resume()
        kept, self._kept = self._kept, []
        for give in kept:
            if not self._left:
                give(sink)

    def pause(self) -> None:
        """Make the function wait."""
        self._channel.send(PAUSE, self._number)

    def resume(self) -> None:
        """Let it go on."""
        self._channel.send(RESUME, self._number)

    def cancel(self) -> None:
        """Hear no more."""
        self._left = True
        self._kept.clear()
        self._channel.send(LEAVE, self._number)
