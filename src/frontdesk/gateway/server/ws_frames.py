"""Owns one connection's frames: bytes in, whole messages out; messages in, bytes out. Knows no socket.

The protocol is `websockets`'; what it leaves to its caller is here: UTF-8 across fragments (RFC 6455 §8.1),
which messages are taken, and the size of the frames that are sent.
"""

import codecs
import logging
from collections.abc import Iterable, Iterator, Mapping
from struct import pack
from typing import Any, Final

from websockets.frames import BINARY, CONT, PING, TEXT, Frame
from websockets.protocol import SEND_EOF, SERVER, Protocol, State

from frontdesk.gateway.server.ws_handshake import WORTH, Deflate

try:
    from websockets.speedups import apply_mask
except ImportError:  # no wheel for this machine
    from websockets.utils import apply_mask

INVALID_DATA: Final = 1007
MESSAGE_TOO_BIG: Final = 1009
UNSUPPORTED: Final = 1003
NO_STATUS: Final = 1005
ABNORMAL: Final = 1006

SENT_FRAME: Final = 32 * 1024
"""Bytes of the largest frame that is sent, as AWS does."""

# What a frame begins with (RFC 6455 §5.2).
_WHOLE_TEXT: Final = 0x81  # FIN, opcode 1, no reserved bits
_WHOLE_BYTES: Final = 0x82  # and opcode 2
_MASKED: Final = 0x80
_TWO_BYTES: Final = 126  # a length that stands in the two bytes behind; 127: in eight

_WHOLE: Final[Mapping[int, bool]] = {_WHOLE_TEXT: False, _WHOLE_BYTES: True}
"""First byte of frames that are whole messages → whether they are binary."""

_WHOLE_TEXTS: Final[Mapping[int, bool]] = {_WHOLE_TEXT: False}

_OPEN: Final = State.OPEN

_LOGGER: Final = logging.getLogger("frontdesk.websocket.protocol")
_LOGGER.setLevel(logging.ERROR)  # how each connection ends is in the access log

_utf8 = codecs.getincrementaldecoder("utf-8")


class Frames:
    """The protocol of one connection, from 101 on."""

    __slots__ = (
        *("_binary", "_decoder", "_held", "_most", "_parts", "_plain", "_protocol"),
        *("_takes_binary", "_unsplit", "_whole", "pinged", "unsent"),
    )

    def __init__(
        self, *, message: int, frame: int, takes_binary: bool, deflate: Deflate | None
    ) -> None:
        """message, frame: most bytes of each, inflated."""
        self._protocol = Protocol(SERVER, max_size=(message, frame), logger=_LOGGER)
        if deflate is not None:
            self._protocol.extensions = [deflate]
        self._plain = (
            SENT_FRAME if deflate is None else WORTH
        )  # bytes from which the protocol writes
        self._most = min(message, frame)
        self._held = b""  # the beginning of a frame
        self._unsplit = False  # frames have come that only the protocol can tell apart
        self._takes_binary = takes_binary
        self._whole = _WHOLE if takes_binary else _WHOLE_TEXTS
        self._parts: list[bytes] | None = None  # of a message whose end has not come
        self._binary = False
        self._decoder: Any = None
        self.unsent = 0
        """Bytes of messages that were said since the last `to_send`."""
        self.pinged = False
        """Whether the client has sent a ping since this was last set to False."""

    @property
    def open(self) -> bool:
        """Whether messages may be sent."""
        return self._protocol.state is _OPEN

    @property
    def failed(self) -> bool:
        """Whether it ends without the client having said so."""
        return self._protocol.close_rcvd is None

    @property
    def closed(self) -> tuple[int, str]:
        """Close code and reason: of whoever said so first; 1006 where nobody has."""
        protocol = self._protocol
        sent, received = protocol.close_sent, protocol.close_rcvd
        first = received if protocol.close_rcvd_then_sent or sent is None else sent
        return (ABNORMAL, "") if first is None else (int(first.code), first.reason)

    def take(self, data: bytes) -> Iterable[tuple[bytes, bool]]:
        """Read bytes; give each whole message, and whether it is binary. Then look at `to_send`.

        Most bytes are one text in ASCII, in one frame, and nothing else: that is seen here at once.
        """
        size = len(data)
        if size >= 8 and data[0] == _WHOLE_TEXT and self._is_between:
            length, begins = data[1] - _MASKED, 6
            if length == _TWO_BYTES:
                length, begins = int.from_bytes(data[2:4]), 8
            elif length > _TWO_BYTES:
                length = self._most + 1
            if begins + length == size and length <= self._most:
                message = apply_mask(data[begins:], data[begins - 4 : begins])
                if message.isascii():
                    return ((message, False),)
        return self._each(data)

    @property
    def _is_between(self) -> bool:
        """Whether a frame begins that the protocol need not see, should it be a whole message."""
        return (
            self._parts is None
            and not self._held
            and not self._unsplit
            and self._protocol.state is _OPEN
        )

    def _each(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Give the messages of several frames, or of parts of some.

        The protocol gets whole frames only, so that a plain message in one short frame can pass it by: it would
        cost more than all else about such a message.
        """
        if self._unsplit:
            yield from self._by_protocol(data)
            return
        if self._held:
            data, self._held = self._held + data, b""
        at, size = 0, len(data)
        while at + 2 <= size:
            length, begins = data[at + 1] & 127, at + 6
            if length == _TWO_BYTES:
                if at + 4 > size:
                    break
                length, begins = int.from_bytes(data[at + 2 : at + 4]), at + 8
            elif length > _TWO_BYTES:
                length = self._most + 1
            if length > self._most or data[at + 1] < _MASKED:
                self._unsplit = True
                yield from self._by_protocol(data[at:])
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

    def _by_protocol(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        protocol = self._protocol
        protocol.receive_data(data)
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
        self._protocol.receive_eof()

    def say(self, message: bytes) -> None:
        """Send a message: a text, or bytes where it is none."""
        size, protocol = len(message), self._protocol
        self.unsent += size
        is_text = message.isascii() or _is_text(message)
        if size < self._plain and is_text:
            head = b"\x81%c" % size if size < _TWO_BYTES else pack(">BBH", 0x81, _TWO_BYTES, size)
            protocol.writes.append(head + message)
            return
        send = protocol.send_text if is_text else protocol.send_binary
        if size <= SENT_FRAME:
            send(message)
            return
        send(message[:SENT_FRAME], fin=False)
        for at in range(SENT_FRAME, size, SENT_FRAME):
            fin = at + SENT_FRAME >= size
            protocol.send_continuation(message[at : at + SENT_FRAME], fin=fin)

    def ping(self) -> None:
        """Ask whether the client is there."""
        self._protocol.send_ping(b"")

    def close(self, code: int, reason: str) -> None:
        """Begin to close."""
        self._protocol.send_close(code, reason)

    def to_send(self) -> tuple[bytes, bool]:
        """Return what has to be written, and whether nothing more will be."""
        self.unsent = 0
        writes = self._protocol.writes
        if not writes:
            return b"", False
        self._protocol.writes = []
        over = writes[-1] == SEND_EOF
        return (writes[0] if len(writes) == 1 else b"".join(writes)), over

    def _piece(self, frame: Frame) -> bytes | None:
        """Take a data frame; return the message that it completes."""
        data = bytes(frame.data)
        if frame.opcode is not CONT:
            self._binary = frame.opcode is BINARY
            if self._binary and not self._takes_binary:
                self._protocol.fail(UNSUPPORTED, "Binary messages are not supported")
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
        if data.isascii() or _is_text(data):
            return True
        self._protocol.fail(INVALID_DATA, "Invalid UTF-8")
        return False

    def _goes_on(self, data: bytes, *, final: bool) -> bool:
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self._protocol.fail(INVALID_DATA, "Invalid UTF-8")
            return False
        return True


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
