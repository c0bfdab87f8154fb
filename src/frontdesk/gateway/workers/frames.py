"""Owns the wire format between a supervisor and a worker. Pure.

A frame is a header of 9 bytes `>IBI` (length of the body, kind, number) and a body. Both ends are this
program, and nobody else has the socket: bodies are pickled values, but for parts of streams, which are
bytes as they are.
"""

import struct
from typing import Final, NamedTuple

# From the supervisor. number: of the order.
ORDER: Final = 1
"""(name, value): do this; DONE or REFUSED follows."""

# From the worker, in answer to an ORDER.
DONE: Final = 2
"""What came of it."""
REFUSED: Final = 3
"""(message, hint, findings): nothing has changed."""

# From the worker. number: of the call, which the worker chooses.
INVOKE: Final = 4
"""(function, event, deadline, trace, client context, whether a stream is welcome)."""
CANCEL: Final = 5
"""Whether the function is to be killed: nobody waits any more."""
PAUSE: Final = 6
"""The stream of this call is too fast. No body."""
RESUME: Final = 7
"""It may go on. No body."""
LEAVE: Final = 8
"""Its receiver has gone. No body."""

# From the supervisor, of a call.
OUTCOME: Final = 9
"""The Outcome; the call is over."""
STREAM: Final = 10
"""(content type, request id): a stream begins."""
PART: Final = 11
"""The next bytes of it."""
END: Final = 12
"""Trailers, or None: it is complete."""
ABORT: Final = 13
"""Why it breaks off here."""

# From the worker. number: of the question, which the worker chooses.
ASK: Final = 14
"""(method of ports.Executions, its arguments, those by name)."""
UNASK: Final = 15
"""Nobody waits for the answer any more. No body."""

# From the supervisor, of a question.
ANSWER: Final = 16
"""What the method returned."""
REFUSAL: Final = 17
"""(code, message) of an ExecutionError; code "": of a StoreError."""

# About WebSocket connections of other processes. number: 0.
SOCKETS: Final = 18
"""From the worker: (method of the registry or the bus, its arguments); nothing follows."""
DELIVER: Final = 19
"""From the supervisor: (channel, message) of the bus."""

# About requests that somebody watches. number: 0.
SEEN: Final = 20
"""From the worker: the document of a request that is over."""

MOVED: Final = 21
"""From the worker: a Move of one of its backends; nothing follows. number: 0."""

_HEADER: Final = struct.Struct(">IBI")


class Frame(NamedTuple):
    """One message. number: of the order or of the call."""

    kind: int
    number: int
    body: bytes


def pack(kind: int, number: int, body: bytes) -> bytes:
    """Write one frame."""
    return _HEADER.pack(len(body), kind, number) + body


class Decoder:
    """Cuts a byte stream into frames."""

    __slots__ = ("_buffer", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = _HEADER.size  # length at which looking at the buffer is worth while

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that they complete, in order."""
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        at = 0
        while len(buffer) - at >= self._wanted:
            length, kind, number = _HEADER.unpack_from(buffer, at)
            self._wanted = _HEADER.size + length
            if len(buffer) - at < self._wanted:
                break
            frames.append(Frame(kind, number, bytes(buffer[at + _HEADER.size : at + self._wanted])))
            at += self._wanted
            self._wanted = _HEADER.size
        del buffer[:at]
        return frames
