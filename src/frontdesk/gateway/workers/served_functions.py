"""Owns the supervisor's side of calls: runs what one worker asks for, and sends back what comes of it.

When the worker has gone its calls run to their end unheard, as when a client goes away.
"""

from collections.abc import Callable
from functools import partial

from frontdesk.base.streams import Fields
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
from frontdesk.ports.invoker import Call, Invocation, Invoker, Outcome, Stream

Find = Callable[[str], Invoker | None]
"""Finds the function of a name; None: there is none any more."""

_GONE = Outcome(b"", "Unavailable", "function removed")


class ServedFunctions:
    """The calls of one worker."""

    def __init__(self, channel: Channel, find: Find) -> None:
        self._channel = channel
        self._find = find
        self._calls: dict[int, Call] = {}
        self._streams: dict[int, _ServedStream] = {}
        channel.takes(
            {
                INVOKE: self._invoke,
                CANCEL: self._cancel,
                PAUSE: self._pause,
                RESUME: self._resume,
                LEAVE: self._leave,
            }
        )
        channel.on_full = self._full
        channel.lost.add_done_callback(self._lost)

    def _invoke(self, number: int, body: bytes) -> None:
        name, event, deadline, trace, client_context, streams = value_of(body)
        invoker = self._find(name)
        if invoker is None:
            self._channel.send(OUTCOME, number, _GONE)
            return
        begin = partial(self._begin, number) if streams else None
        invocation = Invocation(event, deadline, trace, client_context, begin)
        self._calls[number] = invoker.invoke(invocation, partial(self._done, number))

    def _done(self, number: int, outcome: Outcome) -> None:
        del self._calls[number]
        self._streams.pop(number, None)
        self._channel.send(OUTCOME, number, outcome)

    def _begin(self, number: int, stream: Stream) -> None:
        self._channel.send(STREAM, number, (stream.content_type, stream.request_id))
        self._streams[number] = served = _ServedStream(self._channel, number, stream)
        stream.attach(served)
        self._regard(served)

    # What concerns a call that is over came too late.

    def _cancel(self, number: int, body: bytes) -> None:
        self._streams.pop(number, None)
        call = self._calls.pop(number, None)
        if call is not None:
            call.cancel(kill=value_of(body))

    def _pause(self, number: int, _body: bytes) -> None:
        if number in self._streams:
            self._streams[number].hold("receiver")

    def _resume(self, number: int, _body: bytes) -> None:
        if number in self._streams:
            self._streams[number].release("receiver")

    def _leave(self, number: int, _body: bytes) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.source.cancel()

    def _full(self) -> None:
        for stream in self._streams.values():
            self._regard(stream)

    def _regard(self, stream: "_ServedStream") -> None:
        if self._channel.full:
            stream.hold("channel")
        else:
            stream.release("channel")

    def _lost(self, _lost: object) -> None:
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.source.cancel()
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.cancel(kill=False)


class _ServedStream:
    """A Sink that sends a result on. Its source waits while anybody holds it."""

    def __init__(self, channel: Channel, number: int, source: Stream) -> None:
        self._channel = channel
        self._number = number
        self._held: set[str] = set()
        self.source = source

    def hold(self, by: str) -> None:
        """Let nothing more come."""
        if not self._held:
            self.source.pause()
        self._held.add(by)

    def release(self, by: str) -> None:
        """Let more come, if nobody else holds it."""
        if self._held == {by}:
            self.source.resume()
        self._held.discard(by)

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._channel.send_bytes(PART, self._number, data)

    def end(self, trailers: Fields | None = None) -> None:
        """See Sink."""
        self._channel.send(END, self._number, trailers)

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._channel.send(ABORT, self._number, reason)
