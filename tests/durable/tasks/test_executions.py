import asyncio
import json

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.executions import StartTasks, SyncTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.ports.executions import Execution, ExecutionError
from frontdesk.rules.http.trace_context import read_amazon
from tests.durable.tasks.asking import Answers, a_task

PLACE = "arn:aws:states:eu-west-1:123456789012"
CHILD = f"{PLACE}:stateMachine:child"
PLAIN = "arn:aws:states:::states:startExecution"
SYNC, SYNC2, TOKEN = f"{PLAIN}.sync", f"{PLAIN}.sync:2", f"{PLAIN}.waitForTaskToken"


class Children:
    """Executions of one machine, `child`, which end when the test says so."""

    def __init__(self):
        self.all = {}
        self.lost = 0
        self.stopped = []
        self.nestings = []
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.change = asyncio.Event()

    async def start(self, machine, given, *, name="", trace="", nesting=0):
        self.nestings.append(nesting)
        if machine != CHILD:
            raise ExecutionError(
                "StateMachineDoesNotExist", f"State Machine Does Not Exist: '{machine}'"
            )
        await self.may_start.wait()
        arn = f"{PLACE}:execution:child:{name}"
        there = self.all.get(arn)
        if there is not None and (there.status != "RUNNING" or there.input != given):
            raise ExecutionError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        if there is None:
            self.all[arn] = Execution(arn, CHILD, name, "RUNNING", 1000.5, given, trace=trace)
        if self.lost:
            self.lost -= 1
            raise StoreError("the answer was lost")
        return self.all[arn]

    async def describe(self, arn):
        if arn not in self.all:
            raise ExecutionError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self.all[arn]

    async def settled(self, arn, *, within):
        while self.all[arn].status == "RUNNING":
            self.change.clear()
            await self.change.wait()
        return self.all[arn]

    async def stop(self, arn, error=None, cause=None):
        self.stopped.append(arn)
        return 0.0

    @property
    def one(self):
        (child,) = self.all.values()
        return child

    def end(self, status="SUCCEEDED", **more):
        self.all[self.one.arn] = self.one._replace(status=status, ended=1002.0, **more)
        self.change.set()


class World:
    def __init__(self):
        self.children = Children()
        self.rests = asyncio.Event()
        self.wheel = Wheel(SystemClock.monotonic(), self.rests.set)
        self.jobs = Jobs(SystemClock(), self.wheel)

    def do(self, resource, arguments=None, **more):
        """Ask as a process does that knows nothing of former ones."""
        tasks = SyncTasks if ".sync" in resource else StartTasks
        answers = Answers()
        given = {"StateMachineArn": CHILD, **(arguments or {})}
        self.task = a_task(resource, given, **more)
        self.tasks = tasks(self.children, self.jobs)
        self.work = self.tasks.do(self.task, answers)
        return answers

    async def recall(self):
        over = asyncio.Event()
        self.tasks.recall(self.task, over.set)
        async with asyncio.timeout(30):
            await over.wait()


@pytest.fixture
async def world():
    world = World()
    yield world
    await world.jobs.stop()


async def test_start_answers_with_the_execution(world):
    how, result = await world.do(PLAIN, {"Input": {"id": 7}, "Name": "c-1"}).until()
    assert how == "succeeded"
    assert result["ExecutionArn"] == f"{PLACE}:execution:child:c-1"
    assert (result["StartDate"], result["SdkHttpMetadata"]["HttpStatusCode"]) == (1000.5, 200)
    assert json.loads(world.children.one.input) == {"id": 7}


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ({}, "{}"),
        ({"Input": None}, "{}"),
        ({"Input": [1]}, "[1]"),
        ({"Input": '{"a": 1}'}, '{"a": 1}'),
        (
            {"Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn"}},
            '{"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID":"arn"}',
        ),
    ],
)
async def test_input_of_a_child_is_json_text_or_becomes_it(world, arguments, given):
    await world.do(PLAIN, arguments).until()
    assert world.children.one.input == given


async def test_token_task_is_submitted_and_ended_by_others(world):
    how, result = await world.do(TOKEN).until()
    assert (how, result["ExecutionArn"]) == ("submitted", world.children.one.arn)


@pytest.mark.parametrize(
    ("resource", "given", "output"),
    [(SYNC, '{"id":7}', '{"paid":true}'), (SYNC2, {"id": 7}, {"paid": True})],
)
async def test_sync_gives_the_description_of_the_child_that_has_ended(
    world, resource, given, output
):
    answers = world.do(resource, {"Input": {"id": 7}, "Name": "c-1"})
    how, result = await answers.until()
    assert (how, result["ExecutionArn"]) == ("submitted", world.children.one.arn)
    world.children.end(output='{"paid":true}')
    how, result = await answers.until(2)
    assert (how, result) == (
        "succeeded",
        {
            "ExecutionArn": f"{PLACE}:execution:child:c-1",
            "Input": given,
            "InputDetails": {"Included": True},
            "Name": "c-1",
            "Output": output,
            "OutputDetails": {"Included": True},
            "StartDate": 1000500,
            "StateMachineArn": CHILD,
            "Status": "SUCCEEDED",
            "StopDate": 1002000,
        },
    )


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
@pytest.mark.parametrize("resource", [SYNC, SYNC2])
async def test_child_that_fails_fails_the_task_with_its_description(world, resource, status):
    answers = world.do(resource, {"Input": {"id": 7}})
    await answers.until()
    world.children.end(status, error="Declined", cause="no money")
    how, error, cause = await answers.until(2)
    told = json.loads(cause)
    assert (how, error, told["Status"]) == ("failed", "States.TaskFailed", status)
    assert (told["Error"], told["Cause"], told["Input"]) == ("Declined", "no money", '{"id":7}')
    assert list(told) == sorted(told)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (
            {"StateMachineArn": f"{CHILD}s"},
            "StepFunctions.StateMachineDoesNotExistException",
            f"State Machine Does Not Exist: '{CHILD}s' (Service: AWSStepFunctions; Status Code: 400; ",
        ),
        ({"StateMachineArn": None}, "States.Runtime", "The field 'StateMachineArn' is required"),
    ],
)
@pytest.mark.parametrize("resource", [PLAIN, SYNC, TOKEN])
async def test_refused_start_has_the_services_names(world, resource, arguments, error, words):
    how, told, cause = await world.do(resource, arguments).until()
    assert (how, told) == ("failed", error)
    assert words in cause


@pytest.mark.parametrize("resource", [PLAIN, SYNC, TOKEN])
async def test_name_of_somebody_elses_execution_is_taken(world, resource):
    await world.children.start(CHILD, "{}", name="c-1", trace="Root=1-5-6")
    world.children.end()
    _, error, _ = await world.do(resource, {"Name": "c-1"}).until()
    assert error == "StepFunctions.ExecutionAlreadyExistsException"


@pytest.mark.parametrize("arguments", [{}, {"Name": "c-1"}], ids=["no name", "a name"])
@pytest.mark.parametrize("ended", [False, True])
async def test_start_that_is_repeated_after_a_crash_finds_its_child(world, arguments, ended):
    await world.do(SYNC, arguments).until()
    await world.jobs.stop()
    if ended:
        world.children.end(output="1")
    answers = world.do(SYNC, arguments)
    await answers.until(2 if ended else 1)
    world.children.end(output="1")
    how, result = await answers.until(2)
    assert (how, result["Name"]) == ("succeeded", world.children.one.name)


async def test_next_attempt_starts_another_child(world):
    for attempt in (1, 2):
        await world.do(SYNC, attempt=attempt).until()
    assert len(world.children.all) == 2


async def test_lost_answer_of_the_store_starts_no_second_child(world):
    world.children.lost = 1
    answers = world.do(SYNC)
    async with asyncio.timeout(30):
        await world.rests.wait()
    world.wheel.advance(SystemClock.monotonic() + 5)
    assert (await answers.until())[0] == "submitted"
    assert world.children.one.status == "RUNNING"


async def test_recall_stops_the_child_and_only_the_own_one(world):
    await world.do(SYNC, {"Name": "c-1"}).until()
    await world.recall()
    assert world.children.stopped == [world.children.one.arn]
    world.do(SYNC, {"Name": "c-1"}, attempt=2)  # the name belongs to the first attempt
    await world.recall()
    assert len(world.children.stopped) == 1


async def test_recall_stops_a_child_whose_start_is_committed_only_afterwards(world):
    world.children.may_start.clear()
    answers = world.do(SYNC)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.work.cancel()
    recall = asyncio.create_task(world.recall())
    await asyncio.sleep(0)
    assert not world.children.all
    world.children.may_start.set()
    await recall
    assert world.children.stopped == [world.children.one.arn]
    assert answers.all == []


async def test_recall_of_what_never_started_is_over_at_once(world):
    answers = world.do(SYNC, {"StateMachineArn": f"{CHILD}s"})
    await answers.until()
    await world.recall()
    assert world.children.stopped == []


async def test_cancelled_work_stops_nothing_and_answers_nothing(world):
    answers = world.do(SYNC)
    await answers.until()
    world.work.cancel()
    world.children.end(output="1")
    await world.jobs.stop()
    assert len(answers.all) == 1
    assert world.children.stopped == []


@pytest.mark.parametrize(
    ("trace", "root", "sampled"),
    [
        (
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "5759e988bd862e3fe1be46a994272793",
            True,
        ),
        ("", None, False),
    ],
)
async def test_child_goes_on_the_trace_as_a_part_of_the_attempt(world, trace, root, sampled):
    await world.do(PLAIN, trace=trace).until()
    caller = read_amazon(world.children.one.trace)
    assert caller.sampled is sampled
    assert root in (None, caller.trace_id)
    assert caller.span_id != "53995c3f42cd8ad8"


@pytest.mark.parametrize("resource", [PLAIN, SYNC, TOKEN])
async def test_child_is_one_deeper_than_who_starts_it(world, resource):
    await world.do(resource, nesting=4).until()
    assert world.children.nestings == [5]
