"""The operator's requests about upstreams: how they are told, and breakers that are opened and closed by hand."""

import json

import pytest

from frontdesk.app.upstreams_api import UpstreamsApi
from frontdesk.base.metrics import ATTEMPTS, CLIENT_DURATION, SECONDS
from frontdesk.base.telemetry import Sample
from frontdesk.client.looks import Look, TargetLook
from frontdesk.gateway.pipeline.exchange import Exchange, Reply

TARGET = TargetLook("10.0.0.1:80", 1, 2, False, 4.5)
BILLING = Look("billing", "open", 9.0, "5 failures in a row", 7, 486, 1, 25, 0, (TARGET,))
PLAIN = Look("http://10.0.0.9:80", "", 0.0, "", 0, 500, 0, 0, 0, ())


class Workers:
    def __init__(self):
        self.ordered = []

    async def upstreams(self):
        return {1: [BILLING, PLAIN], 2: [BILLING._replace(breaker="closed", wait=0.0)]}

    async def order_breakers(self, name, to):
        self.ordered.append((name, to))
        return 2


@pytest.fixture
def workers():
    return Workers()


@pytest.fixture
def ask(workers):
    buckets = [0.0] * (len(SECONDS) + 1)
    buckets[2] = 10.0
    samples = [
        Sample(ATTEMPTS.name, ("billing", "ok"), 8.0),
        Sample(ATTEMPTS.name, ("billing", "timeout"), 2.0),
        Sample(CLIENT_DURATION.name, ("billing", "GET", "200", ""), [*buckets, 1.0]),
        Sample(CLIENT_DURATION.name, ("billing", "GET", "500", "500"), [*buckets, 1.0]),
    ]
    api = UpstreamsApi(workers, lambda: samples)

    async def asked(method, path):
        ex = Exchange(method=method, path=f"/api/upstreams{path}")
        assert api.serves(ex)
        answer = api.answer(ex)
        reply = answer if isinstance(answer, Reply) else await answer
        return reply.status, json.loads(reply.body)

    return asked


async def test_upstreams_are_told_by_worker_with_latency_and_attempts(ask):
    status, told = await ask("GET", "")
    assert status == 200
    billing, plain = told["upstreams"]
    assert [(look["worker"], look["breaker"]) for look in billing["workers"]] == [
        (1, "open"),
        (2, "closed"),
    ]
    assert billing["workers"][0]["targets"] == [TARGET._asdict()]
    assert billing["attempts"] == {"ok": 8, "timeout": 2}
    assert SECONDS[1] <= billing["latency"]["p50"] <= SECONDS[2]
    assert (plain["latency"], plain["attempts"]) == ({"p50": None, "p95": None, "p99": None}, {})
    assert await ask("GET", "/http%3A%2F%2F10.0.0.9%3A80") == (200, plain)


@pytest.mark.parametrize(
    ("action", "state"), [("trip", "isolated"), ("disable", "disabled"), ("reset", "closed")]
)
async def test_breakers_are_moved_by_hand(ask, workers, action, state):
    status, told = await ask("POST", f"/billing/{action}")
    assert (status, told["name"]) == (200, "billing")
    assert workers.ordered == [("billing", state)]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/biling", 404),
        ("POST", "/biling/trip", 404),
        ("POST", "/http%3A%2F%2F10.0.0.9%3A80/trip", 422),
        ("GET", "/billing/trip", 405),
        ("POST", "/billing", 405),
        ("POST", "/billing/explode", 404),
    ],
)
async def test_what_cannot_be_done_is_refused(ask, workers, method, path, status):
    answered, told = await ask(method, path)
    assert answered == status
    assert workers.ordered == []
    if path.startswith("/biling"):
        assert told["hint"] == "did you mean billing?"
