import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.functions.frames import (
    ERROR,
    INVOKE,
    KINDS,
    MAX_BODY,
    RESULT,
    Call,
    Decoder,
    Frame,
    FrameError,
    pack,
    pack_call,
    unpack_call,
)

FRAMES = st.builds(
    Frame,
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=50),
    st.binary(max_size=300),
)


def written(frame: Frame) -> bytes:
    return pack(frame.kind, frame.number, frame.body, frame.meta, frame.flags)


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_frames_survive_any_cut_of_the_stream(frames, sizes):
    stream = b"".join(map(written, frames))
    decoder = Decoder()
    seen = []
    turn = 0
    while stream:
        size = sizes[turn % len(sizes)]
        turn += 1
        seen += decoder.feed(stream[:size])
        stream = stream[size:]
    assert seen == frames


def test_the_header_is_twelve_bytes_in_network_order():
    assert pack(INVOKE, 7, b"{}", b"m", 4) == b"\0\0\0\x02\x05\x04\0\x01\0\0\0\x07" + b"m{}"


@pytest.mark.parametrize(
    "header",
    [
        b"\0\0\0\0\x63\0\0\0\0\0\0\0",
        (MAX_BODY + 1).to_bytes(4, "big") + bytes([RESULT]) + b"\0\0\0\0\0\0\0",
        b"HTTP/1.1 200 OK\r\n",
    ],
    ids=["unknown kind", "too long", "another protocol"],
)
@pytest.mark.parametrize("before", [b"", pack(ERROR)], ids=["first", "after a good one"])
def test_a_broken_frame_is_an_error(before, header):
    with pytest.raises(FrameError):
        Decoder().feed(before + header)


LINES = st.text(st.characters(codec="utf-8", exclude_characters="\n"))
TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.builds(Call, st.uuids().map(str), st.integers(0, 2**53), LINES, LINES, TEXTS))
def test_the_meta_of_a_call_is_read_as_it_was_written(call):
    assert unpack_call(pack_call(*call)) == call
