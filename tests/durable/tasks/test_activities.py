import asyncio

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.durable.activities import Activities
from frontdesk.durable.tasks.activities import ActivityTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.stores.memory.catalog import MemoryCatalog
from tests.durable.tasks.asking import Answers, a_task

SIGN = "arn:aws:states:us-east-1:1:activity:sign"


@pytest.fixture
def activities():
    clock = SystemClock()
    return Activities(MemoryCatalog(clock), clock, region="eu-west-1", account="1")


@pytest.fixture
async def tasks(activities):
    jobs = Jobs(SystemClock(), Wheel(SystemClock.monotonic()))
    yield ActivityTasks(activities, jobs)
    await jobs.stop()


async def take(activities):
    async def post_started(token, worker):
        pass

    return await activities.take(SIGN, None, 0.0, post_started)


async def test_task_is_submitted_when_workers_can_find_it(activities, tasks):
    await activities.create("sign", {})
    answers = Answers()
    tasks.do(a_task(SIGN, {"page": 1}), answers)
    assert await answers.until() == ("submitted", None)
    assert await take(activities) == ("t-1", '{"page":1}')


async def test_task_that_is_done_again_after_a_crash_waits_once(activities, tasks):
    await activities.create("sign", {})
    for _ in range(2):
        answers = Answers()
        tasks.do(a_task(SIGN), answers)
        await answers.until()
    assert await take(activities) is not None
    assert await take(activities) is None


async def test_missing_activity_fails_the_task(tasks):
    answers = Answers()
    tasks.do(a_task(SIGN), answers)
    told = ("failed", "States.Runtime", "The activity ARN does not exist.")
    assert await answers.until() == told


async def test_recalled_task_is_given_to_nobody(activities, tasks):
    await activities.create("sign", {})
    task, answers = a_task(SIGN), Answers()
    tasks.do(task, answers)
    await answers.until()
    over = asyncio.Event()
    tasks.recall(task, over.set)
    async with asyncio.timeout(30):
        await over.wait()
    assert await take(activities) is None
