"""Probes: asked in rounds, out after some failures, back after some answers."""

import pytest

from frontdesk.base.errors import UpstreamError
from frontdesk.client.health_checks import HealthCheck, HealthChecks
from frontdesk.client.upstreams import UpstreamSettings
from frontdesk.rules.resilience.health import HealthSettings, TargetHealth

CHECK = HealthCheck("/ready?deep=1", interval=10.0, timeout=2.0)


class Target:
    """A pool that keeps the probes it is sent."""

    def __init__(self):
        self.health = TargetHealth(HealthSettings(healthy=1, unhealthy=2))
        self.probes = []
        self.dropped = []

    def send(self, call):
        call.carrier = self
        self.probes.append(call)

    def drop(self, call, *, too_slow):
        self.dropped.append(call)

    def answer(self, status):
        call = self.probes[-1]
        call.carrier = None
        call.respond(status, [], b"", None)


@pytest.fixture
def targets():
    return [Target(), Target()]


@pytest.fixture
def checks(targets, clock):
    checks = HealthChecks(
        "billing",
        CHECK,
        [(target, target.health) for target in targets],
        wheel=clock.wheel,
        monotonic=clock.monotonic,
    )
    checks.start()
    checks.start()
    clock.pass_time(0.1)
    return checks


async def test_every_target_is_asked_at_once_and_then_in_rounds(checks, targets, clock):
    assert [len(target.probes) for target in targets] == [1, 1]
    assert targets[0].probes[0].head.startswith(b"GET /ready?deep=1 HTTP/1.1\r\n")
    clock.pass_time(30)
    assert [len(target.probes) for target in targets] == [4, 4]


@pytest.mark.parametrize(
    ("status", "up"), [(200, True), (204, True), (302, True), (404, False), (500, False)]
)
async def test_which_answers_are_healthy(checks, targets, clock, status, up):
    for _ in range(2):
        targets[0].answer(status)
        clock.pass_time(10.2)
    assert targets[0].health.up is up


async def test_a_target_that_does_not_answer_in_time_is_down(checks, targets, clock, caplog):
    for _ in range(2):
        targets[1].answer(200)
        clock.pass_time(10.2)
    assert (targets[0].health.up, targets[1].health.up) == (False, True)
    assert targets[0].dropped == targets[0].probes[:2]
    targets[0].answer(200)
    assert targets[0].health.up
    assert [record.getMessage() for record in caplog.records] == [
        "target is down",
        "target is up again",
    ]


async def test_a_target_that_cannot_be_reached_is_down(checks, targets, clock):
    for _ in range(2):
        targets[0].probes[-1].fail(UpstreamError("connect", "refused"))
        clock.pass_time(10.2)
    assert not targets[0].health.up


async def test_stopped_it_asks_no_more(checks, targets, clock):
    checks.stop()
    assert len(targets[0].dropped) == 1
    clock.pass_time(60)
    assert len(targets[0].probes) == 1


async def test_requests_go_where_probes_are_answered(upstreams, backend, ask, clock, until):
    """On connections: one target is there, the other is not."""
    other = type(backend)()
    await other.start()
    await other.stop()
    urls = tuple(f"http://127.0.0.1:{each.port}" for each in (other, backend))
    settings = UpstreamSettings(urls, check=CHECK, health=HealthSettings(unhealthy=1))
    upstream = upstreams.get(settings)
    upstreams.start()
    clock.pass_time(0.1)
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await until(lambda: not upstream._checks._targets[0][1].up and upstream._pools[1].idle)
    for _ in range(3):
        upstream.send(call := ask())
        await peer.head()
        await peer.answer()
        await call.answered()
