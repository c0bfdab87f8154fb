"""The recorded answers of TestState and of ValidateStateMachineDefinition, asked for with boto3.

The cases lie beside the repository, in `shared/cases`, and are no part of it. What cannot pass, and why,
is listed in `cases/test_state_waiting.json`. No request leaves the process: each ends in its operation.
"""

import asyncio
import importlib.util
import json
from pathlib import Path

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

from frontdesk.aws.states.test_state import StateTrials
from frontdesk.aws.states.validation import validate_definition
from frontdesk.base.clock import SystemClock
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.invocations import invocation_result, invoked_payload
from frontdesk.rules.asl.resources import Kind

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "states"
WAITING = json.loads((Path(__file__).parent / "cases" / "test_state_waiting.json").read_text())

if not FOLDER.is_dir():
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)

_SPEC = importlib.util.spec_from_file_location("compare", FOLDER / "compare.py")
compare = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compare)

CASES = {
    case["name"]: case
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text())["cases"]
    if case["kind"] in {"test_state", "validate"}
}


@pytest.mark.parametrize("name", CASES)
def test_recorded_answer(name, request, client):
    if name in WAITING:
        request.applymarker(pytest.mark.xfail(reason=WAITING[name], strict=True))
    case = CASES[name]
    assert compare.matches(case["expected"], _asked(client(case), case)) is None


def test_the_share_of_recorded_answers_that_pass():
    waiting = [name for name in CASES if name in WAITING]
    assert len(waiting) <= 0.03 * len(CASES), f"{len(waiting)} of {len(CASES)} wait"


def test_only_recorded_answers_wait():
    assert sorted(set(WAITING) - set(CASES)) == []


@pytest.fixture(scope="module")
def client():
    """A function that gives boto3's client, whose requests end in the operations for one case."""
    made = boto3.client(
        "stepfunctions",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        endpoint_url="http://127.0.0.1:9",
        config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
    )
    asked_for = {}

    def send(request, **_):
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        trials = StateTrials(
            _Functions(asked_for["case"]), SystemClock(), region="us-east-1", account="111111111111"
        )
        serve = {
            "TestState": trials.test_state,
            "ValidateStateMachineDefinition": validate_definition,
        }
        try:
            status, body = 200, asyncio.run(serve[operation](json.loads(request.body)))
        except ExecutionError as error:
            status, body = 400, {"__type": error.code, "message": error.message}
        answer = AWSResponse(request.url, status, {}, None)
        answer._content = json.dumps(body).encode()
        return answer

    made.meta.events.register("before-send.sfn", send)

    def of_case(case):
        asked_for["case"] = case
        return made

    return of_case


def _asked(client, case):
    request = dict(case["request"])
    try:
        if case["kind"] == "validate":
            answer = client.validate_state_machine_definition(**request)
        else:
            request["definition"] = json.dumps(request["definition"])
            answer = _parsed(client.test_state(**request))
    except ParamValidationError as error:
        return {"error": {"message": str(error)}}
    except ClientError as error:
        told = {
            "code": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
        }
        if "httpStatus" in case["expected"].get("error", {}):
            told["httpStatus"] = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": told}
    del answer["ResponseMetadata"]
    return {"response": answer}


def _parsed(answer):
    """Read the JSON texts of an answer, as the cases have them."""
    if "output" in answer:
        answer["output"] = json.loads(answer["output"])
    if "inspectionData" in answer:
        answer["inspectionData"] = {
            name: json.loads(value) if isinstance(value, str) else value
            for name, value in answer["inspectionData"].items()
        }
    return answer


class _Functions:
    """Does function tasks as a case says."""

    def __init__(self, case):
        self.functions = case.get("mocks", {}).get("lambda", {})

    def do(self, task, answer):
        given = task.invoke.arguments
        if task.resource.kind is Kind.FUNCTION:
            answer.succeeded(self._run(task.resource.name, given))
        else:
            payload = self._run(given["FunctionName"], invoked_payload(given))
            answer.succeeded(invocation_result(payload, "id"))

    def _run(self, name, payload):
        mock = self.functions[name]
        return json.loads(mock["payload"]) if mock["behaviour"] == "return_raw" else payload
