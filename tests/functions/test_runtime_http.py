"""HTTP as the Runtime API reads it: good messages whole, bad ones told, nothing read too far."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.functions.runtime_http import BrokenMessageError, Connection


@pytest.fixture
def talk():
    """Send bytes and close; answer the reading end and the client's socket."""
    opened = []

    def talk(data: bytes, *, close=True):
        client, server = socket.socketpair()
        opened.append(client)
        client.sendall(data)
        if close:
            client.shutdown(socket.SHUT_WR)
        connection = Connection(server)
        opened.append(connection)
        return connection, client

    yield talk
    for end in opened:
        end.close()


def read(connection):
    """Read all requests: method, path, body and trailers of each."""
    return [
        (request.method, request.path, request.read(1 << 20), dict(request.trailers))
        for request in connection.requests()
    ]


@pytest.mark.parametrize(
    ("message", "body", "trailers"),
    [
        (b"GET /a HTTP/1.1\r\n\r\n", b"", {}),
        (b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", b"hello", {}),
        (b"POST /a HTTP/1.1\nCONTENT-LENGTH:  5 \n\nhello", b"hello", {}),
        (
            b"POST /a HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n",
            b"hello",
            {},
        ),
        (
            b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nE: x\r\n\r\n",
            b"0123456789",
            {"e": "x"},
        ),
    ],
    ids=["no body", "length", "bare line ends", "chunks", "trailers"],
)
def test_a_message_is_read_whole_and_the_next_one_after_it(talk, message, body, trailers):
    connection, _ = talk(message * 2)
    method = message.partition(b" ")[0].decode()
    assert read(connection) == [(method, "/a", body, trailers)] * 2


@pytest.mark.parametrize(
    "message",
    [
        b"GET /a HTTP/1.0\r\n\r\n",
        b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
    ids=["1.0", "close"],
)
def test_the_last_message_is_the_last(talk, message):
    connection, _ = talk(message + b"GET /b HTTP/1.1\r\n\r\n")
    assert [path for _, path, _, _ in read(connection)] == ["/a"]


@pytest.mark.parametrize(
    "message",
    [
        b"GET /a\r\n\r\n",
        b"GET /a HTTP/1.1 x\r\n\r\n",
        b"GET /a HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /a HTT",
        b"POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
        b"POST /a HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n0123456789",
        b"POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
    ids=lambda message: repr(message[-24:]),
)
def test_a_broken_message_is_told(talk, message):
    connection, _ = talk(message)
    with pytest.raises(BrokenMessageError):
        read(connection)


def test_a_body_beyond_the_limit_is_read_and_dropped(talk):
    connection, _ = talk(
        b"POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\nhello!GET /b HTTP/1.1\r\n\r\n"
    )
    assert [request.read(5) for request in connection.requests()] == [None, b""]


def test_a_client_that_waits_for_leave_to_send_gets_it(talk):
    head = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    connection, client = talk(head, close=False)
    request = next(connection.requests())
    pieces = request.pieces()
    client.sendall(b"ok")
    assert next(pieces) == b"ok"
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_an_answer_is_framed_and_a_client_that_has_gone_is_noticed(talk):
    connection, client = talk(b"", close=False)
    connection.answer(202, b"{}", {"X-A": "b"})
    assert client.recv(1000) == (
        b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nX-A: b\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    assert not connection.gone()
    client.close()
    assert connection.gone()
    with pytest.raises(BrokenMessageError):
        connection.write(b"x")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_told_and_never_hang(data):
    client, server = socket.socketpair()
    with client:
        client.sendall(b"POST /a HTTP/1.1\r\n" + data)
        client.shutdown(socket.SHUT_WR)
        connection = Connection(server)
        try:
            read(connection)
        except BrokenMessageError:
            pass
        finally:
            connection.close()
