from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.aws.event_stream import encode_event


@given(st.lists(st.tuples(st.sampled_from(["PayloadChunk", "InvokeComplete"]), st.binary())))
def test_botocore_reads_what_is_written(events):
    buffer = EventStreamBuffer()
    for name, payload in events:
        buffer.add_data(encode_event(name, "application/octet-stream", payload))
    assert [(message.headers, message.payload) for message in buffer] == [
        (
            {
                ":message-type": "event",
                ":event-type": name,
                ":content-type": "application/octet-stream",
            },
            payload,
        )
        for name, payload in events
    ]
