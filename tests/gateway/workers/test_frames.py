"""The wire format between supervisor and worker."""

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.workers.frames import Decoder, Frame, pack

FRAMES = st.lists(
    st.builds(Frame, st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=300)),
    max_size=8,
)


@given(FRAMES, st.lists(st.integers(1, 200), min_size=1))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames, widths):
    written = b"".join(pack(*frame) for frame in frames)
    decoder, read, at, turn = Decoder(), [], 0, 0
    while at < len(written):
        width = widths[turn % len(widths)]
        read += decoder.feed(written[at : at + width])
        at, turn = at + width, turn + 1
    assert read == frames


def test_a_large_body_is_not_looked_at_before_it_is_whole():
    written = pack(1, 2, bytes(5_000_000))
    decoder = Decoder()
    for at in range(0, len(written) - 65536, 65536):
        assert decoder.feed(written[at : at + 65536]) == []
    [frame] = decoder.feed(written[at + 65536 :])
    assert len(frame.body) == 5_000_000
