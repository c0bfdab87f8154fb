"""The frames of one connection: however bytes are cut, the same messages come out of them."""

import struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.server.ws_frames import Frames
from tests.live.sockets import BINARY, CLOSE, CONT, PING, PONG, TEXT, frame


def frames(**changed):
    settings = {"message": 131072, "frame": 32768, "takes_binary": True, "deflate": None}
    return Frames(**settings | changed)


_TEXTS = st.text(max_size=200).map(str.encode) | st.integers(120, 300).map(lambda n: b"x" * n)
_WHOLE = _TEXTS.map(lambda data: ([frame(TEXT, data)], [(data, False)]))
_BYTES = st.binary(max_size=50).map(lambda data: ([frame(BINARY, data)], [(data, True)]))
_CONTROL = st.sampled_from([PING, PONG]).map(lambda opcode: ([frame(opcode, b"now")], []))


@st.composite
def _fragmented(draw):
    parts = draw(st.lists(_TEXTS, min_size=2, max_size=4))
    last = len(parts) - 1
    said = [frame(TEXT if at == 0 else CONT, part, fin=at == last) for at, part in enumerate(parts)]
    if draw(st.booleans()):
        said.insert(1, frame(PING, b"within"))
    return said, [(b"".join(parts), False)]


@given(
    st.lists(_WHOLE | _BYTES | _CONTROL | _fragmented(), max_size=6),
    st.lists(st.integers(0, 2000), max_size=12),
)
def test_messages_are_the_same_however_their_bytes_are_cut(said, cuts):
    stream = b"".join(piece for pieces, _ in said for piece in pieces)
    expected = [message for _, messages in said for message in messages]
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    reader, found, begun = frames(), [], 0
    for end in ends:
        found += _taken(reader, stream[begun:end])
        begun = end
    assert found == expected
    assert reader.open


def _taken(reader, piece):
    """Take bytes as a connection does: by the short way where they are one text."""
    text = reader.text(piece) if piece else None
    if text is not None:
        return [(text, False)]
    found = list(reader.take(piece))
    while reader.more:
        found += reader.take(b"")
    return found


class ByProtocol(Frames):
    """Frames of which the protocol sees every byte, one by one: it would tell the last fault of several."""

    __slots__ = ()

    def text(self, _data):
        return None

    def take(self, data):
        for byte in data:
            yield from self._by_protocol(bytes([byte]))


_LENGTHS = st.sampled_from([0, 1, 2, 124, 125, 126, 127, 128, 133, 998, 1000, 1001, 2000])
_PAYLOADS = st.one_of(
    st.binary(max_size=8),
    _LENGTHS.map(lambda length: b"x" * length),
    st.just("€".encode()),
    st.just(struct.pack("!H", 1000) + b"bye"),
)


@st.composite
def _any_frame(draw):
    """Frames of all kinds, with whatever is wrong with them."""
    mostly = st.integers(0, 9).map(bool)  # what is usual more often than not
    opcode = draw(st.sampled_from([TEXT, TEXT, TEXT, BINARY, CONT, PING, PONG, CLOSE, 3]))
    data, fin, mask = draw(_PAYLOADS), draw(mostly), draw(mostly)
    said = frame(opcode, data, fin=fin, mask=mask, rsv=0 if draw(mostly) else 4)
    if draw(mostly) or len(data) > 125 or not mask:
        return said
    # the same with a length in more bytes than it needs
    wide = draw(
        st.sampled_from([struct.pack("!BH", 0xFE, len(data)), struct.pack("!BQ", 0xFF, len(data))])
    )
    return said[:1] + wide + said[2:]


FAULTS = {1002, 1003, 1007, 1009}


class Outcome(NamedTuple):
    messages: list
    said: tuple
    closed: tuple
    open: bool
    pinged: bool


def _outcome(kind, settings, pieces):
    reader, found = kind(message=3000, frame=1000, deflate=None, **settings), []
    for piece in pieces:
        found += _taken(reader, piece)
    return Outcome(found, reader.to_send(), reader.closed, reader.open, reader.pinged)


@given(
    st.booleans(),
    st.lists(_any_frame(), max_size=6),
    st.lists(st.integers(0, 3000), max_size=8),
)
def test_what_passes_the_protocol_by_is_what_it_would_have_said(takes_binary, said, cuts):
    stream = b"".join(said)
    ends = sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)})
    pieces = [stream[begun:end] for begun, end in zip([0, *ends], ends, strict=False)]
    ours, its = (
        _outcome(kind, {"takes_binary": takes_binary}, pieces) for kind in (Frames, ByProtocol)
    )
    if its.closed[0] in FAULTS:  # of several in one read either may be told
        assert ours.closed[0] in FAULTS
        assert ours.messages == its.messages
    else:
        assert ours == its


EDGES = {
    **{f"{size} bytes": frame(TEXT, b"x" * size) for size in (0, 1, 2, 125, 126, 1000, 1001)},
    "a length of two bytes for few": b"\x81\xfe\x00\x02abcd\x00\x00",
    "a length of eight bytes for few": b"\x81\xff" + bytes(7) + b"\x02abcd\x00\x00",
    "as long as its eight bytes of length": b"\x81\xff" + bytes(7) + b"\x77" + bytes(123),
    "no mask": frame(TEXT, b"x" * 20, mask=False),
    "no mask, and a length that fits": b"\x81\x06" + b"x" * 6,
    "no mask, and a length of two bytes that fits": b"\x81\x7e\x00\xc8" + b"x" * 204,
    "no ASCII": frame(TEXT, "Grüße, Ada".encode()),
    "no UTF-8": frame(TEXT, b"Gr\xfc\xdfe, Ada"),
    "bytes": frame(BINARY, b"\x00\xff" * 10),
    "RSV1": frame(TEXT, b"x" * 20, rsv=4),
    "a fragment": frame(TEXT, b"x" * 20, fin=False),
}


@pytest.mark.parametrize("takes_binary", [False, True], ids=["texts", "all"])
@pytest.mark.parametrize(
    "before",
    [b"", frame(TEXT, b"{", fin=False), frame(CLOSE)],
    ids=["first", "within a message", "behind a close"],
)
@pytest.mark.parametrize("edge", EDGES.values(), ids=EDGES)
def test_the_edges_of_the_short_way_are_those_of_the_protocol(edge, before, takes_binary):
    settings = {"takes_binary": takes_binary}
    for pieces in ([before + edge], [before, edge], [before, edge[:-1], edge[-1:]]):
        assert _outcome(Frames, settings, pieces) == _outcome(ByProtocol, settings, pieces)


def test_a_text_in_one_frame_passes_the_protocol_by(monkeypatch):
    monkeypatch.setattr(Frames, "_by_protocol", None)
    reader = frames()
    assert [*reader.take(frame(TEXT, b"x" * 200))] == [(b"x" * 200, False)]
    assert [*reader.take(frame(BINARY, b"\xff" * 200))] == [(b"\xff" * 200, True)]


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data):
    reader = frames()
    list(reader.take(data))
    reader.to_send()
    list(reader.take(data))
    reader.end()


@pytest.mark.parametrize("size", [70_000, 100_000])
def test_frames_may_be_longer_where_the_file_says_so(size):
    reader = frames(message=200_000, frame=200_000)
    stream = frame(TEXT, b"a") + frame(TEXT, b"x" * size) + frame(TEXT, b"b")
    found = [*_taken(reader, stream[:50]), *_taken(reader, stream[50:])]
    assert [len(message) for message, _ in found] == [1, size, 1]


def test_a_frame_that_is_too_long_is_refused_before_it_has_come():
    reader = frames(frame=1000)
    assert list(reader.take(frame(TEXT, b"x" * 1001)[:8])) == []
    _, over = reader.to_send()
    assert over
    assert reader.closed[0] == 1009


@pytest.mark.parametrize("size", [0, 125, 126, 32767, 32768, 70_000])
def test_what_is_said_is_read_by_the_library(size):
    from websockets.protocol import CLIENT, Protocol

    said = frames()
    said.say(b"x" * size)
    data, over = said.to_send()
    client = Protocol(CLIENT)
    client.receive_data(data)
    received = client.events_received()
    assert not over
    assert b"".join(bytes(each.data) for each in received) == b"x" * size
    assert received[-1].fin
