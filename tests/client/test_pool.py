"""Which connection serves a call, who waits, and what a stale connection costs."""

import asyncio

import pytest

from frontdesk.client import pool
from frontdesk.client.pool import PoolLimits
from frontdesk.client.upstreams import UpstreamSettings


async def use(backend, upstream, ask):
    """Make one idle connection; return the backend's end."""
    call = ask()
    upstream.send(call)
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await call.answered()
    return peer


async def test_the_last_used_connection_is_used_first(backend, upstream, ask):
    calls = [ask(), ask()]
    for call in calls:
        upstream.send(call)
    peers = [await backend.peer(), await backend.peer()]
    for peer in peers:
        await peer.head()
    for peer in peers:
        await peer.answer(b"a")
    for call in calls:
        await call.answered()
    idle = upstream._pools[0]._idle
    last = idle[-1]
    upstream.send(call := ask())
    assert call.carrier is last
    assert len(idle) == 1


async def test_a_new_connection_counts_once(backend, upstream, ask):
    [pool] = upstream.pools
    loop, loads, over = asyncio.get_running_loop(), [], False

    def look():
        loads.append(pool.load)
        if not over:
            loop.call_soon(look)

    upstream.send(ask())
    look()
    peer = await backend.peer()
    await peer.head()
    over = True
    assert set(loads) == {1}


async def test_calls_beyond_the_limit_wait_their_turn(backend, upstream, ask):
    calls = [ask() for _ in range(6)]
    for call in calls:
        upstream.send(call)
    peers = [await backend.peer() for _ in range(4)]

    async def serve(peer):
        while True:
            await peer.head()
            await peer.answer()

    # Which of the connections is free first, and takes the next call, is the loop's choice.
    serving = [asyncio.ensure_future(serve(peer)) for peer in peers]
    for call in calls:
        await call.answered()
    for task in serving:
        task.cancel()
    assert backend.connections == 4


async def test_a_wait_is_as_long_as_connecting_may_take(backend, upstream, ask, clock):
    for _ in range(4):
        upstream.send(ask())
    upstream.send(waiting := ask())
    clock.pass_time(2.5)
    assert not waiting.done.is_set()
    clock.pass_time(1)
    assert await waiting.failed() == "unavailable"


async def test_the_line_is_bounded(backend, upstream, ask, monkeypatch):
    monkeypatch.setattr(pool, "MAX_PENDING", 2)
    calls = [ask() for _ in range(7)]
    for call in calls:
        upstream.send(call)
    assert [call.done.is_set() for call in calls] == [False] * 6 + [True]
    assert await calls[-1].failed() == "unavailable"


async def test_a_waiting_call_can_be_cancelled(backend, upstream, ask, clock):
    for _ in range(4):
        upstream.send(ask())
    upstream.send(waiting := ask())
    waiting.cancel()
    clock.pass_time(5)
    assert not waiting.done.is_set()
    assert not upstream._pools[0]._pending


async def test_a_connection_made_for_a_cancelled_call_serves_others(backend, upstream, ask, until):
    upstream.send(call := ask())
    call.cancel()
    await until(lambda: upstream._pools[0]._idle)
    upstream.send(other := ask())
    peer = await backend.peer()
    await peer.head()
    await peer.answer()
    await other.answered()
    assert not call.done.is_set()
    assert backend.connections == 1


async def test_a_lost_connection_makes_room_for_those_who_wait(backend, upstream, ask):
    calls = [ask() for _ in range(5)]
    for call in calls:
        upstream.send(call)
    peers = [await backend.peer() for _ in range(4)]
    await peers[0].head()
    peers[0].close()
    fifth = await backend.peer()
    await fifth.head()
    await fifth.answer()
    await calls[-1].answered()


@pytest.mark.parametrize(
    ("method", "has_key", "replayed"),
    [("GET", False, True), ("PUT", False, True), ("POST", False, False), ("POST", True, True)],
    ids=["GET", "PUT", "POST", "POST with a key"],
)
async def test_a_stale_connection_costs_one_free_replay(
    backend, upstream, ask, method, has_key, replayed
):
    peer = await use(backend, upstream, ask)
    call = ask(method, b"abc")
    call.repeatable |= has_key
    upstream.send(call)
    await peer.head()
    peer.close()
    if not replayed:
        assert await call.failed() == "closed"
        return
    second = await backend.peer()
    await second.head()
    await second.answer(b"again")
    await call.answered()
    assert call.body_came == b"again"


async def test_there_is_no_second_replay(backend, upstream, ask):
    peer = await use(backend, upstream, ask)
    upstream.send(call := ask())
    await peer.head()
    peer.close()
    second = await backend.peer()
    await second.head()
    second.close()
    assert await call.failed() == "closed"


async def test_there_is_no_replay_once_the_answer_has_begun(backend, upstream, ask):
    peer = await use(backend, upstream, ask)
    upstream.send(call := ask())
    await peer.head()
    await peer.send(b"HTTP/1.1 200")
    peer.close()
    assert await call.failed() == "closed"


async def test_there_is_no_replay_of_a_body_that_streamed(backend, upstream, ask, upload):
    peer = await use(backend, upstream, ask)
    upstream.send(call := ask("PUT", upload(5)))
    await peer.head()
    peer.close()
    assert await call.failed() == "closed"


async def test_an_idle_connection_that_ended_is_not_used(backend, upstream, ask, until):
    peer = await use(backend, upstream, ask)
    peer.close()
    await until(lambda: not upstream._pools[0]._idle)
    upstream.send(call := ask("POST", b"x"))
    second = await backend.peer()
    await second.head()
    await second.answer()
    await call.answered()


async def test_nobody_there_is_a_connect_failure(upstreams, ask, backend):
    await backend.stop()
    upstream = upstreams.get(UpstreamSettings((f"http://127.0.0.1:{backend.port}",)))
    upstream.send(call := ask())
    assert await call.failed() == "connect"
    assert not call.error.sent


async def test_those_who_wait_learn_that_nobody_is_there(upstreams, ask, backend):
    await backend.stop()
    limits = PoolLimits(connections=1)
    upstream = upstreams.get(UpstreamSettings((f"http://127.0.0.1:{backend.port}",), limits=limits))
    calls = [ask() for _ in range(3)]
    for call in calls:
        upstream.send(call)
    assert [await call.failed() for call in calls] == ["connect"] * 3
