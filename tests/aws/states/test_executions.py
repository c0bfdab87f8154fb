"""Executions through the Step Functions API, asked by boto3."""

import json

import pytest

from tests.live.states import definition, machine_arn

WAIT = definition(a={"Type": "Wait", "Seconds": 60})
FAIL = definition(a={"Type": "Fail", "Error": "Declined", "Cause": "no money"})
TOKEN = definition(
    ask={
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "keep", "Payload": {"token.$": "$$.Task.Token"}},
    }
)


@pytest.fixture
def run(api):
    """Make a machine, run it to its end, and return the ARN of the execution."""

    async def run(text, *, given="{}", name="charge"):
        await api.create(name, text)
        started = await api("start_execution", stateMachineArn=machine_arn(name), input=given)
        await api.executions.settled(started["executionArn"], within=10)
        return started["executionArn"]

    return run


async def test_an_execution_is_described_to_its_end(api, run):
    arn = await run(definition(a={"Type": "Pass", "Result": {"paid": True}}), given="[1]")
    found = await api("describe_execution", executionArn=arn)
    assert found["startDate"] <= found.pop("stopDate")
    assert found == {
        "executionArn": arn,
        "stateMachineArn": machine_arn("charge"),
        "name": arn.rpartition(":")[2],
        "status": "SUCCEEDED",
        "startDate": found["startDate"],
        "input": "[1]",
        "inputDetails": {"included": True},
        "output": '{"paid":true}',
        "outputDetails": {"included": True},
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    metadata = await api("describe_execution", executionArn=arn, includedData="METADATA_ONLY")
    assert not {"input", "output"} & metadata.keys()
    assert metadata["inputDetails"] == {"included": False}


async def test_a_failure_is_described_and_redriven(api, run):
    arn = await run(FAIL)
    found = await api("describe_execution", executionArn=arn)
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Declined", "no money")
    assert found["redriveStatus"] == "REDRIVABLE"
    await api("redrive_execution", executionArn=arn)
    await api.executions.settled(arn, within=10)
    again = await api("describe_execution", executionArn=arn)
    assert again["redriveCount"] == 1
    assert "redriveDate" in again


async def test_what_has_succeeded_is_not_redriven(api, run):
    arn = await run(definition(a={"Type": "Pass"}))
    assert await api.refusal("redrive_execution", executionArn=arn) == (
        "ExecutionNotRedrivable",
        "Execution is SUCCEEDED and cannot be redriven",
    )


async def test_a_start_is_idempotent_by_its_name(api):
    await api.create("slow", WAIT)
    given = {"stateMachineArn": machine_arn("slow"), "name": "order-7", "input": '{"a": 1}'}
    first = await api("start_execution", **given)
    assert await api("start_execution", **given) == first
    told = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'")
    assert await api.refusal("start_execution", **{**given, "input": "{}"}) == told
    await api("stop_execution", executionArn=first["executionArn"])
    assert await api.refusal("start_execution", **given) == told


@pytest.mark.parametrize("given", ["2", '"text"', "null", "[]"])
async def test_any_json_is_an_input(api, given):
    await api.create("charge")
    await api("start_execution", stateMachineArn=machine_arn("charge"), input=given)


INVALID = {
    "empty input": (
        {"input": ""},
        "InvalidExecutionInput",
        "Invalid State Machine Execution Input: 'Invalid execution input.'",
    ),
    "no JSON": (
        {"input": "not json"},
        "InvalidExecutionInput",
        (
            "Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting (JSON "
            "String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: "
            '(String)"not json"; line: 1, column: 4]\''
        ),
    ),
    "name": ({"name": "a b"}, "InvalidName", "Invalid Name: 'a b'"),
    "no such machine": (
        {"stateMachineArn": machine_arn("none")},
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{machine_arn('none')}'",
    ),
    "no such version": (
        {"stateMachineArn": machine_arn("charge", "3")},
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{machine_arn('charge', '3')}'",
    ),
    "no ARN": (
        {"stateMachineArn": "charge"},
        "InvalidArn",
        "Invalid Arn: 'Invalid ARN prefix: charge'",
    ),
    "long input": (
        {"input": json.dumps("a" * 262_143)},
        "ValidationException",
        (
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must "
            "have length less than or equal to 262144"
        ),
    ),
}


@pytest.mark.parametrize(("given", "code", "message"), INVALID.values(), ids=INVALID)
async def test_starts_that_cannot_be_are_refused(api, given, code, message):
    await api.create("charge")
    parameters = {"stateMachineArn": machine_arn("charge"), **given}
    assert await api.refusal("start_execution", **parameters) == (code, message)


async def test_an_express_machine_answers_at_once(api):
    await api.create("quick", definition(a={"Type": "Pass", "Result": 7}), type="EXPRESS")
    given = {"stateMachineArn": machine_arn("quick"), "name": "one", "input": "{}"}
    found = await api("start_sync_execution", **given)
    assert (found["status"], found["output"], found["name"]) == ("SUCCEEDED", "7", "one")
    assert found["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    assert found["executionArn"].startswith(
        "arn:aws:states:us-east-1:111111111111:express:quick:one:"
    )


async def test_an_express_execution_that_fails_is_an_answer(api):
    await api.create("quick", FAIL, type="EXPRESS")
    found = await api("start_sync_execution", stateMachineArn=machine_arn("quick"))
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "Declined", "no money")


async def test_each_type_has_what_it_supports(api):
    await api.create("charge")
    await api.create("quick", type="EXPRESS")
    told = (
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
    quick, charge = machine_arn("quick"), machine_arn("charge")
    assert await api.refusal("start_sync_execution", stateMachineArn=charge) == told
    assert await api.refusal("list_executions", stateMachineArn=quick) == told
    started = await api("start_execution", stateMachineArn=quick)
    for operation in ("describe_execution", "stop_execution", "get_execution_history"):
        assert await api.refusal(operation, executionArn=started["executionArn"]) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )


async def test_executions_are_listed_newest_first_page_by_page(api):
    await api.create("charge")
    given = {"stateMachineArn": machine_arn("charge")}
    for name in "abc":
        started = await api("start_execution", **given, name=name)
        await api.executions.settled(started["executionArn"], within=10)
    first = await api("list_executions", **given, maxResults=2)
    rest = await api("list_executions", **given, nextToken=first["nextToken"])
    assert [one["name"] for one in first["executions"] + rest["executions"]] == ["c", "b", "a"]
    assert "nextToken" not in rest
    running = await api("list_executions", **given, statusFilter="RUNNING")
    assert running["executions"] == []


LISTS = {
    "nothing": ({}, "Must provide a StateMachine ARN or MapRun ARN"),
    "redrive filter": (
        {"stateMachineArn": machine_arn("charge"), "redriveFilter": "REDRIVEN"},
        "The redriveFilter needs a MapRun ARN.",
    ),
    "too many": (
        {"stateMachineArn": machine_arn("charge"), "maxResults": 1001},
        (
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000"
        ),
    ),
}


@pytest.mark.parametrize(("given", "message"), LISTS.values(), ids=LISTS)
async def test_lists_of_nothing_are_refused(api, given, message):
    await api.create("charge")
    assert await api.refusal("list_executions", **given) == ("ValidationException", message)


async def test_a_history_is_read_in_both_orders_page_by_page(api, run):
    arn = await run(definition(a={"Type": "Pass"}, b={"Type": "Pass"}))
    whole = (await api("get_execution_history", executionArn=arn))["events"]
    first = await api("get_execution_history", executionArn=arn, maxResults=4)
    rest = await api("get_execution_history", executionArn=arn, nextToken=first["nextToken"])
    back = await api("get_execution_history", executionArn=arn, reverseOrder=True)
    assert first["events"] + rest["events"] == whole == back["events"][::-1]
    assert whole[1]["stateEnteredEventDetails"]["input"] == "{}"
    bare = await api("get_execution_history", executionArn=arn, includeExecutionData=False)
    assert "input" not in bare["events"][1]["stateEnteredEventDetails"]


async def test_what_is_stopped_says_why(api):
    await api.create("slow", WAIT)
    arn = (await api("start_execution", stateMachineArn=machine_arn("slow")))["executionArn"]
    first = await api("stop_execution", executionArn=arn, error="Mine", cause="no more")
    assert await api("stop_execution", executionArn=arn) == first
    found = await api("describe_execution", executionArn=arn)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "Mine", "no more")


async def test_what_is_not_there_is_told(api):
    arn = "arn:aws:states:us-east-1:111111111111:execution:charge:none"
    for operation in (
        "describe_execution",
        "stop_execution",
        "get_execution_history",
        "redrive_execution",
        "describe_state_machine_for_execution",
        "list_map_runs",
    ):
        assert await api.refusal(operation, executionArn=arn) == (
            "ExecutionDoesNotExist",
            f"Execution Does Not Exist: '{arn}'",
        )


async def test_a_task_is_answered_by_its_token(api):
    kept = []
    api.functions["keep"] = lambda event: kept.append(event["token"])
    for name, operation, given, status in (
        ("good", "send_task_success", {"output": '{"ok": 1}'}, "SUCCEEDED"),
        ("bad", "send_task_failure", {"error": "Nope", "cause": "why"}, "FAILED"),
    ):
        await api.create(name, TOKEN)
        started = await api("start_execution", stateMachineArn=machine_arn(name))
        while not kept:
            await api.executions.settled(started["executionArn"], within=0.01)
        token = kept.pop()
        await api("send_task_heartbeat", taskToken=token)
        await api(operation, taskToken=token, **given)
        ended = await api.executions.settled(started["executionArn"], within=10)
        assert ended.status == status
        assert await api.refusal(operation, taskToken=token, **given) == (
            "TaskTimedOut",
            "Task Timed Out: 'Provided task does not exist anymore'",
        )


async def test_a_token_that_is_none_is_refused(api):
    assert await api.refusal("send_task_success", taskToken="mine", output="1") == (
        "InvalidToken",
        "Invalid Token: 'Invalid token'",
    )
