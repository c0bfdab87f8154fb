"""Many calls at once, of which some fail."""

import asyncio
import logging

import pytest

from frontdesk import settle
from frontdesk.client import Fulfilled, Rejected, settle_map


async def good(value):
    await asyncio.sleep(0)
    return value


async def bad(error):
    await asyncio.sleep(0)
    raise error


async def forever():
    await asyncio.Event().wait()


async def test_results_come_in_order_with_the_names_of_all_settled(caplog):
    problem = ValueError("x")
    caplog.set_level(logging.WARNING)
    settled = await settle(good(1), bad(problem), good(3))
    assert list(settled) == [Fulfilled(0, 1), Rejected(1, problem), Fulfilled(2, 3)]
    assert [each.status for each in settled] == ["fulfilled", "rejected", "fulfilled"]
    assert (settled[0].value, settled[1].reason) == (1, problem)
    assert (settled.values(), len(settled.failed), len(settled.succeeded)) == ([1, 3], 1, 2)
    assert [each.message for each in caplog.records] == ["1 API calls failed: ValueError"]


async def test_nothing_to_do():
    settled = await settle([])
    assert (len(settled), settled.values()) == (0, [])
    settled.raise_if_any()


async def test_no_more_at_once_than_there_is_room_for():
    now, most = 0, 0

    async def one():
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(3):
            await asyncio.sleep(0)
        now -= 1

    await settle([one() for _ in range(20)], concurrency=4)
    assert most == 4


async def test_an_iterable_is_asked_only_when_there_is_room():
    asked = []
    release = asyncio.Event()

    async def wait():
        await release.wait()

    def calls():
        for at in range(10):
            asked.append(at)
            yield wait()

    settling = asyncio.create_task(settle(calls(), concurrency=3))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(asked) == 3
    release.set()
    assert len(await settling) == 10


async def test_an_asynchronous_iterable():
    async def calls():
        for at in range(3):
            yield good(at)

    assert (await settle(calls())).values() == [0, 1, 2]


async def test_items_of_a_function():
    assert (await settle_map(good, "abc", concurrency=2)).values() == ["a", "b", "c"]


async def test_what_is_not_over_in_time_is_rejected():
    settled = await settle([good(1), forever(), forever(), good(2)], concurrency=2, timeout=0.01)
    assert [each.status for each in settled] == ["fulfilled", "rejected", "rejected", "rejected"]
    assert all(isinstance(each.error, TimeoutError) for each in settled.failed)


async def test_cancelling_it_cancels_all():
    cancelled = []

    async def wait(at):
        try:
            await forever()
        finally:
            cancelled.append(at)

    settling = asyncio.create_task(settle(wait(1), wait(2)))
    for _ in range(5):
        await asyncio.sleep(0)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    assert sorted(cancelled) == [1, 2]


async def test_raising():
    settled = await settle(good(1), bad(ValueError("x")), bad(KeyError("y")), good(2))
    with pytest.raises(ExceptionGroup, match="2 of 4 calls failed") as caught:
        settled.raise_if_any()
    assert len(caught.value.exceptions) == 2
    with pytest.raises(ExceptionGroup):
        settled.raise_if_ratio(0.5)
    settled.raise_if_ratio(0.6)


async def test_what_a_function_of_a_queue_answers():
    ids = ["a", "b", "c"]
    settled = await settle(good(1), bad(ValueError()), good(2))
    assert settled.to_batch_item_failures(ids.__getitem__) == {
        "batchItemFailures": [{"itemIdentifier": "b"}]
    }


async def test_an_interrupt_is_not_a_result():
    class Interrupt(BaseException):
        pass

    task = asyncio.get_running_loop().create_future()
    task.cancel()
    settled = await settle(task, good(1))
    assert [each.status for each in settled] == ["rejected", "fulfilled"]


async def test_room_for_nobody():
    with pytest.raises(ValueError, match="at least 1: 0"):
        await settle([], concurrency=0)
