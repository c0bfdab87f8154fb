"""What is counted on both sides of a canary, and what is not."""

from dataclasses import replace

import pytest

from frontdesk.base.telemetry import Registry, merge
from frontdesk.gateway.telemetry.canaries import COUNTED, CanaryMeter, evidence_of
from frontdesk.gateway.telemetry.exposition import TEXT, by_metric, written
from frontdesk.rules.canary import Part
from frontdesk.rules.statistics import LATENCIES


class Sides:
    def __init__(self, make_exchange):
        self.make_exchange = make_exchange
        self.registry, self.logged = Registry(), []
        facts = make_exchange().plan.api
        self.meters = {
            side: CanaryMeter(self.registry, replace(facts, side=side), self.logged.append)
            for side in ("canary", "stable")
        }

    def over(self, side="canary", **attributes):
        ex = self.make_exchange(**{"status": 200, "started": 100.0, "ended": 100.25, **attributes})
        self.meters[side].record(ex)

    def evidence(self):
        return evidence_of(self.registry.samples(), "scheduling", "$default")


@pytest.fixture
def sides(make_exchange):
    return Sides(make_exchange)


@pytest.mark.parametrize(
    ("attributes", "requests", "errors"),
    [
        ({}, 1, 0),
        ({"status": 404}, 1, 0),
        ({"status": 500}, 1, 1),
        ({"status": 500, "error": "function:unhandled", "integration_error": "x"}, 1, 1),
        ({"status": 504, "error": "integration_timeout"}, 1, 1),
        ({"status": 502, "error": "upstream:connect"}, 1, 1),
        ({"status": 200, "integration_error": "mapped to 200"}, 1, 1),
        ({"status": 400, "integration_error": "mapped to 400"}, 1, 0),
        ({"status": 429, "error": "throttle:api"}, 0, 0),
        ({"status": 401, "error": "jwt:expired"}, 0, 0),
        ({"status": 503, "error": "function:throttled"}, 0, 0),
        ({"status": 503, "error": "throttle:unknown"}, 0, 0),
        ({"status": 0, "error": "client_gone"}, 0, 0),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_counts_as_a_request_and_as_an_error(sides, attributes, requests, errors):
    sides.over(**attributes)
    found = sides.evidence().canary
    assert (found.requests, found.errors, sum(found.latencies)) == (requests, errors, requests)
    assert len(sides.logged) == 1


def test_the_sides_are_counted_apart(sides):
    sides.over("canary")
    sides.over("stable")
    sides.over("stable")
    found = sides.evidence()
    assert (found.canary.requests, found.stable.requests) == (1, 2)


def test_a_latency_ends_with_the_head_of_what_is_streamed(sides):
    sides.over(ended=200.0, head_sent=100.00005)
    assert sides.evidence().canary.latencies[0] == 1
    sides.over(ended=100.0 + LATENCIES[10])
    assert sum(sides.evidence().canary.latencies[9:12]) == 1
    sides.over(ended=1000.0)
    assert sides.evidence().canary.latencies[-1] == 1


def test_consumers_are_told_apart(sides):
    sides.over("canary", principal="p001", status=500)
    sides.over("stable", principal="p001")
    sides.over("stable", client_ip="2001:db8::1")
    sides.over("canary", client_ip="2001:db8::2")
    assert sides.evidence().consumers == {
        "principal p001": Part(1, 1, 1, 0),
        "client 2001:db8::/64": Part(1, 0, 1, 0),
    }


def test_several_processes_are_one(sides):
    sides.over("canary", status=500)
    once = list(sides.registry.samples())
    twice = merge([once, once], COUNTED.get)
    found = evidence_of(twice, "scheduling", "$default").canary
    assert (found.requests, found.errors, sum(found.latencies)) == (2, 2, 2)


def test_other_stages_are_not_counted(sides):
    sides.over()
    assert evidence_of(sides.registry.samples(), "scheduling", "beta").canary.requests == 0


def test_consumers_and_fine_histograms_are_not_shown(sides):
    sides.over(principal="p001")
    text = "".join(written(by_metric(sides.registry.samples()), TEXT))
    assert 'frontdesk_canary_requests_total{api="scheduling",stage="$default",side="canary"' in text
    assert "p001" not in text
    assert "frontdesk_canary_latency" not in text
