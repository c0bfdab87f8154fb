"""Owns content handling: in which form a body reaches an integration, and in which the client.

Two tables, recorded for all 72 combinations. A body is text, bytes, or base64 of bytes as text.
Source: AWS, "Content type conversions in API Gateway".
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import Final

Conversion = Callable[[bytes], bytes | None]
"""Changes a body; None: it cannot be changed so."""


def as_text(body: bytes) -> bytes:
    """Make a body valid UTF-8: what is not becomes U+FFFD, and is lost, as in AWS."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace").encode()
    return body


def encode(body: bytes) -> bytes:
    """Write bytes as base64."""
    return b2a_base64(body, newline=False)


def decode(body: bytes) -> bytes | None:
    """Read base64; None where it is not."""
    try:
        return a2b_base64(body, strict_mode=True)
    except Base64Error:
        return None


def untouched(body: bytes) -> bytes:
    """Leave a body as it is."""
    return body


TO_TEXT: Final = "convert_to_text"
TO_BINARY: Final = "convert_to_binary"

REQUEST: Final[Mapping[tuple[bool, str | None], Conversion]] = {
    (False, None): as_text,
    (False, TO_TEXT): as_text,
    (False, TO_BINARY): decode,
    (True, None): untouched,
    (True, TO_TEXT): encode,
    (True, TO_BINARY): untouched,
}
"""By whether the request's Content-Type is binary, and its content handling."""

RESPONSE: Final[Mapping[tuple[bool, bool, str | None], Conversion]] = {
    (False, False, None): as_text,
    (False, False, TO_TEXT): as_text,
    (False, False, TO_BINARY): decode,
    (False, True, None): decode,
    (False, True, TO_TEXT): as_text,
    (False, True, TO_BINARY): decode,
    (True, False, None): encode,
    (True, False, TO_TEXT): encode,
    (True, False, TO_BINARY): untouched,
    (True, True, None): untouched,
    (True, True, TO_TEXT): encode,
    (True, True, TO_BINARY): untouched,
}
"""By whether the answer's Content-Type and the client's Accept are binary, and its content handling."""

TEXTUAL: Final = frozenset({as_text, encode})
"""Conversions whose result is text: a template takes no other."""
