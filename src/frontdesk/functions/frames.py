"""Owns the wire format between the gateway, the zygote and the children. Pure; standard library only.

A frame on a child's channel: a header of 12 bytes `>IBBHI` (body length, kind, flags, meta length,
invocation number), meta, body. The body of INVOKE, RESULT and ERROR is JSON text that nobody between
the two ends looks into. The zygote's control socket keeps message boundaries; a message is `>BIi`.
"""

import struct
from dataclasses import dataclass
from typing import Final, NamedTuple, TypedDict

MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes; a longer body is a broken frame. The limits of events and results are far below."""

READ_SIZE: Final = 64 * 1024
"""Bytes asked of a channel at once: more than nearly every frame."""

MAX_RESULT: Final = 6_291_556
"""Bytes of a result that comes whole. Source: AWS, Lambda quotas, and the recorded error text."""

TOO_LARGE: Final = (
    f"Response payload size exceeded maximum allowed payload size ({MAX_RESULT} bytes)."
)
"""Message of the error `Function.ResponseSizeTooLarge`."""

MAX_STREAM: Final = 200 << 20
"""Bytes of a result that comes in parts. Source: AWS, Lambda quotas, streamed responses."""

INIT: Final = 2
"""Parent: what to become. Body: JSON object of `Init`."""
READY: Final = 3
"""Child: the handler is loaded. Meta: READY_META."""
INIT_ERROR: Final = 4
"""Child: the handler cannot be loaded; it exits. Body: error object."""
INVOKE: Final = 5
"""Parent: run the handler. Meta: `pack_call`. Body: the event."""
RESULT: Final = 6
"""Child: what the handler returned; it is free again. Meta: REPORT_META. With MORE a part of it; meta
of the first part: content type of the whole."""
ERROR: Final = 7
"""Child: the handler failed, maybe after some parts; it is free again. Meta: REPORT_META. Body: error
object."""
SPANS: Final = 8
"""Child: what a TRACED call has called so far, before its end. Body: JSON list of `base.spans.Span`."""
SHUTDOWN: Final = 10
"""Parent: run exit handlers and exit."""

KINDS: Final = frozenset({INIT, READY, INIT_ERROR, INVOKE, RESULT, ERROR, SPANS, SHUTDOWN})

MORE: Final = 1
"""Flag of RESULT: the result comes in parts, and this is not the end of it."""
TRACED: Final = 2
"""Flag of INVOKE: spans of what the call calls are wanted."""
WROTE: Final = 4
"""Flag of RESULT and ERROR: the call wrote to its output, which is to be read before the report."""

_HEADER: Final = struct.Struct(">IBBHI")
_HEAD: Final = _HEADER.size
READY_META: Final = struct.Struct(">d")
"""Seconds that loading took."""
REPORT_META: Final = struct.Struct(">I")
"""Largest resident set so far, in KiB."""

CONTROL: Final = struct.Struct(">BIi")
"""Message of the control socket: operation, child number, value."""
FORK: Final = 1
"""To the zygote, with three descriptors (channel to read, channel to write, output): start a child."""
KILL: Final = 2
"""To the zygote: SIGKILL to the child's process group."""
FORKED: Final = 3
"""From the zygote. Value: process id."""
EXITED: Final = 4
"""From the zygote: gone and reaped. Value: exit status, or minus the signal."""


class FrameError(Exception):
    """The other side does not speak this format; its process must end."""


class Init(TypedDict):
    """What a child becomes. path: folders put first on sys.path, in order.

    command: runs in place of a Python handler, against the Runtime API; [] for a handler.
    environment: all of it; nothing is inherited. memory: MB. temporary_bytes: of one file, at most.
    """

    function: str
    handler: str
    command: list[str]
    task_root: str
    path: list[str]
    environment: dict[str, str]
    memory: int
    temporary_bytes: int


@dataclass(slots=True)
class Frame:
    """One message on a channel. number: the invocation that it belongs to, else 0."""

    kind: int
    flags: int
    number: int
    meta: bytes
    body: bytes


def pack(kind: int, number: int = 0, body: bytes = b"", meta: bytes = b"", flags: int = 0) -> bytes:
    """Write one frame."""
    return b"".join((_HEADER.pack(len(body), kind, flags, len(meta), number), meta, body))


class Call(NamedTuple):
    """The meta of INVOKE. deadline_ms: epoch milliseconds. arn: with the qualifier that was asked for.

    trace: of X-Amzn-Trace-Id, without line end. client_context: JSON text or "".
    """

    request_id: str
    deadline_ms: int
    arn: str
    trace: str
    client_context: str


def pack_call(
    request_id: str, deadline_ms: int, arn: str, trace: str, client_context: str
) -> bytes:
    """Write the meta of INVOKE: the members of a Call."""
    return f"{request_id}\n{deadline_ms}\n{arn}\n{trace}\n{client_context}".encode()


def unpack_call(meta: bytes) -> Call:
    """Read the meta of INVOKE; the inverse of `pack_call`."""
    request_id, deadline_ms, arn, trace, client_context = meta.decode().split("\n", 4)
    return Call(request_id, int(deadline_ms), arn, trace, client_context)


class Decoder:
    """Cuts a byte stream into frames."""

    __slots__ = ("_buffer", "_wanted")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = 0  # length at which looking at the buffer is worth while

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; answer the frames that they complete, in order.

        Raises: FrameError, after which the decoder must not be used again.
        """
        if not self._buffer and len(data) >= _HEAD:
            # The usual case: one read, one frame.
            body_length, kind, flags, meta_length, number = _HEADER.unpack_from(data)
            start = _HEAD + meta_length
            if len(data) == start + body_length and kind in KINDS:
                return [Frame(kind, flags, number, data[_HEAD:start], data[start:])]
        self._buffer += data
        if len(self._buffer) < self._wanted:
            return []
        return self._cut()

    def _cut(self) -> list[Frame]:
        frames: list[Frame] = []
        buffer = self._buffer
        at = 0
        self._wanted = _HEAD
        while len(buffer) - at >= _HEAD:
            body_length, kind, flags, meta_length, number = _HEADER.unpack_from(buffer, at)
            if kind not in KINDS or body_length > MAX_BODY:
                raise FrameError(f"broken frame: kind {kind}, {body_length} bytes")
            start = at + _HEAD + meta_length
            end = start + body_length
            if end > len(buffer):
                self._wanted = end - at
                break
            meta = bytes(buffer[at + _HEAD : start])
            frames.append(Frame(kind, flags, number, meta, bytes(buffer[start:end])))
            at = end
        del buffer[:at]
        return frames
