"""The SNS API on a real listener, asked by boto3."""

import pytest

from tests.live.publishing import Publishing

FILE = {
    "functions": {"on_booked": {"handler": "m.f"}},
    "queues": {"letters": {}, "others": {}, "dead": {}, "in_order.fifo": {"fifo": True}},
    "topics": {
        "of_file": {
            "subscriptions": [
                {"queue": "letters", "filter": {"kind": ["booked"]}},
                {"function": "on_booked"},
            ]
        },
        "ordered.fifo": {"fifo": True, "subscriptions": [{"queue": "in_order.fifo", "raw": True}]},
    },
}


@pytest.fixture
async def sns():
    async with Publishing(FILE).asked("sns") as asking:
        yield asking
