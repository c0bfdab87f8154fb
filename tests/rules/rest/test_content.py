"""The two tables of content handling, as AWS's answers to all combinations were recorded."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.rest.content import REQUEST, RESPONSE, as_text, decode, encode

RAW = b"\x89PNG\r\n\xff\x00"
ENCODED = b64encode(RAW)
TEXT = b"this is text"
LOST = RAW.decode("utf-8", "replace").encode()
FAILS = None
BINARY, TEXTUAL = True, False
NONE, TO_TEXT, TO_BINARY = None, "convert_to_text", "convert_to_binary"
BODIES = (RAW, ENCODED, TEXT)


def _encoded(body):
    return b64encode(body)


def _same(body):
    return body


def _utf8(body):
    return LOST if body == RAW else body


def _decoded(body):
    return RAW if body == ENCODED else FAILS


@pytest.mark.parametrize("body", BODIES, ids=["raw", "encoded", "text"])
@pytest.mark.parametrize(
    ("binary", "handling", "expected"),
    [
        (TEXTUAL, NONE, _utf8),
        (TEXTUAL, TO_TEXT, _utf8),
        (TEXTUAL, TO_BINARY, _decoded),
        (BINARY, NONE, _same),
        (BINARY, TO_TEXT, _encoded),
        (BINARY, TO_BINARY, _same),
    ],
)
def test_what_an_integration_gets(binary, handling, expected, body):
    assert REQUEST[binary, handling](body) == expected(body)


@pytest.mark.parametrize("body", BODIES, ids=["raw", "encoded", "text"])
@pytest.mark.parametrize(
    ("came", "wished", "handling", "expected"),
    [
        (TEXTUAL, TEXTUAL, NONE, _utf8),
        (TEXTUAL, TEXTUAL, TO_TEXT, _utf8),
        (TEXTUAL, TEXTUAL, TO_BINARY, _decoded),
        (TEXTUAL, BINARY, NONE, _decoded),
        (TEXTUAL, BINARY, TO_TEXT, _utf8),
        (TEXTUAL, BINARY, TO_BINARY, _decoded),
        (BINARY, TEXTUAL, NONE, _encoded),
        (BINARY, TEXTUAL, TO_TEXT, _encoded),
        (BINARY, TEXTUAL, TO_BINARY, _same),
        (BINARY, BINARY, NONE, _same),
        (BINARY, BINARY, TO_TEXT, _encoded),
        (BINARY, BINARY, TO_BINARY, _same),
    ],
)
def test_what_a_client_gets(came, wished, handling, expected, body):
    assert RESPONSE[came, wished, handling](body) == expected(body)


@given(st.binary())
def test_what_was_encoded_can_be_decoded(body):
    assert decode(encode(body)) == body


@given(st.binary())
def test_text_is_always_utf8_and_utf8_is_left_alone(body):
    text = as_text(body)
    assert text.decode().encode() == text
    assert as_text(text) is text


@pytest.mark.parametrize("body", [b"a", b"a===", b"ab cd", b"\xff"])
def test_what_is_not_base64_is_not_decoded(body):
    assert decode(body) is None


def test_padding_is_as_in_rfc_4648():
    assert decode(b"YQ==") == b64decode(b"YQ==")
