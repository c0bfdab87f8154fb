"""What is counted of attempts to reach a backend."""

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstream, UpstreamSettings
from frontdesk.gateway.telemetry.backends import BackendMeter, backend_samples


@pytest.mark.parametrize(
    ("status", "error", "outcome", "failed"),
    [
        (200, "", "ok", ""),
        (404, "", "ok", "404"),
        (503, "", "http_error", "503"),
        (0, "connect", "connect_error", "connect"),
        (0, "timeout", "timeout", "timeout"),
        (0, "unavailable", "unavailable", "unavailable"),
    ],
)
def test_an_attempt_is_counted_by_its_outcome(status, error, outcome, failed):
    registry = Registry()
    meter = BackendMeter(registry, "billing")
    for _ in range(2):
        meter.attempted("GET", status, error, 0.02)
    found = {name: (labels, value) for name, labels, value in registry.snapshot()}
    assert found["frontdesk_outbound_attempts_total"] == (("billing", outcome), 2)
    labels, value = found["http_client_request_duration_seconds"]
    assert labels == ("billing", "GET", str(status or ""), failed)
    assert value[-1] == pytest.approx(0.04)


def test_every_change_of_a_breaker_is_counted():
    registry = Registry()
    meter = BackendMeter(registry, "billing")
    for state in ("open", "half_open", "open"):
        meter.circuit_moved(state)
    assert registry.snapshot() == [
        ("frontdesk_circuit_transitions_total", ("billing", "open"), 2),
        ("frontdesk_circuit_transitions_total", ("billing", "half_open"), 1),
    ]


def test_backends_of_one_name_are_one_series():
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    one, two = (
        Upstream(UpstreamSettings((f"http://127.0.0.1:{port}",), "billing"), wheel, clock)
        for port in (1, 2)
    )
    two.breaker.state = "open"
    found = {(name, *labels): value for name, labels, value in backend_samples([one, two])}
    assert found["frontdesk_circuit_state", "billing"] == 2
    assert found["frontdesk_pool_connections", "billing", "idle"] == 0
    assert found["frontdesk_retry_budget_tokens", "billing"] == 2 * one.budget.purse
