"""Owns one connection's frames: bytes in, whole messages out; messages in, bytes out. Knows no socket.

The protocol is `websockets`'; what it leaves to its caller is here: UTF-8 across fragments (RFC 6455 §8.1),
which messages are taken, and the size of the frames that are sent.
"""

import codecs
import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import BINARY, CONT, PING, TEXT, Frame
from websockets.protocol import SERVER, Protocol, State

from frontdesk.gateway.server.ws_messages import (
    TWO_BYTES,
    WHOLE_BYTES,
    WHOLE_TEXT,
    Framing,
    frames_of,
    is_utf8,
)

try:
    from websockets.speedups import apply_mask
except ImportError:  # no wheel for this machine
    from websockets.utils import apply_mask

INVALID_DATA: Final = 1007
MESSAGE_TOO_BIG: Final = 1009
UNSUPPORTED: Final = 1003
NO_STATUS: Final = 1005
ABNORMAL: Final = 1006

_MASKED: Final = 0x80

_WHOLE: Final[Mapping[int, bool]] = {WHOLE_TEXT: False, WHOLE_BYTES: True}
"""First byte of frames that are whole messages → whether they are binary."""

_WHOLE_TEXTS: Final[Mapping[int, bool]] = {WHOLE_TEXT: False}

_AT_ONCE: Final = 256
"""Frames that are taken before others have their turn. Small ones come by ten thousands in one read."""

_BYTES_AT_ONCE: Final = 8 * 1024
"""The same for bytes, where the protocol alone can tell frames apart."""

_OPEN: Final = State.OPEN

_LOGGER: Final = logging.getLogger("frontdesk.websocket.protocol")
_LOGGER.setLevel(logging.ERROR)  # how each connection ends is in the access log

_utf8 = codecs.getincrementaldecoder("utf-8")


class Frames:
    """The protocol of one connection, from 101 on."""

    __slots__ = (
        *("_between", "_binary", "_decoder", "_deflate", "_held", "_limits", "_most", "_parts"),
        *("_protocol", "_takes_binary", "_unsplit", "_whole", "_window", "_writes"),
        *("more", "open", "pinged", "unsent"),
    )

    def __init__(
        self, *, message: int, frame: int, takes_binary: bool, deflate: PerMessageDeflate | None
    ) -> None:
        """message, frame: most bytes of each, inflated."""
        self._limits = message, frame
        self._deflate = deflate
        self._window = 0 if deflate is None else deflate.local_max_window_bits
        self._protocol: Protocol | None = None  # most connections need none until they close
        self._writes: list[bytes] = []
        self._most = min(message, frame)
        self._held = b""  # the beginning of a frame
        self._unsplit = False  # frames have come that only the protocol can tell apart
        self._takes_binary = takes_binary
        self._whole = _WHOLE if takes_binary else _WHOLE_TEXTS
        self._parts: list[bytes] | None = None  # of a message whose end has not come
        self._binary = False
        self._decoder: Any = None
        self._between = True  # what comes begins a frame that the protocol need not see
        self.more = False
        """Whether `take` has left frames for the next time; b"" is enough for it then."""
        self.open = True
        """Whether messages may be sent."""
        self.unsent = 0
        """Bytes of messages that were said since the last `to_send`."""
        self.pinged = False
        """Whether the client has sent a ping since this was last set to False."""

    @property
    def failed(self) -> bool:
        """Whether it ends without the client having said so."""
        return self._protocol is None or self._protocol.close_rcvd is None

    @property
    def closed(self) -> tuple[int, str]:
        """Close code and reason: of whoever said so first; 1006 where nobody has."""
        protocol = self._protocol
        if protocol is None:
            return ABNORMAL, ""
        sent, received = protocol.close_sent, protocol.close_rcvd
        first = received if protocol.close_rcvd_then_sent or sent is None else sent
        return (ABNORMAL, "") if first is None else (int(first.code), first.reason)

    def text(self, data: bytes) -> bytes | None:
        """Return the text that all of `data` is, in one frame. None: `take` has to look.

        Most of what comes is one.
        """
        size = len(data)
        if size > self._most or not self._between:
            return None
        form = _whole_text(size)
        if form is None or not data.startswith(form[0]):
            return None
        _, key, payload = form
        message = apply_mask(data[payload], data[key])
        return message if message.isascii() or is_utf8(message) else None

    def take(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Read bytes; give each whole message, and whether it is binary. Then look at `to_send`, and at `more`."""
        self._between = self.more = False
        yield from self._each(data)
        self._between = self.open and self._parts is None and not self._held and not self._unsplit

    def _each(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Give the messages of several frames, or of parts of some.

        The protocol gets whole frames only, so that a plain message in one short frame can pass it by: it would
        cost more than all else about such a message.
        """
        if self._held:
            data, self._held = self._held + data, b""
        if self._unsplit:
            self._held = data[_BYTES_AT_ONCE:]
            self.more = bool(self._held)
            yield from self._by_protocol(data[:_BYTES_AT_ONCE])
            return
        at, size, left = 0, len(data), _AT_ONCE
        while left and at + 2 <= size:
            left -= 1
            length, begins = data[at + 1] & 127, at + 6
            if length == TWO_BYTES:
                if at + 4 > size:
                    break
                length, begins = int.from_bytes(data[at + 2 : at + 4]), at + 8
            elif length > TWO_BYTES:
                length = self._most + 1
            if length > self._most or data[at + 1] < _MASKED:
                self._unsplit = True
                yield from self._each(data[at:])
                return
            ends = begins + length
            if ends > size:
                break
            binary = self._whole.get(data[at])
            if binary is not None and self._parts is None and self.open:
                message = apply_mask(data[begins:ends], data[begins - 4 : begins])
                if binary or self._is_valid(message):
                    yield message, binary
            else:
                yield from self._by_protocol(data[at:ends])
            at = ends
        self._held = data[at:]
        self.more = not left

    def _by_protocol(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        protocol = self._whole_protocol()
        protocol.receive_data(data)
        self._look(protocol)
        for event in protocol.events_received():
            frame: Any = event
            opcode = frame.opcode
            if opcode is TEXT or opcode is BINARY or opcode is CONT:
                message = self._piece(frame)
                if message is not None:
                    yield message, self._binary
                elif not self.open:
                    return
            elif opcode is PING:
                self.pinged = True

    def end(self) -> None:
        """Read the end of what the client sends."""
        protocol = self._whole_protocol()
        protocol.receive_eof()
        self._look(protocol)

    def say(self, message: bytes, framing: Framing = frames_of) -> None:
        """Send a message."""
        self.unsent += len(message)
        self._writes.append(framing(message, self._window))

    def ping(self) -> None:
        """Ask whether the client is there."""
        self._whole_protocol().send_ping(b"")

    def close(self, code: int, reason: str) -> None:
        """Begin to close."""
        protocol = self._whole_protocol()
        protocol.send_close(code, reason)
        self._look(protocol)

    def to_send(self) -> tuple[bytes, bool]:
        """Return what has to be written, and whether nothing more will be."""
        writes = self._writes
        if not writes:
            return b"", False
        self.unsent = 0
        if len(writes) == 1:  # most often
            data = writes.pop()
            return data, not data
        data, over = b"".join(writes), not writes[-1]  # `websockets.protocol.SEND_EOF`
        writes.clear()
        return data, over

    def _piece(self, frame: Frame) -> bytes | None:
        """Take a data frame; return the message that it completes."""
        data = bytes(frame.data)
        if frame.opcode is not CONT:
            self._binary = frame.opcode is BINARY
            if self._binary and not self._takes_binary:
                self._fail(UNSUPPORTED, "Binary messages are not supported")
                return None
            if frame.fin:
                return data if self._binary or self._is_valid(data) else None
            self._parts = []
            self._decoder = None if self._binary else _utf8()
        parts = self._parts
        assert parts is not None  # the protocol has refused a continuation of nothing
        if self._decoder is not None and not self._goes_on(data, final=frame.fin):
            return None
        if data:
            parts.append(data)
        if not frame.fin:
            return None
        self._parts = self._decoder = None
        return b"".join(parts)

    def _is_valid(self, data: bytes) -> bool:
        if is_utf8(data):
            return True
        self._fail(INVALID_DATA, "Invalid UTF-8")
        return False

    def _goes_on(self, data: bytes, *, final: bool) -> bool:
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self._fail(INVALID_DATA, "Invalid UTF-8")
            return False
        return True

    def _fail(self, code: int, reason: str) -> None:
        protocol = self._whole_protocol()
        protocol.fail(code, reason)
        self._look(protocol)

    def _whole_protocol(self) -> Protocol:
        """Return what speaks the whole protocol, for all that is not a plain message."""
        protocol = self._protocol
        if protocol is None:
            protocol = self._protocol = Protocol(SERVER, max_size=self._limits, logger=_LOGGER)
            protocol.writes = self._writes
            if self._deflate is not None:
                protocol.extensions = [self._deflate]
        return protocol

    def _look(self, protocol: Protocol) -> None:
        """See whether messages may still be sent, after what may have changed it."""
        self.open = protocol.state is _OPEN
        self._between = self._between and self.open


@lru_cache(maxsize=1024)
def _whole_text(size: int) -> tuple[bytes, slice, slice] | None:
    """Return how a client's text in one frame of so many bytes begins, where its mask is, and where the text.

    None: none is so long, or its length stands in eight bytes.
    """
    if 6 <= size < 6 + TWO_BYTES:
        return bytes((WHOLE_TEXT, _MASKED | size - 6)), slice(2, 6), slice(6, None)
    if 8 + TWO_BYTES <= size < 8 + 65536:
        head = bytes((WHOLE_TEXT, _MASKED | TWO_BYTES)) + (size - 8).to_bytes(2)
        return head, slice(4, 8), slice(8, None)
    return None
