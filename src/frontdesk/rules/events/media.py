"""Owns how a request body travels inside a JSON event: as text, or as base64.

Source: AWS, "AWS Lambda proxy integrations for HTTP APIs"; which types count as text was observed.
"""

from binascii import b2a_base64
from functools import lru_cache

_TEXT = frozenset({b"application/json", b"application/xml", b"application/javascript"})


@lru_cache(maxsize=256)
def is_text(content_type: bytes, content_encoding: bytes = b"") -> bool:
    """Whether a body of this type goes into an event as text. b"" means that the field is absent."""
    if content_encoding.strip().lower() not in (b"", b"identity"):
        return False
    media_type = content_type.partition(b";")[0].strip().lower()
    return (
        not media_type
        or media_type in _TEXT
        or media_type.startswith(b"text/")
        or media_type.endswith((b"+json", b"+xml"))
    )


def event_body(body: bytes, headers: dict[bytes, bytes]) -> tuple[str, bool]:
    """Return a body as the pair `body`, `isBase64Encoded` of an event. headers: lower-case names.

    Text that is not UTF-8 travels as base64 too, so that no byte is lost.
    """
    if is_text(headers.get(b"content-type", b""), headers.get(b"content-encoding", b"")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            # Differs: [not-utf8] AWS puts replacement characters in, and the bytes are lost.
            pass
    return b2a_base64(body, newline=False).decode("ascii"), True
