"""Owns how a message becomes the frames that are sent: text or bytes, compressed or not. Knows no connection."""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import Final

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import BINARY, CONT, TEXT, Frame

from frontdesk.gateway.server.ws_handshake import MEMORY

SENT_FRAME: Final = 32 * 1024
"""Bytes of the largest frame that is sent, as AWS does."""

WORTH: Final = 512
"""Bytes from which a message is compressed. Shorter ones are sent as they are, as RFC 7692 §6 allows."""

WHOLE_TEXT: Final = 0x81
"""First byte of a text in one frame: FIN, opcode 1, no reserved bits (RFC 6455 §5.2)."""

WHOLE_BYTES: Final = 0x82

TWO_BYTES: Final = 126
"""A length that stands in the two bytes behind; 127: in eight. Less is the length itself."""

_SHORT_HEAD: Final = Struct(">BB").pack
_LONG_HEAD: Final = Struct(">BBH").pack

Framing = Callable[[bytes, int], bytes]
"""See `frames_of`."""


def frames_of(message: bytes, window: int) -> bytes:
    """Return the frames of a message: a text, or bytes where it is none.

    window: bits of the window that the client inflates with; 0: it takes no compressed frames.
    """
    size, is_text = len(message), message.isascii() or is_utf8(message)
    if size < (WORTH if window else SENT_FRAME):
        first = WHOLE_TEXT if is_text else WHOLE_BYTES
        if size < TWO_BYTES:
            return _SHORT_HEAD(first, size) + message
        return _LONG_HEAD(first, TWO_BYTES, size) + message
    extensions = [_deflate(window)] if window else []
    frames = [
        Frame(
            CONT if at else TEXT if is_text else BINARY,
            message[at : at + SENT_FRAME],
            fin=at + SENT_FRAME >= size,
        )
        for at in range(0, size, SENT_FRAME)
    ]
    return b"".join([frame.serialize(mask=False, extensions=extensions) for frame in frames])


same_frames_of: Final[Framing] = lru_cache(maxsize=4)(frames_of)
"""For what many connections are sent, one after the other: what most of them take is made once for all."""

standing_frames_of: Final[Framing] = lru_cache(maxsize=64)(frames_of)
"""For answers that the file says: they are the same as long as it stands."""


def _deflate(window: int) -> PerMessageDeflate:
    return PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=window,
        local_max_window_bits=window,
        compress_settings=MEMORY,
    )


def is_utf8(data: bytes) -> bool:
    """Whether bytes are a text. Those in ASCII alone are, which `bytes.isascii` tells sooner."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
