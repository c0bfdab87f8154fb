"""Where the metadata of a streamed response end."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.events.response import (
    END_OF_METADATA,
    MAX_METADATA,
    Malformed,
    Response,
    parse_metadata,
    parse_v1,
    parse_v2,
)
from frontdesk.rules.events.streamed import Opening

BYTES = (b"content-type", b"application/octet-stream")


@pytest.mark.parametrize(
    ("metadata", "status", "fields"),
    [
        ({}, 200, [BYTES]),
        ({"statusCode": 204}, 204, []),
        ({"headers": {"Content-Type": "text/event-stream"}}, 200, None),
        (
            {"statusCode": 201, "headers": {"a": 1}, "cookies": ["x=1", "y=2"]},
            201,
            [(b"a", b"1"), (b"set-cookie", b"x=1"), (b"set-cookie", b"y=2"), BYTES],
        ),
        (
            {"multiValueHeaders": {"a": ["1", "2"]}, "body": 5},
            200,
            [(b"a", b"1"), (b"a", b"2"), BYTES],
        ),
    ],
    ids=["nothing", "no content", "own type", "cookies", "lists"],
)
def test_metadata_are_a_response_without_body(metadata, status, fields):
    response = parse_metadata(json.dumps(metadata).encode())
    fields = [(b"Content-Type", b"text/event-stream")] if fields is None else fields
    assert response == Response(status, fields, b"")


@pytest.mark.parametrize(
    "metadata",
    [b"", b"[]", b"text", b"null", b'{"statusCode": "x"}', b'{"headers": {"a": "b\\r\\nc: d"}}'],
)
def test_other_metadata_are_malformed(metadata):
    assert isinstance(parse_metadata(metadata), Malformed)


@given(st.binary(max_size=60), st.lists(st.integers(1, 20), min_size=1, max_size=9))
def test_metadata_are_found_however_the_stream_is_cut(body, sizes):
    stream = b'{"statusCode": 203}' + END_OF_METADATA + body
    opening, at, turn, head = Opening(), 0, 0, None
    while head is None:
        piece = stream[at : at + sizes[turn % len(sizes)]]
        at, turn = at + len(piece), turn + 1
        head = opening.feed(piece)
    assert (head.status, head.body + stream[at:]) == (203, body)


@pytest.mark.parametrize(("blanks", "fits"), [(MAX_METADATA - 2, True), (MAX_METADATA - 1, False)])
@pytest.mark.parametrize("size", [4096, 1 << 20], ids=["in pieces", "at once"])
def test_metadata_end_within_16_kilobytes(blanks, fits, size):
    stream = b"{" + b" " * blanks + b"}" + END_OF_METADATA + b"x"
    opening = Opening()
    heads = [opening.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    first = next(head for head in heads if head is not None)
    assert isinstance(first, Response) is fits


@pytest.mark.parametrize("parse", [parse_v1, parse_v2])
def test_a_stream_that_was_gathered_is_a_response_all_the_same(parse):
    stream = b'{"statusCode": 203}' + END_OF_METADATA + b"a\0b"
    assert parse(stream) == Response(203, [BYTES], b"a\0b")
    assert isinstance(parse(b"no json" + END_OF_METADATA), Malformed)
