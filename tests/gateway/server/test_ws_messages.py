"""The frames of messages that are sent: any client reads back what was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import BINARY, CONT, TEXT
from websockets.protocol import CLIENT, Protocol

from frontdesk.gateway.server.ws_messages import SENT_FRAME, WORTH, frames_of, same_frames_of

_SIZES = st.sampled_from([0, 1, 125, 126, WORTH - 1, WORTH, SENT_FRAME, SENT_FRAME + 1, 131072])


def read(stream, window):
    """Return what a client makes of it: opcodes and payloads, inflated by its window."""
    client = Protocol(CLIENT)
    if window:
        client.extensions = [PerMessageDeflate(True, True, window, window)]
    client.receive_data(stream)
    assert client.parser_exc is None
    return [(frame.opcode, bytes(frame.data), frame.fin) for frame in client.events_received()]


@given(
    st.text(max_size=200).map(str.encode) | st.binary(max_size=50) | _SIZES.map(lambda n: b"x" * n),
    st.sampled_from([0, 9, 12, 15]),
)
def test_a_client_reads_what_was_said(message, window):
    found = read(frames_of(message, window), window)
    try:
        message.decode()
        opcode = TEXT
    except UnicodeDecodeError:
        opcode = BINARY
    assert b"".join(data for _, data, _ in found) == message
    assert [kind for kind, _, _ in found] == [opcode] + [CONT] * (len(found) - 1)
    assert [fin for _, _, fin in found] == [False] * (len(found) - 1) + [True]
    assert all(len(data) <= SENT_FRAME for _, data, _ in found)


COMPRESSED = {
    "short": (WORTH - 1, 15, False),
    "worth it": (WORTH, 15, True),
    "for a client that inflates nothing": (WORTH, 0, False),
}


@pytest.mark.parametrize(("size", "window", "smaller"), COMPRESSED.values(), ids=COMPRESSED)
def test_what_is_worth_it_is_compressed(size, window, smaller):
    assert (len(frames_of(b"x" * size, window)) < size) is smaller


def test_members_of_a_group_with_the_same_window_get_the_very_same_bytes():
    news = b"x" * WORTH
    assert same_frames_of(news, 15) is same_frames_of(news, 15)
    assert same_frames_of(news, 10) != same_frames_of(news, 0)
    assert same_frames_of(news, 10) == frames_of(news, 10)
