"""Activities through the Step Functions API, asked by boto3."""

import asyncio

import pytest

from tests.live.states import definition, machine_arn

ARN = "arn:aws:states:us-east-1:111111111111:activity:pack"
WORK = definition(pack={"Type": "Task", "Resource": ARN})


async def test_an_activity_is_made_described_listed_and_deleted(api):
    made = await api("create_activity", name="pack")
    assert await api("create_activity", name="pack") == made
    found = await api("describe_activity", activityArn=ARN)
    assert found == {
        **made,
        "name": "pack",
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    await api("create_activity", name="send")
    first = await api("list_activities", maxResults=1)
    rest = await api("list_activities", nextToken=first["nextToken"])
    assert [one["name"] for one in first["activities"] + rest["activities"]] == ["pack", "send"]
    await api("delete_activity", activityArn=ARN)
    assert await api("delete_activity", activityArn=ARN) == {}
    assert await api.refusal("describe_activity", activityArn=ARN) == (
        "ActivityDoesNotExist",
        f"Activity Does Not Exist: '{ARN}'",
    )


@pytest.mark.parametrize("operation", ["describe_activity", "delete_activity", "get_activity_task"])
async def test_arns_of_others_are_refused(api, operation):
    arn = machine_arn("charge")
    assert await api.refusal(operation, activityArn=arn) == (
        "InvalidArn",
        "Invalid Arn: 'Resource type not valid in this context: stateMachine'",
    )


async def test_a_worker_takes_a_task_and_answers_it(api):
    await api("create_activity", name="pack")
    await api.create("ship", WORK)
    waiting = asyncio.create_task(api("get_activity_task", activityArn=ARN, workerName="anna"))
    started = await api("start_execution", stateMachineArn=machine_arn("ship"), input='{"box": 7}')
    taken = await waiting
    assert taken["input"] == '{"box":7}'
    await api("send_task_success", taskToken=taken["taskToken"], output='"packed"')
    ended = await api.executions.settled(started["executionArn"], within=10)
    assert (ended.status, ended.output) == ("SUCCEEDED", '"packed"')
    events = (await api("get_execution_history", executionArn=started["executionArn"]))["events"]
    (taken_by,) = [one for one in events if one["type"] == "ActivityStarted"]
    assert taken_by["activityStartedEventDetails"] == {"workerName": "anna"}


async def test_a_worker_that_waits_in_vain_gets_nothing(api, monkeypatch):
    monkeypatch.setattr("frontdesk.aws.states.activities._POLL", 0.01)
    await api("create_activity", name="pack")
    assert await api("get_activity_task", activityArn=ARN) == {}
