"""TestState on a real listener, asked by boto3: real tasks, mocks, and what is refused."""

import json

import pytest

from tests.live.states import ROLE, StatesApi

INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "double", "Payload.$": "$.n"},
    "OutputPath": "$.Payload",
    "End": True,
}
PASS = {"Type": "Pass", "End": True}
TASK = {"Type": "Task", "Resource": "arn:aws:lambda:::function:double", "End": True}


async def asked(api, state, **more):
    return await api("test_state", definition=json.dumps(state), **more)


async def test_a_task_is_done_by_the_function_that_is_there(api):
    answer = await asked(api, INVOKE, input='{"n": 21}', roleArn=ROLE, inspectionLevel="TRACE")
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "42")
    steps = answer["inspectionData"]
    assert json.loads(steps["afterParameters"]) == {"FunctionName": "double", "Payload": 21}
    assert json.loads(steps["result"])["Payload"] == 42


async def test_a_function_that_is_not_there_fails_the_state(api):
    state = INVOKE | {"Parameters": {"FunctionName": "none"}}
    answer = await asked(api, state, roleArn=ROLE)
    assert (answer["status"], answer["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
    assert "inspectionData" not in answer


class SilentApi(StatesApi):
    """An API whose functions never answer. given_up: whether one was told that nobody waits."""

    given_up = False

    def _function(self, _name, _qualifier):
        return self

    def invoke(self, _invocation, _done):
        return self

    def cancel(self, **_):
        self.given_up = True


async def test_a_task_that_never_answers_times_out_and_is_given_up():
    async with SilentApi().serving() as api:
        answer = await asked(api, TASK | {"TimeoutSeconds": 1}, roleArn=ROLE)
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Timeout")
    assert api.given_up


async def test_variables_and_a_context_are_given(api):
    state = TASK | {"Parameters": {"who.$": "$name", "at.$": "$$.State.Name"}}
    answer = await asked(
        api,
        state,
        variables='{"name": "anna"}',
        context='{"State": {"Name": "Here"}}',
        mock={"result": "1"},
        inspectionLevel="DEBUG",
    )
    steps = answer["inspectionData"]
    assert json.loads(steps["afterParameters"]) == {"who": "anna", "at": "Here"}
    assert json.loads(steps["variables"]) == {"name": "anna"}


MOCK = {"result": "1"}
FAULT = (
    "1 validation error detected: Value 'LOUD' at 'inspectionLevel' failed to satisfy constraint:"
)
REFUSED = {
    "two outcomes": (
        TASK,
        {"mock": {"result": "1", "errorOutput": {"error": "No"}}},
        "A test mock should have only one of the following fields: [result, errorOutput].",
    ),
    "no outcome": (
        TASK,
        {"mock": {"fieldValidationMode": "NONE"}},
        "A test mock should have only one of the following fields: [result, errorOutput].",
    ),
    "secrets of a mock": (
        TASK,
        {"mock": MOCK, "revealSecrets": True},
        "TestState does not support RevealSecrets when a mock is specified.",
    ),
    "a context without a mock": (
        TASK,
        {"context": "{}", "roleArn": ROLE},
        "TestState does not support Context when a mock is not specified.",
    ),
    "retries without a mock": (
        TASK,
        {"stateConfiguration": {"retrierRetryCount": 1}, "roleArn": ROLE},
        "TestState does not support RetrierRetryCount when a mock is not specified.",
    ),
    "variables that are no object": (PASS, {"variables": "[]"}, "Variables must be a JSON object"),
    "a variable that cannot be": (
        PASS,
        {"variables": '{"states": 1}'},
        "Invalid variable name: states",
    ),
    "an error of a state that is not there": (
        TASK,
        {"mock": MOCK, "stateConfiguration": {"errorCausedByState": "None"}},
        "State not found in definition",
    ),
    "a level that is none": (
        PASS,
        {"inspectionLevel": "LOUD"},
        f"{FAULT} Member must satisfy enum value set: [INFO, DEBUG, TRACE]",
    ),
}


@pytest.mark.parametrize(("state", "members", "message"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused(api, state, members, message):
    found = await api.refusal("test_state", definition=json.dumps(state), **members)
    assert found == ("ValidationException", message)


async def test_an_input_that_is_no_json(api):
    code, _ = await api.refusal("test_state", definition=json.dumps(PASS), input="{")
    assert code == "InvalidExecutionInput"
