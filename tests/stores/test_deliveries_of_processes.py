"""Processes with one store of outgoing webhooks: killed in the middle, and sharing the work."""

import asyncio
import signal
from collections import Counter

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.ports.deliveries import Application, Endpoint, Message
from frontdesk.rules.webhooks.keys import WebhookSecret
from tests.live.deliveries import ADAPTERS
from tests.live.delivering import AT_ONCE, SETTINGS, Later, said, sender
from tests.live.processes import starting
from tests.live.receivers import OK, Receiver


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request):
    """Yield a store and what other processes open it by."""
    kind = request.param
    async with ADAPTERS[kind]() as opened:
        yield opened.store, kind, opened.where


@pytest.fixture
def processes(shared):
    _, kind, where = shared
    with starting("tests.live.delivering", kind, where) as start:
        yield lambda name, *, publishes: start(name, int(publishes))


async def add_endpoint(store, receiver, **more):
    now = SystemClock.time()
    await store.put_application(Application("acme", "", now))
    secrets = (WebhookSecret("whsec_" + "YWJj" * 10),)
    made = Endpoint(id="ep_1", app="acme", url=receiver.url, secrets=secrets, created=now, **more)
    await store.put_endpoint(made)


async def until(condition):
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - nobody tells of what other processes do
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(900)])]
)
async def test_processes_killed_in_the_middle_lose_nothing_that_they_have_published(
    shared, processes, rounds
):
    store, *_ = shared
    published = set()
    async with Receiver() as receiver:
        await add_endpoint(store, receiver, concurrency=1000)
        for number in range(rounds):
            victim = processes(f"r{number}", publishes=True)

            async def has_worked(victim=victim, number=number):
                words = victim.stdout
                return words.count("published") > 20 + number % 9 and words.count("sent") > 10

            await until(has_worked)
            victim.signal(signal.SIGKILL)
            victim.wait()
            published |= said(victim.stdout, "published")
        # Whoever comes next, once the leases of the dead are over:
        successor = sender(store, Later(120))
        successor.adopt(SETTINGS)

        async def nothing_waits():
            return (await store.counts()).waiting == 0

        await until(nothing_waits)
        await successor.stop(5)
    got = {request.headers["webhook-id"] for request in receiver.received}
    assert published
    assert published <= got
    page = await store.deliveries("acme", most=10**6)
    assert {each.state for each in page.entries} == {"delivered"}


@pytest.mark.parametrize("shared", ["postgres"], indirect=True)
async def test_processes_with_one_store_share_the_work_and_each_attempt_is_ones(shared, processes):
    store, *_ = shared
    go = asyncio.Event()

    async def hold(_reader, writer):
        await go.wait()
        writer.write(OK)

    async with Receiver(usually=hold) as receiver:
        await add_endpoint(store, receiver, concurrency=1000)
        names = [f"m{number}" for number in range(AT_ONCE + 5)]
        for name in names:
            await store.publish(Message(name, "acme", "a", b"{}", SystemClock.time()))
        senders = [processes(name, publishes=False) for name in ("one", "other")]
        await receiver.until(len(names))  # more than one of them has at once
        go.set()

        async def nothing_waits():
            return (await store.counts()).waiting == 0

        await until(nothing_waits)
        assert Counter(each.headers["webhook-id"] for each in receiver.received) == Counter(names)
        shares = [said(each.stdout, "sent") for each in senders]
        assert all(shares)
        assert shares[0].isdisjoint(shares[1])
