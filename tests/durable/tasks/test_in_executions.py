"""Nested executions and activities in executions that a driver drives, asked by boto3, over a restart too."""

import asyncio
import json

import pytest

from tests.live.states import ACCOUNT, REGION, StatesApi, definition, machine_arn

START = "arn:aws:states:::states:startExecution"
SIGN = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:sign"


def execution_arn(machine, name):
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}:{name}"


def asking(pattern, **parameters):
    """A machine that runs `child`, whose execution is named `c`."""
    asked = {"StateMachineArn": machine_arn("child"), "Input.$": "$", "Name": "c", **parameters}
    return definition(Ask={"Type": "Task", "Resource": f"{START}{pattern}", "Parameters": asked})


SIGNING = definition(Sign={"Type": "Task", "Resource": SIGN})


async def started(api, machine="parent", name="p"):
    """Start an execution; return its ARN."""
    answer = await api(
        "start_execution", stateMachineArn=machine_arn(machine), name=name, input='{"id": 7}'
    )
    return answer["executionArn"]


async def ended(api, arn):
    return await api.executions.settled(arn, within=60)


async def events(api, arn):
    answer = await api("get_execution_history", executionArn=arn)
    return answer["events"]


@pytest.fixture
async def api():
    api = StatesApi()
    async with api.serving():
        await api("create_activity", name="sign")
        yield api


@pytest.mark.parametrize(
    ("pattern", "output"), [(".sync", '{"paid":true}'), (".sync:2", {"paid": True})]
)
async def test_parent_goes_on_with_what_the_child_gave(api, pattern, output):
    await api.create("child", definition(a={"Type": "Pass", "Result": {"paid": True}}))
    await api.create("parent", asking(pattern))
    parent = await ended(api, await started(api))
    assert parent.status == "SUCCEEDED"
    assert json.loads(parent.output)["Output"] == output
    child = await api("describe_execution", executionArn=execution_arn("child", "c"))
    assert json.loads(child["input"]) == {"id": 7}
    assert child["traceHeader"].startswith("Root=1-")
    types = [event["type"] for event in await events(api, parent.arn)]
    assert types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


async def test_failure_of_the_child_is_the_tasks(api):
    await api.create("child", definition(a={"Type": "Fail", "Error": "Declined"}))
    await api.create("parent", asking(".sync"))
    parent = await ended(api, await started(api))
    assert (parent.status, parent.error) == ("FAILED", "States.TaskFailed")
    assert json.loads(parent.cause)["Error"] == "Declined"


async def test_worker_takes_the_task_and_ends_it(api):
    await api.create("signing", SIGNING)
    arn = await started(api, "signing")
    task = await api("get_activity_task", activityArn=SIGN, workerName="desk 4")
    assert json.loads(task["input"]) == {"id": 7}
    await api("send_task_success", taskToken=task["taskToken"], output='{"signed": true}')
    assert (await ended(api, arn)).output == '{"signed":true}'
    by_type = {event["type"]: event for event in await events(api, arn)}
    assert by_type["ActivityStarted"]["activityStartedEventDetails"] == {"workerName": "desk 4"}
    again = await api.refusal("send_task_success", taskToken=task["taskToken"], output="1")
    assert again[0] == "TaskTimedOut"


async def test_stopped_parent_stops_the_child(api):
    await api.create("child", SIGNING)
    await api.create("parent", asking(".sync"))
    parent = await started(api)
    assert (await api("get_activity_task", activityArn=SIGN))["taskToken"]
    await api("stop_execution", executionArn=parent)
    child = await ended(api, execution_arn("child", "c"))
    assert child.status == "ABORTED"
    assert (await ended(api, parent)).status == "ABORTED"


@pytest.mark.parametrize("how", ["stopped", "timed out"])
async def test_task_that_is_given_up_waits_for_no_worker(api, how):
    kind, changed = "states_activity_task/sign", asyncio.Event()
    api.catalog.watch(kind, changed.set)
    timeout = {"TimeoutSeconds": 1} if how == "timed out" else {}
    await api.create("signing", definition(Sign={"Type": "Task", "Resource": SIGN, **timeout}))
    arn = await started(api, "signing")
    async with asyncio.timeout(60):
        while not await api.catalog.list(kind):
            await changed.wait()
        if how == "stopped":
            await api("stop_execution", executionArn=arn)
        while await api.catalog.list(kind):
            changed.clear()
            await changed.wait()


async def test_missing_activity_fails_the_state_in_awss_words(api):
    await api("delete_activity", activityArn=SIGN)
    await api.create("signing", SIGNING)
    execution = await ended(api, await started(api, "signing"))
    place = "An error occurred while executing the state 'Sign' (entered at the event id #2). "
    told = (execution.error, execution.cause)
    assert told == ("States.Runtime", f"{place}The activity ARN does not exist.")


async def test_parent_finds_its_child_again_after_a_restart():
    api = StatesApi()
    async with api.serving():
        await api("create_activity", name="sign")
        await api.create("child", SIGNING)
        await api.create("parent", asking(".sync:2"))
        parent = await started(api)
        task = await api("get_activity_task", activityArn=SIGN)
    async with api.serving():
        await api("send_task_success", taskToken=task["taskToken"], output='{"signed": true}')
        assert json.loads((await ended(api, parent)).output)["Output"] == {"signed": True}
        children = await api("list_executions", stateMachineArn=machine_arn("child"))
        assert len(children["executions"]) == 1
        types = [event["type"] for event in await events(api, parent)]
        assert types.count("TaskSubmitted") == 1


def itself(pattern):
    asked = {"StateMachineArn": machine_arn("loop"), "Input.$": "$$.Execution.Input"}
    return {"Type": "Task", "Resource": f"{START}{pattern}", "Parameters": asked}


WITHIN_ITEMS = {
    "Type": "Map",
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **json.loads(
            definition(
                Start={
                    **itself(".sync"),
                    "Parameters": {"StateMachineArn": machine_arn("loop"), "Input": [1]},
                }
            )
        ),
    },
}
LIMIT = "StepFunctions.ExecutionLimitExceededException"


@pytest.mark.parametrize(
    ("again", "error"),
    [
        (itself(".sync"), LIMIT),
        (itself(""), LIMIT),
        (WITHIN_ITEMS, "States.ExceedToleratedFailureThreshold"),
    ],
    ids=["waits", "goes on", "within items"],
)
async def test_a_machine_that_starts_itself_comes_to_an_end(api, again, error):
    api.executions._deepest = 3
    await api.create("loop", definition(Again=again))
    await api("start_execution", stateMachineArn=machine_arn("loop"), input="[1]")
    found = []
    async with asyncio.timeout(30):
        while len(found) < 4:
            page = await api("list_executions", stateMachineArn=machine_arn("loop"))
            found = [await ended(api, each["executionArn"]) for each in page["executions"]]
    newest = found[0]
    assert (len(found), newest.error) == (4, error)
    if error == LIMIT:
        assert "have started each other 3 times in a row already (Service: " in newest.cause
