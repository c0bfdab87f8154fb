"""RFC 6455 and RFC 7692 as a table: what a client may say, byte for byte, and what becomes of it."""

import contextlib
import socket
import struct
import zlib

import pytest

from frontdesk.gateway.server.ws_frames import Frames
from tests.live.gateways import project
from tests.live.sockets import BINARY, CLOSE, CONT, PING, PONG, TEXT, RawSocket, frame, threaded

CONFIG = """
    apis:
      live:
        type: websocket
        routes:
          $default: {mock: {body: taken}, response: true}
          mirror:
            response: true
            integration:
              type: mock
              request_templates: {$default: '{"statusCode": 200}'}
              responses: {default: {templates: {application/json: "$context.routeKey"}}}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with threaded(project(tmp_path_factory.mktemp("ws"), CONFIG)) as gateway:
        yield gateway


@pytest.fixture(params=["short way", "protocol alone"])
def way(request, monkeypatch):
    """The way of frames: all cases hold where none passes the protocol by, too."""
    if request.param == "protocol alone":
        monkeypatch.setattr(Frames, "take", Frames._by_protocol)


@pytest.fixture
def client(gateway, way):
    with RawSocket(gateway.address) as client:
        assert client.status == 101
        yield client


def closing(code, reason=b""):
    return frame(CLOSE, struct.pack("!H", code) + reason)


EURO = "€".encode()
MESSAGE = frame(TEXT, b"{}")

GOOD = {
    "a text": [MESSAGE],
    "an empty text": [frame(TEXT)],
    "two texts in one write": [MESSAGE + MESSAGE],
    "one byte at a time": [bytes([byte]) for byte in MESSAGE],
    "125 bytes": [frame(TEXT, b"x" * 125)],
    "126 bytes": [frame(TEXT, b"x" * 126)],
    "32 KiB": [frame(TEXT, b"x" * 32768)],
    "two fragments": [frame(TEXT, b"{", fin=False), frame(CONT, b"}")],
    "fragments of no bytes": [frame(TEXT, fin=False), frame(CONT, fin=False), frame(CONT)],
    "128 KiB in fragments": [
        frame(TEXT, b"x" * 32768, fin=False),
        *[frame(CONT, b"x" * 32768, fin=False)] * 2,
        frame(CONT, b"x" * 32768),
    ],
    "UTF-8 across fragments": [
        frame(TEXT, EURO[:1], fin=False),
        frame(CONT, EURO[1:2], fin=False),
        frame(CONT, EURO[2:]),
    ],
    "UTF-8 of four bytes": [frame(TEXT, "\U0001f469".encode())],
    "an unasked pong before": [frame(PONG, b"hello"), MESSAGE],
    "an empty pong before": [frame(PONG), MESSAGE],
}


@pytest.mark.parametrize("pieces", GOOD.values(), ids=GOOD)
def test_a_message_is_taken(client, pieces):
    for piece in pieces:
        client.send(piece)
    assert client.frame() == (TEXT, b"taken", True, 0)


@pytest.mark.parametrize(
    "data", [b"", b"x" * 125, b"\xff\x00"], ids=["empty", "125 bytes", "bytes"]
)
def test_a_ping_is_answered_with_what_it_says(client, data):
    client.send(frame(PING, data))
    assert client.frame() == (PONG, data, True, 0)


def test_a_ping_between_fragments_is_answered_at_once(client):
    client.send(frame(TEXT, b"{", fin=False), frame(PING, b"now"))
    assert client.frame() == (PONG, b"now", True, 0)
    client.send(frame(CONT, b"}"))
    assert client.frame() == (TEXT, b"taken", True, 0)


def test_pings_are_answered_in_their_order(client):
    client.send(*[frame(PING, b"%d" % number) for number in range(10)])
    assert [client.frame().data for _ in range(10)] == [b"%d" % number for number in range(10)]


BAD = {
    **{
        f"opcode {opcode}": (1002, [frame(opcode)])
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    **{f"reserved bits {rsv}": (1002, [frame(TEXT, b"{}", rsv=rsv)]) for rsv in range(1, 8)},
    "reserved bit of a ping": (1002, [frame(PING, rsv=4)]),
    "no mask": (1002, [frame(TEXT, b"{}", mask=False)]),
    "no mask of a ping": (1002, [frame(PING, mask=False)]),
    "ping of 126 bytes": (1002, [frame(PING, b"x" * 126)]),
    "close of 126 bytes": (1002, [frame(CLOSE, struct.pack("!H", 1000) + b"x" * 124)]),
    "fragmented ping": (1002, [frame(PING, fin=False)]),
    "fragmented close": (1002, [frame(CLOSE, fin=False)]),
    "continuation of nothing": (1002, [frame(CONT, b"{}")]),
    "continuation after the end": (
        1002,
        [frame(TEXT, b"{", fin=False), frame(CONT, b"}"), frame(CONT)],
    ),
    "text within a text": (1002, [frame(TEXT, b"{", fin=False), frame(TEXT, b"}")]),
    "bytes within a text": (1002, [frame(TEXT, b"{", fin=False), frame(BINARY, b"}")]),
    "bytes": (1003, [frame(BINARY, b"{}")]),
    "first fragment of bytes": (1003, [frame(BINARY, b"{", fin=False)]),
    "no UTF-8": (1007, [frame(TEXT, b"\xff")]),
    "half a character": (1007, [frame(TEXT, EURO[:2])]),
    "half a character at the end of fragments": (
        1007,
        [frame(TEXT, EURO[:1], fin=False), frame(CONT, EURO[1:2])],
    ),
    "a bad byte in the first of several fragments": (1007, [frame(TEXT, b"\xce\xff", fin=False)]),
    "a surrogate": (1007, [frame(TEXT, b"\xed\xa0\x80")]),
    "an overlong form": (1007, [frame(TEXT, b"\xc0\xaf")]),
    "a frame beyond 32 KiB": (1009, [frame(TEXT, b"x" * 32769)]),
    "a frame that says 8 EiB": (1009, [frame(TEXT, b"x", length=2**62)]),
    "fragments beyond 128 KiB": (
        1009,
        [
            frame(TEXT, b"x" * 32768, fin=False),
            *[frame(CONT, b"x" * 32768, fin=False)] * 3,
            frame(CONT, b"x"),
        ],
    ),
    "a close of one byte": (1002, [frame(CLOSE, b"\x03")]),
    "a reason that is no UTF-8": (1007, [closing(1000, b"\xff")]),
    **{
        f"close code {code}": (1002, [closing(code)])
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


@pytest.mark.parametrize(("code", "pieces"), BAD.values(), ids=BAD)
def test_what_breaks_the_protocol_ends_the_connection(client, code, pieces):
    client.send(*pieces)
    *said, last = client.rest()
    assert (last.opcode, last.closing[0]) == (CLOSE, code)
    assert [each for each in said if each.opcode == CLOSE] == []


@pytest.mark.parametrize("piece", [frame(TEXT, b"\xff"), frame(3)], ids=["no UTF-8", "opcode 3"])
def test_nothing_behind_a_fault_is_taken(client, piece):
    client.send(MESSAGE, piece, MESSAGE, MESSAGE)
    said = [each.opcode for each in client.rest()]
    assert said in ([TEXT, CLOSE], [CLOSE])


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_its_code_and_ends_the_connection(client, code):
    client.send(closing(code, b"bye"))
    assert [each.closing for each in client.rest()] == [(code, "bye")]


def test_a_close_without_a_code_is_answered_alike(client):
    client.send(frame(CLOSE))
    assert client.rest() == [(CLOSE, b"", True, 0)]


def test_a_message_before_a_close_is_taken_and_one_behind_it_is_not(client):
    client.send(closing(1000) + MESSAGE)
    assert [each.opcode for each in client.rest()] == [CLOSE]


def test_a_close_within_a_message_is_a_fault(client):
    client.send(frame(TEXT, b"{", fin=False), closing(1000))
    assert [each.opcode for each in client.rest()] == [CLOSE]


def test_a_client_that_goes_away_within_a_frame_is_forgotten(gateway):
    with RawSocket(gateway.address) as client:
        client.send(frame(TEXT, b"{}")[:-1])
    with RawSocket(gateway.address) as client:
        client.say("{}")
        assert client.frame().data == b"taken"


def test_a_message_may_come_with_the_handshake(gateway):
    with RawSocket(gateway.address) as client:
        client.send(MESSAGE)
        assert client.frame().data == b"taken"


# -- slow readers ------------------------------------------------------------------------------------


def test_what_waits_for_a_client_that_does_not_read_is_bounded(gateway):
    hub = gateway.app._data._parts.sockets
    before = set(gateway.run(lambda: tuple(hub._connections)))
    with RawSocket(gateway.address, receive_buffer=4096) as client:
        (connection,) = set(gateway.run(lambda: tuple(hub._connections))) - before
        sent = 0
        while sent < 1000 and gateway.run(lambda: hub.push(connection, b"x" * 65536)):
            sent += 1
        assert sent < 200  # the kernel's buffers take some of them
        assert not gateway.run(lambda: hub.push(connection, b"x"))
        last = None
        while (each := client.frame()) is not None:
            last = each
        assert last is None or last.opcode != CLOSE
    assert not gateway.run(lambda: hub.holds(connection))


def test_a_client_that_asks_and_does_not_read_cannot_go_on(gateway):
    with RawSocket(gateway.address, receive_buffer=4096) as client:
        client.socket.settimeout(0.5)
        sent, question = 0, MESSAGE * 500
        with contextlib.suppress(TimeoutError, ConnectionError):
            while sent < 64 << 20:
                sent += client.socket.send(question)
        assert sent < 64 << 20


# -- handshakes (RFC 6455 §4.2) --------------------------------------------------------------------

REFUSED = {
    "another version": (426, {"Sec-WebSocket-Version": "8"}),
    "no version": (426, {"Sec-WebSocket-Version": None}),
    "no key": (400, {"Sec-WebSocket-Key": None}),
    "a key that is no base64": (400, {"Sec-WebSocket-Key": "$$$$"}),
    "a key of 15 bytes": (400, {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA"}),
    "a body": (400, {"Content-Length": "2"}),
    "another protocol": (426, {"Upgrade": "h2c"}),
    "no upgrade": (426, {"Upgrade": None}),
    "no connection option": (426, {"Connection": "keep-alive"}),
}


@pytest.mark.parametrize(("status", "changed"), REFUSED.values(), ids=REFUSED)
def test_a_handshake_that_is_none_is_refused(gateway, status, changed):

    fields = {
        "Host": "x",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **changed,
    }
    lines = [f"{name}: {value}" for name, value in fields.items() if value is not None]
    with socket.create_connection(tuple(gateway.address), 20) as raw:
        raw.sendall("\r\n".join(["GET / HTTP/1.1", *lines, "", "{}"]).encode())
        answer = raw.makefile("rb").readline()
    assert answer.split()[1] == b"%d" % status


def test_the_key_is_answered_as_the_standard_says(gateway):

    lines = ["GET / HTTP/1.1", "Host: x", "connection: keep-alive, upgrade", "Upgrade: WebSocket"]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", ""]
    with socket.create_connection(tuple(gateway.address), 20) as raw:
        raw.sendall("\r\n".join(lines).encode())
        answer = raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer


# -- compression (RFC 7692) ------------------------------------------------------------------------

OFFER = "Sec-WebSocket-Extensions: permessage-deflate"


SYNC = b"\0\0\xff\xff"


def deflated(data):
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.fixture
def squeezed(gateway, way):
    with RawSocket(gateway.address, OFFER) as client:
        yield client


NEGOTIATED = {
    "plain": ("permessage-deflate", True),
    "with what we want": (
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        True,
    ),
    "with a window": (
        "permessage-deflate; client_max_window_bits=12; server_max_window_bits=10",
        True,
    ),
    "second offer": ("permessage-deflate; server_max_window_bits=99, permessage-deflate", True),
    "an unknown extension": ("permessage-foo", False),
    "an unknown parameter": ("permessage-deflate; level=9", False),
    "a parameter twice": (
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        False,
    ),
    "what cannot be read": ("permessage-deflate; ;", False),
}


@pytest.mark.parametrize(("offer", "taken"), NEGOTIATED.values(), ids=NEGOTIATED)
def test_compression_is_agreed_where_its_offer_can_be_kept(gateway, offer, taken):
    with RawSocket(gateway.address, f"Sec-WebSocket-Extensions: {offer}") as client:
        agreed = client.fields.get("sec-websocket-extensions", "")
        assert (
            "server_no_context_takeover" in agreed and "client_no_context_takeover" in agreed
        ) is taken
        client.send(frame(TEXT, deflated(b"{}"), rsv=4) if taken else MESSAGE)
        assert client.frame().data == b"taken"


COMPRESSED = {
    "a text": [frame(TEXT, deflated(b"{}"), rsv=4)],
    "two texts": [frame(TEXT, deflated(b"{}"), rsv=4)],
    "a plain text": [MESSAGE],
    "fragments": [
        frame(TEXT, deflated(b'{"a": "bcdef"}')[:5], fin=False, rsv=4),
        frame(CONT, deflated(b'{"a": "bcdef"}')[5:]),
    ],
    "a ping within": [
        frame(TEXT, deflated(b"{}")[:2], fin=False, rsv=4) + frame(PONG),
        frame(CONT, deflated(b"{}")[2:]),
    ],
}


@pytest.mark.parametrize("pieces", COMPRESSED.values(), ids=COMPRESSED)
def test_a_compressed_message_is_taken(squeezed, pieces):
    for _ in range(2):
        squeezed.send(*pieces)
        assert squeezed.frame().data == b"taken"


INFLATED_BADLY = {
    "a bomb": (1009, [frame(TEXT, deflated(b"x" * 10_000_000), rsv=4)]),
    "a bomb in fragments": (
        1009,
        [
            frame(TEXT, deflated(b"x" * 32768) + SYNC, fin=False, rsv=4),
            *[frame(CONT, deflated(b"x" * 32768) + SYNC, fin=False)] * 200,
        ],
    ),
    "no deflate": (1002, [frame(TEXT, b"\xff\xff\xff\xff", rsv=4)]),
    "a compressed ping": (1002, [frame(PING, deflated(b"x"), rsv=4)]),
    "RSV1 in a continuation": (
        1002,
        [frame(TEXT, deflated(b"{}"), fin=False, rsv=4), frame(CONT, rsv=4)],
    ),
    "RSV2": (1002, [frame(TEXT, deflated(b"{}"), rsv=6)]),
    "no UTF-8 inside": (1007, [frame(TEXT, deflated(b"\xff"), rsv=4)]),
}


@pytest.mark.parametrize(("code", "pieces"), INFLATED_BADLY.values(), ids=INFLATED_BADLY)
def test_what_cannot_be_inflated_within_the_limits_ends_the_connection(squeezed, code, pieces):
    squeezed.send(*pieces)
    *_, last = squeezed.rest()
    assert (last.opcode, last.closing[0]) == (CLOSE, code)
