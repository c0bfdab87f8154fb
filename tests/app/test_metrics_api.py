"""The operator's requests about how the gateway does and did."""

import json

import pytest

from frontdesk.app.metrics_api import HISTORY, OVERVIEW, MetricsApi
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.metric_history import Reader, Row
from tests.rules.test_metric_history import a_row

NOW = 1_795_262_400.0


class Clock:
    def time(self):
        return NOW


class History:
    def __init__(self, *rows):
        self.kept = rows

    def rows(self, minutes):
        return [row for row in self.kept if row.at > NOW - minutes * 60]

    def last(self):
        return self.kept[-1] if self.kept else None


def asker(*rows, dead=()):
    api = MetricsApi(History(*rows), lambda: dead, Clock(), counts=True)

    def ask(path, query="", method="GET"):
        ex = Exchange(method=method, path=path, query=query)
        assert api.serves(ex)
        reply = api.answer(ex)
        return reply.status, json.loads(reply.body)

    return ask


ROWS = (
    a_row(("/x", "200", 600), at=NOW - 600),
    a_row(("/x", "200", 9), ("/x", "503", 1), ("/y", "429", 5), at=NOW - 30),
    Row(
        NOW - 20,
        10.0,
        counts={
            "executions.failed:order": 3.0,
            "functions.errors:f": 2.0,
            "functions.invocations:f": 8.0,
        },
        levels={
            "queue.depth:calls": 7.0,
            "queue.depth:calls-dead": 2.0,
            "queue.oldest:calls-dead": 90.0,
            "breaker:crm": 2.0,
            "breaker:erp": 1.0,
            "webhooks.dead:stripe": 4.0,
            "webhooks.waiting:stripe": 1.0,
            "sockets": 12.0,
        },
    ),
)


def test_the_overview_tells_what_is_and_what_needs_somebody():
    status, told = asker(*ROWS, dead=["calls-dead"])(OVERVIEW)
    assert status == 200
    assert (
        told["now"] | {"requests": 15, "rate": 0.75, "failed": 1 / 15, "throttled": 5}
        == told["now"]
    )
    assert told["levels"]["sockets"] == 12.0
    assert told["breakers"] == [
        {"upstream": "crm", "state": "open"},
        {"upstream": "erp", "state": "half_open"},
    ]
    assert [(each["queue"], each["dead_letters"]) for each in told["queues"]] == [
        ("calls-dead", True),
        ("calls", False),
    ]
    assert told["failing"] == [{"machine": "order", "failed": 3.0}]
    assert told["functions"] == [{"function": "f", "errors": 2.0, "invocations": 8.0}]
    assert told["webhooks"] == [{"webhook": "stripe", "dead": 4.0}]
    assert [each["route"] for each in told["routes"]] == ["GET /x", "GET /y"]
    assert told["routes"][0]["requests"] == 610


def test_the_overview_can_be_of_less():
    _, told = asker(*ROWS)(OVERVIEW, "minutes=1")
    assert told["routes"][0]["requests"] == 10


def test_there_is_an_overview_of_nothing():
    status, told = asker()(OVERVIEW)
    assert (status, told["seen"], told["now"]["p99"], told["routes"]) == (200, False, None, [])


def test_series_are_read_in_steps():
    _, told = asker(*ROWS)(HISTORY, "series=requests,failed,queue.depth:calls&minutes=1&step=30")
    assert told["times"] == [NOW - 30, NOW]
    assert told["series"]["requests"] == [1.5, 0.0]
    assert told["series"]["failed"] == [pytest.approx(1 / 15), None]
    assert told["series"]["queue.depth:calls"] == [0.0, 7.0]


def test_series_can_be_of_one_route():
    _, told = asker(*ROWS)(HISTORY, "series=requests&minutes=1&step=60&api=a&route=GET%20/y")
    assert told["series"]["requests"] == [0.25]


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("series=request", "there is no such series: request", "did you mean requests?"),
        ("minutes=0", "expected minutes from 1 to 1440, found: 0", ""),
        ("minutes=99999", "expected minutes from 1 to 1440, found: 99999", ""),
        ("minutes=ten", "expected minutes from 1 to 1440, found: ten", ""),
        ("step=1", "expected step from 10 to 900, found: 1", ""),
    ],
)
def test_what_cannot_be_asked_is_told(query, message, hint):
    status, told = asker(*ROWS)(HISTORY, query)
    assert (status, told) == (422, {"message": message, "hint": hint, "findings": []})


def test_nothing_can_be_changed():
    assert asker()(OVERVIEW, method="POST")[0] == 405


def test_the_reader_and_the_overview_agree_where_nothing_was_counted():
    empty = Reader().row([], NOW, 10.0)
    assert asker(empty)(OVERVIEW)[1]["routes"] == []
