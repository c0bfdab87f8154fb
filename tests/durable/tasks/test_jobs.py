import asyncio
import logging

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.jobs import Jobs
from tests.durable.tasks.asking import Answers


@pytest.fixture
def rests():
    return asyncio.Event()


@pytest.fixture
def wheel(rests):
    return Wheel(SystemClock.monotonic(), rests.set)


@pytest.fixture
async def jobs(wheel):
    jobs = Jobs(SystemClock(), wheel)
    yield jobs
    await jobs.stop()


async def test_work_is_done_again_while_the_store_cannot(jobs, wheel, rests):
    tries, done = [], asyncio.Event()

    async def work():
        tries.append(len(tries))
        if len(tries) < 3:
            raise StoreError("full")
        done.set()

    jobs.run(work)
    async with asyncio.timeout(30):
        for hours in (1, 2):
            await rests.wait()
            rests.clear()
            wheel.advance(SystemClock.monotonic() + 3600 * hours)
        await done.wait()
    assert tries == [0, 1, 2]


async def test_fault_of_ours_fails_the_task_and_is_logged(jobs, caplog):
    async def work():
        raise LookupError("ours")

    answers = Answers()
    with caplog.at_level(logging.ERROR):
        jobs.run(work, answers)
        how, error, cause = await answers.until()
    assert (how, error) == ("failed", "States.Runtime")
    assert "ours" not in cause
    assert "LookupError: ours" in caplog.text


async def test_fault_without_a_task_is_logged(jobs, caplog):
    begun = asyncio.Event()

    async def work():
        begun.set()
        raise LookupError("ours")

    with caplog.at_level(logging.ERROR):
        jobs.run(work)
        await begun.wait()
        await jobs.stop()
        await asyncio.sleep(0)
    assert "LookupError: ours" in caplog.text


async def test_nothing_goes_on_after_the_end(jobs):
    ended = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    jobs.run(work)
    await asyncio.sleep(0)
    await jobs.stop()
    assert ended.is_set()
