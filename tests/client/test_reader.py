"""What a response must look like, and what of it is passed on."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.client.reader import FIELD_LIMIT, HEAD_LIMIT, ResponseReader


def read(*pieces: bytes, method: str = "GET", upgrade: bool = False) -> ResponseReader:
    reader = ResponseReader()
    reader.expect(method, upgrade=upgrade)
    for piece in pieces:
        reader.feed(piece)
        if reader.problem:
            break
    return reader


OK = b"HTTP/1.1 200 OK\r\n"

COMPLETE = {
    "length": (OK + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "chunked": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        b"abcde",
    ),
    "chunk extension": (
        OK + b"Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
        b"abc",
    ),
    "204 without framing": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "304 with length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", b""),
    "after 100": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na", b"a"),
    "after 103": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n"
        + OK
        + b"Content-Length: 1\r\n\r\na",
        b"a",
    ),
}


@pytest.mark.parametrize(("message", "body"), COMPLETE.values(), ids=COMPLETE.keys())
def test_a_complete_response_is_seen_as_complete_and_its_connection_kept(message, body):
    reader = read(message)
    assert (reader.problem, reader.complete, reader.keep_alive) == ("", True, True)
    assert reader.take() == body
    assert not reader.surplus


@pytest.mark.parametrize(("message", "body"), COMPLETE.values(), ids=COMPLETE.keys())
@given(data=st.data())
def test_where_the_bytes_are_cut_makes_no_difference(message, body, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(message) - 1), max_size=6)))
    bounds = [0, *cuts, len(message)]
    reader = read(*(message[a:b] for a, b in pairwise(bounds)))
    whole = read(message)
    assert (reader.problem, reader.complete) == ("", True)
    assert (reader.status, reader.fields, reader.take()) == (whole.status, whole.fields, body)


def test_fields_of_interim_answers_are_not_fields_of_the_answer():
    reader = read(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + OK
        + b"X: y\r\nContent-Length: 0\r\n\r\n"
    )
    assert reader.fields == [(b"X", b"y")]


def test_hop_by_hop_framing_nominated_and_the_doors_own_fields_are_not_passed_on():
    reader = read(
        OK
        + b"Connection: close, X-Gone\r\nKeep-Alive: timeout=5\r\nX-Gone: 1\r\nProxy-Authenticate: a\r\n"
        b"Trailer: Digest\r\nUpgrade: h2c\r\nApigw-Requestid: forged\r\n"
        b"Set-Cookie: a\r\nset-cookie: b\r\nDate: d\r\nContent-Length: 0\r\n\r\n"
    )
    assert reader.fields == [(b"Set-Cookie", b"a"), (b"set-cookie", b"b"), (b"Date", b"d")]
    assert not reader.keep_alive


def test_blanks_around_values_are_cut():
    reader = read(OK + b"X: \t a b \t\r\nEmpty:\r\nContent-Length: 0\r\n\r\n")
    assert reader.fields == [(b"X", b"a b"), (b"Empty", b"")]


def test_an_answer_to_head_ends_with_its_head_and_keeps_its_length():
    reader = read(OK + b"Content-Length: 300\r\n\r\n", method="HEAD")
    assert reader.complete
    assert reader.keep_alive
    assert reader.fields == [(b"Content-Length", b"300")]
    assert reader.take() == b""


def test_a_second_response_behind_the_first_changes_nothing_of_it():
    second = b"HTTP/1.1 503 No\r\nETag: x\r\nContent-Length: 2\r\n\r\nno"
    reader = read(OK + b"A: b\r\nContent-Length: 2\r\n\r\nok" + second)
    assert (reader.complete, reader.surplus, reader.problem) == (True, True, "")
    assert (reader.status, reader.length, reader.take()) == (200, 2, b"ok")
    assert (reader.fields, reader.trailers) == ([(b"A", b"b")], None)


def test_a_body_behind_an_answer_to_head_is_surplus():
    reader = read(OK + b"Content-Length: 3\r\n\r\nabc", method="HEAD")
    assert reader.complete
    assert reader.surplus


SURPLUS = {
    "a second response": OK + b"Content-Length: 0\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
    "the begin of a response": OK + b"Content-Length: 0\r\n\r\nHTTP/1.1 2",
    "rubbish": OK + b"Content-Length: 3\r\n\r\nabcdef",
    "a body behind 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
    "a body behind 304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc",
    "bytes behind close": OK + b"Connection: close\r\nContent-Length: 0\r\n\r\nabc",
}


@pytest.mark.parametrize("message", SURPLUS.values(), ids=SURPLUS.keys())
def test_bytes_behind_the_end_are_noticed_and_do_not_spoil_the_answer(message):
    reader = read(message)
    assert (reader.problem, reader.complete) == ("", True)
    assert reader.surplus or not reader.keep_alive
    assert reader.take() in (b"", b"abc")


def test_a_body_without_length_ends_with_the_connection():
    reader = read(OK + b"\r\nabc", b"def")
    assert not reader.complete
    assert reader.take() == b"abcdef"
    reader.feed_eof()
    assert reader.complete
    assert not reader.keep_alive


@pytest.mark.parametrize(
    "message",
    [
        b"",
        OK,
        OK + b"Content-Length: 3\r\n\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    ],
    ids=["nothing", "half a head", "short body", "no last chunk"],
)
def test_the_end_of_the_connection_completes_no_other_body(message):
    reader = read(message) if message else read()
    reader.feed_eof()
    assert not reader.complete


REFUSED = {
    "length and coding": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    "coding and length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    "two lengths": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "gzip": b"Transfer-Encoding: gzip\r\n\r\nabc",
    "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\n\r\nabc",
    "bare LF": b"X: y\nContent-Length: 0\r\n\r\n",
    "folded line": b"X: y\r\n z\r\nContent-Length: 0\r\n\r\n",
    "blank before colon": b"X : y\r\n\r\n",
    "NUL in value": b"X: a\0b\r\n\r\n",
    "too many fields": b"".join(b"X-%d: y\r\n" % n for n in range(FIELD_LIMIT + 1))
    + b"Content-Length: 0\r\n\r\n",
    "too large a field": b"X: " + b"y" * HEAD_LIMIT + b"\r\nContent-Length: 0\r\n\r\n",
    "endless head": b"X: " + b"y" * HEAD_LIMIT,
    "chunk size": b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n",
    "chunk overflow": b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
}


@pytest.mark.parametrize("rest", REFUSED.values(), ids=REFUSED.keys())
def test_unsound_responses_are_refused(rest):
    assert read(OK + rest).problem


@pytest.mark.parametrize(
    "message",
    [
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"ICE/1.0 200 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 600 What\r\n\r\n",
        b"HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
    ids=["http2", "rtsp", "ice", "ssh", "leading line", "600", "099", "101 unasked"],
)
def test_other_protocols_and_statuses_are_refused(message):
    assert read(message).problem


def test_a_head_within_the_limit_is_taken_whatever_follows_it():
    message = OK + b"Content-Length: %d\r\n\r\n" % (2 * HEAD_LIMIT) + b"x" * (2 * HEAD_LIMIT)
    assert read(message).complete


def test_framing_without_content_is_limited():
    reader = read(OK + b"Transfer-Encoding: chunked\r\n\r\n1;")
    for _ in range(HEAD_LIMIT // 1000 + 1):
        reader.feed(b"x" * 1000)
    assert reader.problem == "too much framing"


def test_only_known_trailers_are_kept_and_never_as_fields():
    reader = read(
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
        b"Grpc-Status: 0\r\nX-Admin: 1\r\nSet-Cookie: a\r\n\r\n"
    )
    assert reader.complete
    assert reader.trailers == [(b"Grpc-Status", b"0")]
    assert reader.fields == []


SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX: y\r\n\r\n"
)


def test_an_asked_for_switch_hands_over_the_bytes_behind_it():
    reader = read(SWITCH + b"\x81\x00", upgrade=True)
    assert reader.problem == ""
    assert reader.status == 101
    assert reader.switched == b"\x81\x00"
    assert reader.fields == [(b"X", b"y"), (b"Upgrade", b"websocket")]


def test_a_switch_that_names_no_protocol_is_refused():
    assert read(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", upgrade=True).problem


def test_a_refused_upgrade_is_an_ordinary_answer():
    reader = read(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", upgrade=True)
    assert (reader.status, reader.complete, reader.take()) == (403, True, b"no")


def test_the_servers_own_patience_is_known():
    assert (
        read(OK + b"Keep-Alive: timeout=5, max=100\r\nContent-Length: 0\r\n\r\n").retire_after == 5
    )


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_rubbish_is_refused_or_awaited_but_never_raises(pieces):
    reader = read(*pieces)
    reader.feed_eof()
    assert not reader.complete


REPEATED = (
    OK + b"Content-Length: 3\r\n\r\nabc",
    OK + b"Content-Length: 3\r\n\r\nde",
    OK + b"Content-Length: 3\r\n\r\nabcd",
    OK + b"Content-Length: 3\r\n\r\nabc\r\n",
    OK + b"Content-Length: 2\r\n\r\n\r\n\r\n",
    OK + b"Content-Length: 2\r\n\r\nab\r\n",
    OK + b"Content-Length: 0\r\n\r\n",
    OK + b"Content-Length: 0\r\nKeep-Alive: timeout=7\r\n\r\n",
    OK + b"Content-Length: 1\r\nConnection: close\r\n\r\na",
    OK + b"Content-Length: 1\r\nConnection: x\r\nX: y\r\n\r\na",
    OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na",
    b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na",
)


def seen(reader: ResponseReader) -> dict[str, object]:
    names = (
        *("status", "fields", "length", "length_withheld", "trailers", "complete", "keep_alive"),
        *("surplus", "switched", "retire_after", "problem", "untouched"),
    )
    return {name: getattr(reader, name) for name in names} | {"body": reader.take()}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(REPEATED), st.sampled_from(("GET", "GET", "HEAD")), st.booleans()
        ),
        max_size=8,
    )
)
def test_what_came_before_on_a_connection_makes_no_difference(answers):
    kept = ResponseReader()
    for message, method, upgrade in answers:
        kept.expect(method, upgrade=upgrade)
        kept.feed(message)
        said = seen(kept)
        assert said == seen(read(message, method=method, upgrade=upgrade))
        kept.fields.append((b"added", b"by a tail"))
        if not (kept.complete and kept.keep_alive) or kept.surplus:
            kept = ResponseReader()
