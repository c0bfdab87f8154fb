"""Which request bodies are text in an event."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.events.media import event_body, is_text


@pytest.mark.parametrize(
    ("content_type", "encoding", "text"),
    [
        (b"", b"", True),
        (b"text/plain", b"", True),
        (b"TEXT/HTML; charset=utf-8", b"", True),
        (b"application/json", b"", True),
        (b"application/json;charset=utf-8", b"identity", True),
        (b"application/xml", b"", True),
        (b"application/javascript", b"", True),
        (b"application/problem+json", b"", True),
        (b"image/svg+xml", b"", True),
        (b"application/x-www-form-urlencoded", b"", False),
        (b"multipart/form-data; boundary=x", b"", False),
        (b"application/octet-stream", b"", False),
        (b"image/png", b"", False),
        (b"application/json", b"gzip", False),
    ],
)
def test_text_like_types(content_type, encoding, text):
    assert is_text(content_type, encoding) is text


def test_text_that_is_not_utf8_is_base64():
    assert event_body(b"\xff", {b"content-type": b"text/plain"}) == ("/w==", True)


@given(st.binary(), st.sampled_from([b"text/plain", b"image/png"]))
def test_no_byte_is_lost(body, content_type):
    text, is_base64 = event_body(body, {b"content-type": content_type})
    assert (base64.b64decode(text) if is_base64 else text.encode()) == body
