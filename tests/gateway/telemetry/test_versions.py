"""Who calls a version, by consumer and day."""

import pytest

from frontdesk.gateway.identity.key_registry import ApiKey
from frontdesk.gateway.identity.tally import Tally
from frontdesk.gateway.telemetry import versions
from frontdesk.gateway.telemetry.versions import VersionMeter

DAY = 86400.0


class Calls:
    def __init__(self, make_exchange):
        self.make_exchange = make_exchange
        self.tally, self.logged = Tally(), []
        self.meter = VersionMeter(self.tally, "visits", "v1", self.logged.append)

    def over(self, **attributes):
        self.meter.record(self.make_exchange(**{"time": 0.0, **attributes}))

    def counted(self):
        return sorted((row.key, row.plan, row.day, row.requests) for row in self.tally.take())


@pytest.fixture
def calls(make_exchange):
    return Calls(make_exchange)


def test_a_call_is_whose_key_came_else_whom_the_authorizer_knows(calls):
    calls.over(api_key=ApiKey("k1", "practice_a", b"", ()), principal="p001")
    calls.over(principal="p001")
    calls.over(principal="p001")
    calls.over()
    name = "version visits/v1"
    assert calls.counted() == [
        ("anonymous", name, "1970-01-01", 1),
        ("key practice_a", name, "1970-01-01", 1),
        ("principal p001", name, "1970-01-01", 2),
    ]
    assert len(calls.logged) == 4


def test_each_day_is_counted_apart(calls):
    for time in (0.0, DAY - 1, DAY, 0.0):  # the last by a clock that went back
        calls.over(time=time)
    days = {}
    for _, _, day, requests in calls.counted():
        days[day] = days.get(day, 0) + requests
    assert days == {"1970-01-01": 3, "1970-01-02": 1}


def test_consumers_beyond_the_most_are_counted_together(calls, monkeypatch):
    monkeypatch.setattr(versions, "MOST_CONSUMERS", 2)
    for name in ("a", "b", "c", "d", "a"):
        calls.over(principal=name)
    assert [(key, count) for key, _, _, count in calls.counted()] == [
        ("others", 2),
        ("principal a", 2),
        ("principal b", 1),
    ]
