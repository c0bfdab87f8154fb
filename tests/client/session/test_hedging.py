"""Second requests, when the first takes long."""

import asyncio

import pytest

from frontdesk.client import BrokenAnswerError, Hedge, Retry, Timeout
from frontdesk.client.session.hedging import Latencies
from tests.live.backends import unruly


@pytest.fixture
async def api():
    async with unruly("api") as api:
        yield api


async def test_the_first_good_answer_counts(client, api, until, clock):
    api.orders = ["hang"]
    one = client(api.url, hedge=Hedge(after=2))
    asking = asyncio.create_task(one.get("/"))
    await until(lambda: api.seen)
    clock.pass_time(3)
    answer = await asking
    assert (answer.status, len(api.seen), len(answer.attempts)) == (200, 2, 1)
    assert one.circuits() == {api.url: "closed"}


async def test_a_quick_answer_needs_no_second_request(client, api):
    assert (await client(api.url, hedge=Hedge(after=2)).get("/")).status == 200
    assert len(api.seen) == 1


async def test_a_second_request_that_fails_leaves_the_first(client, backend, clock):
    one = client(f"http://127.0.0.1:{backend.port}", hedge=Hedge(after=2), retry=None)
    asking = asyncio.create_task(one.get("/"))
    first = await backend.peer()
    await first.head()
    clock.pass_time(3)
    second = await backend.peer()
    await second.head()
    await second.send(b"HTTP/1.1 503 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    await second.ended()  # by then its answer has been seen
    await first.answer(b"slow, but good")
    assert (await asking).body == b"slow, but good"


async def test_hedges_have_the_budget_of_those_that_are_under_way(client, api, until, clock):
    one = client(api.url, hedge=Hedge(after=2), retry=Retry(budget=0.0))
    for at in range(5):
        api.orders = ["hang"]
        asking = asyncio.create_task(one.get("/"))
        await until(lambda at=at: len(api.seen) == 2 * at + 1)
        clock.pass_time(3)
        assert (await asking).status == 200


async def test_both_may_fail(client, backend, clock):
    one = client(f"http://127.0.0.1:{backend.port}", hedge=Hedge(after=2), retry=None)
    asking = asyncio.create_task(one.get("/"))
    first = await backend.peer()
    await first.head()
    clock.pass_time(3)
    second = await backend.peer()
    await second.head()
    first.reset()
    second.reset()
    with pytest.raises(BrokenAnswerError):
        await asking


async def test_both_take_too_long(client, api, until, clock):
    api.orders = ["hang", "hang"]
    one = client(api.url, hedge=Hedge(after=2), retry=None, timeout=Timeout(attempt=6))
    asking = asyncio.create_task(one.get("/"))
    await until(lambda: len(api.seen) == 1)
    clock.pass_time(3)
    await until(lambda: len(api.seen) == 2)
    clock.pass_time(5)
    with pytest.raises(TimeoutError):
        await asking


async def test_what_might_be_done_twice_is_not_hedged(client, api, until, clock):
    api.orders = ["hang"]
    one = client(api.url, hedge=Hedge(after=1), retry=None, timeout=5)
    asking = asyncio.create_task(one.post("/"))
    await until(lambda: api.seen)
    clock.pass_time(6)
    with pytest.raises(TimeoutError):
        await asking
    assert len(api.seen) == 1


def test_what_most_calls_take():
    latencies = Latencies()
    assert latencies.usual() == 1.0
    for at in range(100):
        latencies.add(0.5 if at % 10 == 0 else 0.1)
    assert latencies.usual() == 0.5
    for _ in range(1000):
        latencies.add(0.0)
    assert latencies.usual() == 0.01
