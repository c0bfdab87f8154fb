"""Handlers: after each version, at least once and in order, whatever fails; or at once, when asked so."""

import asyncio
import random

import pytest

from frontdesk.ports.records import Subscriber
from frontdesk.records import Records
from frontdesk.records.drain import Drain, backoff
from tests.records.conftest import ADA, EACH_STORE


def order(sk, version=0, **values):
    return {"pk": "ORDER#acme", "sk": sk, "version": version, **values}


async def waiting(store, name="orders/see"):
    return (await store.waiting(name))[0]


async def until(condition, nudge=lambda: None):
    """Look in each turn of the loop; nudge before."""
    async with asyncio.timeout(30):
        while not await condition():
            nudge()
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)


async def test_a_handler_sees_each_version_as_it_is_read(opened, store):
    seen = []
    orders = opened.commands("orders", handlers={"see": seen.append})
    await orders.publish_async(order("1", name="a", attributes={"n": 1}), ADA)
    await orders.publish_async(order("1", 1, name="b"), ADA)

    async def done():
        return not await waiting(store)

    await until(done)
    assert [(each.version, each.name) for each in seen] == [(1, "a"), (2, "b")]
    assert (seen[0].attributes, seen[0].csk) == ({"n": 1}, "1@1")


@EACH_STORE
async def test_handlers_that_fail_at_random_see_every_version_in_order(opened, store, clock):
    chance = random.Random(5)
    seen = {}

    async def see(record):
        if chance.random() < 0.4:
            raise RuntimeError("not now")
        seen.setdefault(record.sk, []).append(record.version)

    handlers = {"see": see}
    orders = opened.commands("orders", handlers=handlers)
    for version in range(6):
        for sk in "abc":
            await orders.publish_async(order(sk, version, seq=version), ADA)

    def nudge():
        clock.now += 5
        orders._handlers.wake()

    async def done():
        return not await waiting(store)

    await until(done, nudge)
    for versions in seen.values():
        assert sorted(set(versions)) == list(range(1, 7))
        assert versions == sorted(versions)


@EACH_STORE
async def test_what_one_process_leaves_another_does(store, clock):
    async def fails(_record):
        raise RuntimeError("down")

    first = Records(store, None, clock)
    await first.commands("orders", handlers={"see": fails}).publish_async(order("1"), ADA)
    assert await waiting(store) == 1
    for each in first._handlers:
        await each.stop(5)
    seen = []
    second = Records(store, None, clock).commands("orders", handlers={"see": seen.append})
    clock.now += 100
    await second.publish_async(order("2"), ADA)

    async def done():
        return not await waiting(store)

    await until(done)
    assert sorted(each.sk for each in seen) == ["1", "2"]
    await second._handlers.stop(5)


@EACH_STORE
async def test_publishing_synchronously_runs_all_handlers_before_it_returns(opened, store):
    seen = []
    both = {"see": seen.append, "other": seen.append}
    orders = opened.commands("orders", handlers=both)
    written = await orders.publish_sync(order("1"), ADA)
    assert [each.version for each in seen] == [1, 1]
    assert written.status == "finish:FINISHED"
    assert (await orders.get_item(("ORDER#acme", "1"), ADA)).status == "finish:FINISHED"
    assert await waiting(store) == 0


async def test_a_handler_that_fails_synchronously_is_told_and_the_version_stays(opened):
    ended = []

    async def fails(_record):
        raise RuntimeError("down")

    orders = opened.commands("orders", handlers={"see": fails, "other": ended.append})
    with pytest.raises(RuntimeError, match="down"):
        await orders.publish_sync(order("1"), ADA)
    assert (await orders.get_item(("ORDER#acme", "1"), ADA)).status == "publish_sync:FAILED"
    assert (await opened.data("orders").get_item(("ORDER#acme", "1"), ADA)).version == 1
    assert len(ended) == 1


async def test_all_data_of_the_tenant_can_be_handled_again(opened):
    seen = []
    orders = opened.commands("orders")
    operator = ADA._replace(tenant_code="common")
    for number in range(3):
        await orders.publish_async(order(str(number)), ADA)
    await orders.publish_async({"pk": "ORDER#other", "sk": "9"}, operator)
    again = opened.commands("orders", handlers={"see": seen.append})
    assert await again.re_sync_data(ADA) == 3
    assert [each.sk for each in seen] == ["0", "1", "2"]
    assert await again.re_sync_data(operator) == 4


async def test_a_change_that_is_too_old_is_given_up(store, clock, caplog):
    async def fails(changes):
        return changes

    opened = Records(store, None, clock)
    orders = opened.commands("orders", handlers={"see": lambda _record: None})
    await orders._handlers.start()
    subscriber = (await store.subscribers())[0]
    await orders._handlers.stop(5)
    await orders.publish_async(order("1"), ADA)
    drain = Drain(store, subscriber, fails, clock, max_age=60)
    await drain.start()

    def nudge():
        clock.now += 31
        drain.wake()

    async def done():
        return not await waiting(store)

    await until(done, nudge)
    await drain.stop(5)
    assert "given up" in caplog.text


async def test_a_change_that_always_fails_takes_none_of_its_batch_along(store, clock, orders):
    subscriber = Subscriber("orders/batches", "orders", "handler")
    batches = []

    async def deliver(changes):
        batches.append([change.name.sk for change in changes])
        return changes if "bad" in batches[-1] else ()

    drain = Drain(store, subscriber, deliver, clock, batch=5, max_age=1e9)
    await store.subscribe(subscriber, now=clock.now)
    for sk in ("1", "bad", "2"):
        await orders.publish_async(order(sk), ADA)
    await drain.start()

    def nudge():
        clock.now += 2
        drain.wake()

    async def alone():
        return await waiting(store, subscriber.name) == 1

    await until(alone, nudge)
    await drain.stop(5)
    assert sorted(batches[0]) == ["1", "2", "bad"]
    assert all(len(batch) == 1 for batch in batches[1:])


async def test_what_takes_long_is_nobody_elses_meanwhile(store, clock, orders):
    subscriber = Subscriber("orders/slow", "orders", "handler")
    go_on, taken = asyncio.Event(), []

    async def slow(changes):
        taken.append(changes)
        await go_on.wait()
        return ()

    drains = [Drain(store, subscriber, slow, clock, lease=0.03, look=0.01) for _ in range(2)]
    for drain in drains:
        await drain.start()
    await orders.publish_async(order("1"), ADA)
    leases = []
    postpone = store.postpone

    async def prolonged(change, *, until):
        await postpone(change, until=until)
        leases.append(until)
        clock.now += 0.02

    store.postpone = prolonged

    async def often():
        return len(leases) > 5

    await until(often)
    go_on.set()

    async def done():
        return not await waiting(store, subscriber.name)

    await until(done)
    assert len(taken) == 1
    for drain in drains:
        await drain.stop(5)


def test_waits_grow_up_to_five_minutes():
    assert [backoff(tries) for tries in (1, 2, 3, 9, 10, 99)] == [1, 2, 4, 256, 300, 300]
