"""Owns the framing of AWS event streams. Pure.

Source: AWS, "Event stream encoding" (Transcribe Developer Guide): total length, length of the headers and
a CRC-32 of these two, the headers, the payload, a CRC-32 of everything before; all numbers big-endian.
"""

import struct
from collections.abc import Mapping
from typing import Final
from zlib import crc32

CONTENT_TYPE: Final = b"application/vnd.amazon.eventstream"

_PRELUDE: Final = struct.Struct(">II")
_CRC: Final = struct.Struct(">I")
_STRING: Final = 7
_OVERHEAD: Final = _PRELUDE.size + 2 * _CRC.size


def encode_event(event_type: str, content_type: str, payload: bytes) -> bytes:
    """Frame one event."""
    headers = _headers(
        {":message-type": "event", ":event-type": event_type, ":content-type": content_type}
    )
    prelude = _PRELUDE.pack(_OVERHEAD + len(headers) + len(payload), len(headers))
    message = b"".join((prelude, _CRC.pack(crc32(prelude)), headers, payload))
    return message + _CRC.pack(crc32(message))


def _headers(headers: Mapping[str, str]) -> bytes:
    parts = []
    for name, value in headers.items():
        text = value.encode()
        parts += [bytes([len(name)]), name.encode(), struct.pack(">BH", _STRING, len(text)), text]
    return b"".join(parts)
