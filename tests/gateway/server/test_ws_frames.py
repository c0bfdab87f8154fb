"""The frames of one connection: however bytes are cut, the same messages come out of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.server.ws_frames import Frames
from tests.live.sockets import BINARY, CONT, PING, PONG, TEXT, frame


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
        found += reader.take(stream[begun:end])
        begun = end
    assert found == expected
    assert reader.open


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
    found = [*reader.take(stream[:50]), *reader.take(stream[50:])]
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
