"""Content codings: what clients accept, which answers take one, and what those say of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.encoding import (
    VARY,
    MediaTypes,
    coded,
    may_be_coded,
    not_modified,
    preferred,
    still_true,
    varied,
)

OFFERED = (b"zstd", b"gzip")
TYPES = MediaTypes(["application/json", "text/*", "application/*+json"])


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (b"", None),
        (b"gzip", b"gzip"),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip;q=1.0, zstd;q=0.5", b"gzip"),
        (b"gzip;q=0, zstd;q=0", None),
        (b"GZip ; Q=0.5", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"br", None),
        (b"*", b"zstd"),
        (b"*;q=0.1, zstd;q=0", b"gzip"),
        (b"gzip, *;q=0", b"gzip"),
        (b"identity", None),
        (b"identity;q=1, gzip;q=0.5", None),
        (b"identity;q=0.5, gzip", b"gzip"),
        (b"identity;q=0", None),
        (b"gzip;q=2", None),
        (b"gzip;q=0.1234", None),
        (b"gzip;level=9", None),
        (b",, ,gzip,", b"gzip"),
    ],
)
def test_the_best_accepted_coding_is_chosen(accepted, coding):
    assert preferred(accepted, OFFERED) == coding


@given(st.binary(max_size=60))
def test_whatever_is_sent_is_read(accepted):
    assert preferred(accepted, OFFERED) in {None, *OFFERED}


@pytest.mark.parametrize(
    ("content_type", "listed"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=utf-8", True),
        (b"application/problem+json", True),
        (b"text/html ;charset=x", True),
        (b"text/html/x", False),
        (b"application/jsonx", False),
        (b"image/png", False),
        (b"", False),
    ],
)
def test_types_are_listed(content_type, listed):
    assert (content_type in TYPES) is listed


JSON = (b"Content-Type", b"application/json")


@pytest.mark.parametrize(
    ("status", "fields", "may"),
    [
        (200, [JSON], True),
        (404, [JSON], True),
        (200, [], False),
        (200, [(b"content-type", b"image/png")], False),
        (206, [JSON, (b"content-range", b"bytes 0-1/2")], False),
        (416, [JSON, (b"Content-Range", b"bytes */2")], False),
        (304, [JSON], False),
        (204, [JSON], False),
        (101, [JSON], False),
        (200, [JSON, (b"Content-Encoding", b"br")], False),
        (200, [JSON, (b"Cache-Control", b"max-age=1, No-Transform")], False),
        (200, [JSON, (b"Cache-Control", b"max-age=1")], True),
    ],
)
def test_only_whole_plain_answers_of_listed_types_are_coded(status, fields, may):
    assert may_be_coded(status, fields, TYPES) is may


def test_a_coded_answer_says_nothing_that_is_not_true():
    fields = [
        JSON,
        (b"Content-Length", b"12"),
        (b"ETag", b'"a"'),
        (b"Accept-Ranges", b"bytes"),
        (b"Content-Digest", b"x"),
        (b"Repr-Digest", b"x"),
        (b"Set-Cookie", b"a=b"),
    ]
    assert coded(fields, b"gzip") == [
        JSON,
        (b"ETag", b'W/"a"'),
        (b"Set-Cookie", b"a=b"),
        (b"content-encoding", b"gzip"),
    ]
    assert coded([(b"etag", b'W/"a"')], b"gzip")[0] == (b"etag", b'W/"a"')
    assert still_true([(b"Content-Digest", b"x"), (b"Server-Timing", b"y")]) == [
        (b"Server-Timing", b"y")
    ]


@pytest.mark.parametrize(
    ("asked", "tag"),
    [(b'W/"a"', b'W/"a"'), (b'"a"', b'"a"'), (b'"b", W/"a"', b'W/"a"'), (b"", b'"a"')],
)
def test_an_answer_that_is_still_good_is_named_as_the_client_holds_it(asked, tag):
    fields = [(b"ETag", b'"a"'), (b"Vary", b"Origin")]
    assert not_modified(fields, asked) == [(b"ETag", tag), (b"Vary", b"Origin"), VARY]


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ([], False),
        ([b"Origin"], False),
        ([b"Origin", b"accept-encoding"], True),
        ([b"Origin, Accept-Encoding"], True),
        ([b"*"], True),
    ],
)
def test_vary_is_said_once(vary, said):
    assert varied([(b"Vary", value) for value in vary]) is said
