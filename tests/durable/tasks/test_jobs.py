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


async def test_what_cannot_be_taken_back_comes_to_its_end_though_its_job_is_cancelled(jobs):
    began, may, done = asyncio.Event(), asyncio.Event(), []

    async def commit():
        began.set()
        await may.wait()
        done.append("committed")

    async def work():
        await jobs.to_its_end("a", commit())
        done.append("gone on")

    job = jobs.run(work)
    await began.wait()
    job.cancel()
    ended = asyncio.create_task(jobs.ended("a"))
    await jobs.ended("b")
    assert done == []
    may.set()
    await ended
    assert done == ["committed"]
    assert jobs._lasting == {}


async def test_a_stop_waits_for_nobody(jobs):
    began = asyncio.Event()

    async def commit():
        began.set()
        await asyncio.Event().wait()

    jobs.run(lambda: jobs.to_its_end("a", commit()))
    await began.wait()
    await jobs.stop()
    assert jobs._lasting == {}


async def test_what_cannot_be_taken_back_is_tried_again_like_other_work(jobs, wheel, rests):
    tries = []

    async def commit():
        tries.append(1)
        if len(tries) == 1:
            raise StoreError("full")

    jobs.run(lambda: jobs.to_its_end("a", commit()))
    async with asyncio.timeout(30):
        await rests.wait()
    wheel.advance(SystemClock.monotonic() + 3600)
    await asyncio.sleep(0)
    await jobs.ended("a")
    await jobs.stop()
    assert len(tries) == 2
