"""Several targets: balance, passive health, and pools shared by equal settings."""

import asyncio

import pytest

from frontdesk.client.bulkhead import BulkheadSettings
from frontdesk.client.upstreams import Upstreams, UpstreamSettings
from frontdesk.rules.resilience.breaker import BreakerSettings
from frontdesk.rules.resilience.health import HealthSettings


@pytest.fixture
async def pair(backend):
    other = type(backend)()
    await other.start()
    yield backend, other
    await other.stop()


def settings(*backends, **more) -> UpstreamSettings:
    return UpstreamSettings(tuple(f"http://127.0.0.1:{each.port}" for each in backends), **more)


async def serve(backend, answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") -> None:
    """Answer every request of every connection the same."""
    async with asyncio.TaskGroup() as serving:
        while True:
            peer = await backend.peers.get()
            serving.create_task(_serve(peer, answer))


async def _serve(peer, answer):
    try:
        while True:
            await peer.head()
            await peer.send(answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass


@pytest.fixture
def serving():
    tasks = []

    def serving(*args):
        tasks.append(asyncio.ensure_future(serve(*args)))

    yield serving
    for task in tasks:
        task.cancel()


async def addresses(upstream, ask, count):
    found = []
    for _ in range(count):
        upstream.send(call := ask())
        await asyncio.wait_for(call.done.wait(), 10)
        found.append(int(call.address.rpartition(":")[2]))
    return found


async def test_round_robin_takes_turns(upstreams, pair, serving, ask):
    one, two = pair
    serving(one)
    serving(two)
    upstream = upstreams.get(settings(one, two))
    assert await addresses(upstream, ask, 4) == [one.port, two.port] * 2


async def test_least_request_avoids_the_busy(upstreams, pair, serving, ask):
    one, two = pair
    serving(two)
    upstream = upstreams.get(settings(one, two, balance="least_request"))
    upstream.send(ask())  # the first target never answers it
    assert await addresses(upstream, ask, 4) == [two.port] * 4


BAD = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"


async def test_a_target_that_keeps_failing_is_left_out_for_a_while(
    upstreams, pair, serving, ask, clock
):
    one, two = pair
    serving(one, BAD)
    serving(two)
    upstream = upstreams.get(settings(one, two, health=HealthSettings(failures=2, eject=30.0)))
    assert await addresses(upstream, ask, 8) == [one.port, two.port] * 2 + [two.port] * 4
    clock.pass_time(31)
    assert one.port in await addresses(upstream, ask, 2)


async def test_it_is_told_when_a_target_is_left_out_and_when_it_is_back(
    upstreams, pair, serving, ask, clock, caplog, monkeypatch
):
    moves = []
    monkeypatch.setattr(upstreams, "_moved", moves.append)
    one, two = pair
    for each in pair:
        serving(each, BAD)
    health = HealthSettings(failures=1, eject=30.0)
    upstream = upstreams.get(settings(one, two, name="billing", health=health))
    await addresses(upstream, ask, 6)  # nothing is left, so both are tried, and fail again
    told = [(record.name, record.upstream, record.target) for record in caplog.records]
    assert told == [
        ("frontdesk.upstream", "billing", f"127.0.0.1:{each.port}") for each in (one, two)
    ]
    assert set(caplog.messages) == {"target is left out after failures"}
    caplog.clear()
    clock.pass_time(31)
    assert caplog.messages == ["target is no longer left out"] * 2
    states = [(move.upstream, move.target, move.state) for move in moves]
    places = [f"127.0.0.1:{each.port}" for each in (one, two)]
    assert states == [
        ("billing", place, state) for state in ("ejected", "back") for place in places
    ]


async def test_a_retired_upstream_tells_no_more_of_its_targets(
    upstreams, pair, serving, ask, clock, caplog
):
    for each in pair:
        serving(each, BAD)
    upstream = upstreams.get(settings(*pair, health=HealthSettings(failures=1, eject=30.0)))
    await addresses(upstream, ask, 1)
    upstream.retire()
    caplog.clear()
    clock.pass_time(31)
    assert caplog.messages == []


async def test_a_target_that_hangs_is_left_out(upstreams, pair, serving, ask):
    one, two = pair
    serving(two)
    upstream = upstreams.get(settings(one, two, health=HealthSettings(failures=1)))
    upstream.send(call := ask())
    await (await one.peer()).head()
    call.cancel(too_slow=True)
    assert await addresses(upstream, ask, 3) == [two.port] * 3


async def test_a_target_that_is_not_there_is_left_out(upstreams, pair, serving, ask):
    one, two = pair
    await one.stop()
    serving(two)
    upstream = upstreams.get(settings(one, two, health=HealthSettings(failures=1)))
    assert (await addresses(upstream, ask, 5)).count(one.port) == 1


async def test_when_all_fail_all_are_tried(upstreams, pair, serving, ask):
    for each in pair:
        serving(each, BAD)
    upstream = upstreams.get(settings(*pair, health=HealthSettings(failures=1)))
    assert set(await addresses(upstream, ask, 6)) == {each.port for each in pair}


async def test_the_log_tells_when_a_breaker_opens_and_closes(upstreams, backend, caplog):
    breaker = BreakerSettings(failures=1, reset=30.0)
    upstream = upstreams.get(settings(backend, name="billing", breaker=breaker))
    upstream.breaker.record(upstream.breaker.admit(0.0), 0.0, failed=True, took=0.1)
    upstream.breaker.record(upstream.breaker.admit(31.0), 31.0, failed=False, took=0.1)
    assert [(record.upstream, record.getMessage()) for record in caplog.records] == [
        ("billing", "the breaker has opened: requests are refused"),
        ("billing", "the breaker has closed: requests pass again"),
    ]


async def test_what_an_operator_says_holds_for_a_name_and_over_reloads(upstreams, pair):
    breaker = BreakerSettings(failures=1)
    first = upstreams.get(settings(pair[0], name="billing", breaker=breaker))
    plain = upstreams.get(settings(pair[1], name="billing"))
    other = upstreams.get(settings(pair[1], name="other", breaker=breaker))
    assert upstreams.order("billing", "isolated") == 1
    assert [each.breaker.state for each in (first, plain, other)] == [
        "isolated",
        "closed",
        "closed",
    ]
    successor = upstreams.successor()
    changed = successor.get(settings(pair[1], name="billing", breaker=breaker))
    assert changed.breaker.state == "isolated"
    assert successor.order("billing", "closed") == 1
    last = successor.successor().get(settings(pair[0], name="billing", breaker=breaker))
    assert last.breaker.state == "closed"
    successor.close()


async def test_an_upstream_tells_how_it_is(upstreams, pair, ask):
    upstream = upstreams.get(
        settings(
            *pair,
            name="billing",
            breaker=BreakerSettings(failures=1, reset=30.0),
            bulkhead=BulkheadSettings(1, queue=2, wait=9.0),
        )
    )
    for _ in range(2):
        upstream.send(ask())
    upstream.breaker.record(upstream.breaker.admit(0.0), 0.0, failed=True, took=0.1)
    look = upstream.look()
    assert (look.name, look.breaker, look.why) == ("billing", "open", "failures in a row: 1")
    assert (look.calls, look.room, look.waiting, look.purse) == (1, 1, 1, 500)
    assert [target.address for target in look.targets] == [
        f"127.0.0.1:{each.port}" for each in pair
    ]
    assert all(target.up and not target.ejected for target in look.targets)
    assert upstreams.get(settings(pair[0])).look().breaker == ""


async def test_equal_settings_share_connections(upstreams, backend):
    assert upstreams.get(settings(backend)) is upstreams.get(settings(backend))
    assert upstreams.get(settings(backend)) is not upstreams.get(settings(backend, name="other"))


async def test_backends_that_a_reload_removed_are_closed_once_their_calls_are_over(
    upstreams, pair, ask
):
    removed, kept = (upstreams.get(settings(each)) for each in pair)
    upstreams.start()
    calls = [ask() for _ in range(3)]
    for call, upstream in zip(calls, (removed, removed, kept), strict=True):
        upstream.send(call)
    idle, busy, other = [await each.peer() for each in (pair[0], *pair)]
    for peer in (idle, other):
        await peer.head()
        await peer.answer()
    await calls[0].answered()
    await calls[2].answered()

    successor = upstreams.successor()
    assert successor.get(settings(pair[1])) is kept
    successor.start()
    assert await idle.ended() == b""
    await busy.head()
    await busy.answer(b"late")
    assert (await calls[1].answered()).body_came == b"late"
    assert await busy.ended() == b""

    kept.send(again := ask())
    await other.head()
    await other.answer()
    await again.answered()
    assert successor.get(settings(pair[0])) is not removed
    successor.close()


async def test_a_plan_that_never_came_into_force_changes_no_backend(upstreams, pair, ask):
    kept = upstreams.get(settings(pair[0]))
    upstreams.start()
    upstreams.successor().get(settings(pair[1]))
    following = upstreams.successor()
    assert following.get(settings(pair[0])) is kept
    following.start()
    kept.send(call := ask())
    peer = await pair[0].peer()
    await peer.head()
    await peer.answer()
    await call.answered()


async def test_a_removed_backend_still_serves_the_requests_of_the_former_plan(
    upstreams, backend, ask
):
    removed = upstreams.get(settings(backend))
    upstreams.start()
    upstreams.successor().start()
    removed.send(call := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await call.answered()
    assert await peer.ended() == b""


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a@b", "x", "http://a:99999"])
async def test_targets_that_cannot_work_are_refused(clock, url):
    with pytest.raises(ValueError):
        Upstreams(clock, clock.wheel).get(UpstreamSettings((url,)))
