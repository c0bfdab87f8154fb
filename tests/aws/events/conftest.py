"""The EventBridge API on a real listener, asked by boto3."""

import pytest

from tests.live.publishing import Publishing

FILE = {
    "functions": {"on_booked": {"handler": "m.f"}},
    "queues": {"letters": {}, "others": {}, "in_order.fifo": {"fifo": True}},
    "state_machines": {
        "booking": {"definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}}
    },
    "event_buses": {
        "default": {
            "rules": {
                "booked": {
                    "pattern": {"source": ["desk"], "detail-type": [{"prefix": "Booking"}]},
                    "targets": [
                        {"queue": "letters", "input_path": "$.detail"},
                        {"function": "on_booked"},
                        {"state_machine": "booking", "input": {"fixed": True}},
                    ],
                },
                "off": {
                    "pattern": {"source": ["desk"]},
                    "enabled": False,
                    "targets": {"queue": "others"},
                },
            }
        },
        "side": {"rules": {"all": {"pattern": {"source": [{"exists": True}]}, "targets": []}}},
    },
}


@pytest.fixture
async def events():
    async with Publishing(FILE).asked("events") as asking:
        yield asking
