"""The bulkhead: so many calls at once, some more that wait."""

import pytest

from frontdesk.client.bulkhead import Bulkhead, BulkheadSettings
from frontdesk.client.upstreams import UpstreamSettings


@pytest.fixture
def bounded(upstreams, backend):
    def bounded(*settings):
        return upstreams.get(
            UpstreamSettings(
                (f"http://127.0.0.1:{backend.port}",), bulkhead=BulkheadSettings(*settings)
            )
        )

    return bounded


async def test_one_more_than_allowed_is_refused_at_once(bounded, backend, ask):
    upstream = bounded(2)
    calls = [ask() for _ in range(3)]
    for call in calls:
        upstream.send(call)
    assert await calls[2].failed() == "bulkhead_full"
    assert calls[2].error.retry_after == 1.0
    assert not calls[2].error.sent


async def test_an_answer_counts_until_its_last_byte(bounded, backend, ask, until):
    upstream = bounded(1)
    upstream.send(first := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
    await first.answered()
    upstream.send(second := ask())
    assert await second.failed() == "bulkhead_full"
    body = first.stream()
    await peer.send(b"cd")
    assert await body.all() == b"abcd"
    upstream.send(third := ask())
    await peer.head()
    await peer.answer()
    await third.answered()


async def test_those_in_the_queue_take_turns(bounded, backend, ask):
    upstream = bounded(1, 2, 5.0)
    calls = [ask() for _ in range(4)]
    for call in calls:
        upstream.send(call)
    assert await calls[3].failed() == "bulkhead_full"
    peer = await backend.peer()
    for call in calls[:3]:
        await peer.head()
        await peer.answer()
        await call.answered()
    assert backend.connections == 1


async def test_a_call_that_fails_makes_room(bounded, backend, ask):
    upstream = bounded(1, 1, 5.0)
    calls = [ask(), ask()]
    for call in calls:
        upstream.send(call)
    first = await backend.peer()
    await first.head()
    first.reset()
    second = await backend.peer()
    await second.head()
    await second.answer()
    await calls[1].answered()


async def test_a_call_that_is_replayed_keeps_its_place(bounded, backend, ask):
    upstream = bounded(1, 1, 5.0)
    upstream.send(first := ask())
    stale = await backend.peer()
    await stale.head()
    await stale.answer()
    await first.answered()
    replayed, waiting = ask(), ask()
    upstream.send(replayed)
    upstream.send(waiting)
    await stale.head()
    stale.close()
    fresh = await backend.peer()
    await fresh.head()
    assert isinstance(waiting.carrier, Bulkhead)
    await fresh.answer()
    await replayed.answered()
    await fresh.head()
    await fresh.answer()
    await waiting.answered()
    assert backend.connections == 2


async def test_a_connection_that_cannot_be_made_makes_room(bounded, backend, ask):
    upstream = bounded(1, 1, 5.0)
    await backend.stop()
    calls = [ask(), ask()]
    for call in calls:
        upstream.send(call)
    assert [await call.failed() for call in calls] == ["connect", "connect"]


async def test_nobody_waits_longer_than_allowed(bounded, backend, ask, clock):
    upstream = bounded(1, 2, 5.0)
    first, *others = [ask() for _ in range(3)]
    upstream.send(first)
    for call in others:
        upstream.send(call)
    clock.pass_time(5.1)
    assert [await call.failed() for call in others] == ["bulkhead_full"] * 2
    assert not first.done.is_set()


async def test_a_cancelled_call_leaves_the_queue(bounded, backend, ask):
    upstream = bounded(1, 1, 5.0)
    calls = [ask() for _ in range(3)]
    for call in calls[:2]:
        upstream.send(call)
    calls[1].cancel()
    upstream.send(calls[2])
    peer = await backend.peer()
    for call in (calls[0], calls[2]):
        await peer.head()
        await peer.answer()
        await call.answered()
    assert not calls[1].done.is_set()


async def test_closing_fails_those_that_wait(bounded, upstreams, backend, ask):
    upstream = bounded(1, 1, 5.0)
    calls = [ask(), ask()]
    for call in calls:
        upstream.send(call)
    upstreams.close()
    assert await calls[1].failed() == "cancelled"
