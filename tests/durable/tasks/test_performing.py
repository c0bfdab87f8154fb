"""Tasks that are coroutines: what they return and raise is the answer."""

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.performing import Performing
from frontdesk.rules.asl.data.errors import StateError
from tests.durable.tasks.asking import Answers, a_task


async def asked(perform):
    clock, answers = SystemClock(), Answers()
    jobs = Jobs(clock, Wheel(clock.monotonic()))
    Performing(jobs, perform).do(a_task("arn:aws:states:::x:y", 5), answers)
    await answers.until()
    return answers.all


async def test_a_result():
    async def perform(task):
        return [task.invoke.arguments]

    assert await asked(perform) == [("succeeded", [5])]


async def test_a_failure():
    async def perform(_task):
        raise StateError("E", "because")

    assert await asked(perform) == [("failed", "E", "because")]


async def test_a_fault_of_ours_fails_the_task_and_tells_nobody_but_the_log(caplog):
    async def perform(_task):
        raise ZeroDivisionError("s3cret")

    ((kind, error, cause),) = await asked(perform)
    assert (kind, error) == ("failed", "States.Runtime")
    assert "s3cret" not in cause
    assert caplog.records[0].exc_info


@pytest.mark.parametrize("count", [1, 3])
async def test_what_is_cancelled_answers_nothing(count):
    begun = []

    async def perform(task):
        begun.append(task)
        raise AssertionError

    clock, answers = SystemClock(), Answers()
    jobs = Jobs(clock, Wheel(clock.monotonic()))
    doer = Performing(jobs, perform)
    for work in [doer.do(a_task("arn:aws:states:::x:y"), answers) for _ in range(count)]:
        work.cancel()
    await jobs.stop()
    assert (begun, answers.all) == ([], [])
