"""The recorded calls to AWS Step Functions, each played by boto3 against the Step Functions API here.

The cases lie beside the repository, in `shared/cases`, and are no part of it. What cannot pass, and why,
is listed in `cases/states_api_waiting.json`.
"""

import asyncio
import importlib.util
import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.live.states import StatesApi

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "states"
WAITING = json.loads((Path(__file__).parent / "cases" / "states_api_waiting.json").read_text())
KINDS = {"api", "validate", "sync_execution"}
SINCE = ("encryptionConfiguration",)
"""Members that AWS began to show after most recordings: asked for only where the recording has them."""
TEXTS = {"definition", "input", "output"}
"""Members of answers that are JSON text."""

if not FOLDER.is_dir():
    pytest.skip(f"no recorded cases in {FOLDER}", allow_module_level=True)

_SPEC = importlib.util.spec_from_file_location("compare", FOLDER / "compare.py")
compare = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(compare)

CASES = {
    case["name"]: case
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text())["cases"]
    if case["kind"] in KINDS
}


@pytest.mark.parametrize("name", CASES)
async def test_recorded_calls(name, request):
    if name in WAITING:
        request.applymarker(pytest.mark.xfail(reason=WAITING[name], strict=True))
    case = CASES[name]
    async with StatesApi().serving() as api:
        with api.client(parameter_validation=False) as client:
            assert await asyncio.to_thread(_PLAYS[case["kind"]], client, case) == []


def test_the_share_of_recorded_calls_that_pass():
    waiting = [name for name in CASES if name in WAITING]
    assert len(waiting) <= 0.03 * len(CASES), f"{len(waiting)} of {len(CASES)} wait"


def test_only_recorded_calls_wait():
    assert sorted(set(WAITING) - set(CASES)) == []


def _play_steps(client, case):
    answers, found = {}, []
    for step in case["steps"]:
        if "op" not in step:
            _wait(client, step)
            continue
        parameters = _filled(step["params"], answers)
        answer = answers[step["id"]] = _call(client, step["op"], parameters)
        if "expect" in step:
            found.append(_difference(step["expect"], answer))
        elif "error" in answer:
            found.append(f"{step['op']}: {answer}")
    return [one for one in found if one]


def _play_validation(client, case):
    answer = _call(client, "ValidateStateMachineDefinition", case["request"])
    told = _difference({"response": case["expected"]["response"]}, answer)
    return [told] if told else []


def _play_sync_execution(client, case):
    names = case.get("names", {"stateMachine": "machine", "execution": "execution"})
    role = "arn:aws:iam::111111111111:role/states-role"
    made = client.create_state_machine(
        name=names["stateMachine"],
        definition=json.dumps(case["definition"]),
        roleArn=role,
        type="EXPRESS",
    )
    answer = client.start_sync_execution(
        stateMachineArn=made["stateMachineArn"],
        name=names["execution"],
        input=json.dumps(case["input"]),
    )
    found = {name: _shown(answer, answer)[name] for name in case["expected"]}
    told = compare.matches(case["expected"], found)
    return [told] if told else []


def _call(client, operation, parameters):
    method = getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
    try:
        answer = method(**parameters)
    except ClientError as error:
        told = error.response
        return {
            "error": {"code": told["Error"]["Code"], "message": told["Error"]["Message"]},
            "status": told["ResponseMetadata"]["HTTPStatusCode"],
        }
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    return {"response": answer, "status": status}


def _difference(expected, answer):
    if "error" in expected:
        wanted = {name: expected["error"].get(name, compare.ANY) for name in ("code", "message")}
        told = answer.get("error", {"code": None, "message": str(answer)})
        status = expected["error"].get("httpStatus", 400)
        return compare.matches(wanted, told) or compare.matches(status, answer["status"])
    if "error" in answer:
        return str(answer)
    return compare.matches(expected["response"], _shown(answer["response"], expected["response"]))


def _shown(answer, expected):
    """Write an answer as the cases do: JSON texts read, events without times."""
    shown = {
        name: json.loads(value) if name in TEXTS else value
        for name, value in answer.items()
        if name not in SINCE or name in expected
    }
    if "events" in shown:
        shown["events"] = [compare.api_event(event) for event in shown["events"]]
    return shown


def _filled(parameters, answers):
    if parameters.get("nextToken", "") is None:  # the recording has lost it: the one that came last
        told = [one["response"].get("nextToken") for one in answers.values() if "response" in one]
        parameters = {**parameters, "nextToken": told[-1]}
    text = json.dumps(parameters)
    for number, field in re.findall(r"\{\{ref:(\d+)\.(\w+)\}\}", text):
        value = answers[int(number)]["response"][field]
        text = text.replace(f"{{{{ref:{number}.{field}}}}}", value)
    return json.loads(text)


def _wait(client, step):
    """Wait until an execution has come to where the recording went on."""
    arn = step.get("executionArn")
    if arn is None or ":execution:" not in arn:
        return
    while step["wait"] == "await_on_execution_events":
        if len(client.get_execution_history(executionArn=arn)["events"]) > 1:
            return
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        pass


_PLAYS = {
    "api": _play_steps,
    "sync_execution": _play_sync_execution,
    "validate": _play_validation,
}
