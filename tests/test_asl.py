"""`run_local`: machines in unit tests, on a fake clock, with callables for tasks."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.asl import (
    NEVER,
    After,
    DefinitionError,
    InputError,
    StuckError,
    TaskError,
    UnknownTaskError,
    run_local,
)

SEED = Path(__file__).parents[2] / "shared" / "seeds"
F = "arn:aws:lambda:us-east-1:1:function:charge"
INVOKE = "arn:aws:states:::lambda:invoke"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def machine(**fields):
    return {
        "StartAt": "Do",
        "States": {"Do": {"Type": "Task", "Resource": F, "End": True} | fields},
    }


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def seed():
    found = next(SEED.glob("002*"), None)
    if found is None:
        pytest.skip(f"no seed in {SEED}")
    text = found.read_text()
    start = text.index('{\n  "Comment": "A description of my state machine"')
    return json.JSONDecoder().raw_decode(text[start:])[0]


def answers(*statuses):
    """Return proxies that answer with these statuses, and the list of who was called."""
    called = []

    def proxy(number, status):
        def call(payload):
            called.append((number, payload))
            return {"statusCode": status, "body": json.dumps({"from": number})}

        return call

    tasks = {f"apiProxy{at}": proxy(at, status) for at, status in enumerate(statuses, 1)}
    return tasks, called


@pytest.mark.parametrize(
    ("statuses", "by", "seconds"),
    [
        pytest.param((200, 200, 200), 1, 0, id="the first proxy answers"),
        pytest.param((429, 200, 200), 2, 5, id="the second after a wait"),
        pytest.param((429, 429, 200), 3, 5, id="the third"),
        pytest.param((429, 429, 429), 3, 5, id="none: the vendor's status comes out"),
    ],
)
def test_the_three_proxies_run_unedited(statuses, by, seconds):
    tasks, called = answers(*statuses)
    run = run_local(seed(), {"order": 7}, tasks)
    assert run.status == "SUCCEEDED"
    assert run.output == {"statusCode": statuses[by - 1], "body": json.dumps({"from": by})}
    assert [number for number, _ in called] == list(range(1, by + 1))
    assert called[0] == (1, {"order": 7})
    assert run.waited_seconds == seconds


def test_the_proxies_are_retried_when_lambda_throttles():
    tasks, _ = answers(200, 200, 200)
    refused = []

    def busy(payload):
        refused.append(payload)
        if len(refused) <= 6:
            raise TaskError("Lambda.TooManyRequestsException", "Rate exceeded")
        return tasks["apiProxy1"](payload)

    run = run_local(seed(), {}, tasks | {"apiProxy1": busy})
    assert run.output["statusCode"] == 200
    assert run.waited_seconds == 2 + 4 + 8 + 16 + 32 + 64


def test_hours_of_waits_take_milliseconds():
    definition = seed()
    definition["States"]["Wait"]["Seconds"] = 36 * 3600
    tasks, _ = answers(429, 429, 200)
    began = time.perf_counter()
    run = run_local(definition, {}, tasks)
    assert run.waited_seconds == 36 * 3600
    assert time.perf_counter() - began < 30  # not 36 hours; a loaded machine may be slow


@pytest.mark.parametrize(
    ("resource", "parameters", "name"),
    [
        (F, None, F),
        (F, None, "charge"),
        (f"{F}:live", None, "charge:live"),
        (f"{F}:live", None, "charge"),
        (INVOKE, {"FunctionName": F}, F),
        (INVOKE, {"FunctionName": "charge:$LATEST"}, "charge"),
        (INVOKE, {"FunctionName": "charge"}, "charge"),
        ("arn:aws:states:us-east-1:1:activity:sign", None, "sign"),
        (
            "arn:aws:states:::http:invoke",
            {"ApiEndpoint": "https://a"},
            "arn:aws:states:::http:invoke",
        ),
    ],
)
def test_tasks_are_found_by(resource, parameters, name):
    fields = {"Resource": resource} | ({} if parameters is None else {"Parameters": parameters})
    run = run_local(machine(**fields), {"x": 1}, {name: lambda _given: "done"})
    output = run.output["Payload"] if resource == INVOKE else run.output
    assert output == "done"


def test_an_unknown_task_is_told_with_what_was_probably_meant():
    with pytest.raises(UnknownTaskError, match="state 'Do' asks for: arn") as raised:
        run_local(machine(), {}, {"chagre": print})
    assert raised.value.hint == "did you mean 'chagre'?"
    with pytest.raises(UnknownTaskError) as raised:
        run_local(machine(Resource=INVOKE, Parameters={"FunctionName": "pay"}))
    assert raised.value.hint == "give tasks={'pay': …}, or --task pay=python:MODULE.CALLABLE"


def test_an_invalid_definition_is_told_whole():
    with pytest.raises(DefinitionError) as raised:
        run_local({"StartAt": "No", "States": {"A": {"Type": "Pass"}, "B": {"Type": "What"}}})
    assert len(raised.value.diagnostics) >= 3
    assert "Type" in str(raised.value)


def test_a_definition_may_be_its_text():
    run = run_local(json.dumps(machine()), {"x": 1}, {"charge": lambda given: given})
    assert run.output == {"x": 1}


def test_text_that_is_no_json_is_an_invalid_definition():
    with pytest.raises(DefinitionError, match="INVALID_JSON_DESCRIPTION"):
        run_local("{ no")


def test_task_errors_are_what_retry_and_catch_see():
    def charge(_given):
        raise TaskError("Vendor.Busy", "come back later")

    run = run_local(machine(), {}, {"charge": charge})
    assert (run.status, run.error, run.cause) == ("FAILED", "Vendor.Busy", "come back later")
    assert run.output is None


def test_exceptions_are_told_as_lambda_tells_them():
    run = run_local(machine(), {}, {"charge": lambda given: given["missing"]})
    assert run.error == "KeyError"
    told = json.loads(run.cause)
    assert (told["errorType"], told["errorMessage"]) == ("KeyError", "'missing'")


def test_a_result_that_is_no_json_fails_the_task():
    assert run_local(machine(), {}, {"charge": lambda _given: object()}).error == "TypeError"


def test_tasks_take_time_and_time_out():
    slow = {"charge": lambda _given: After(20, "late")}
    assert run_local(machine(), {}, slow).waited_seconds == 20
    run = run_local(machine(TimeoutSeconds=5), {}, slow)
    assert (run.error, run.cause, run.waited_seconds) == ("States.Timeout", None, 5)
    run = run_local(machine(TimeoutSeconds=9, HeartbeatSeconds=5), {}, slow)
    assert (run.error, run.waited_seconds) == ("States.HeartbeatTimeout", 5)


def test_a_task_may_fail_after_a_while():
    run = run_local(machine(), {}, {"charge": lambda _given: After(3, TaskError("Late", "why"))})
    assert (run.error, run.waited_seconds) == ("Late", 3)


def test_a_task_that_never_answers_times_out_or_is_told():
    never = {"charge": lambda _given: NEVER}
    assert run_local(machine(TimeoutSeconds=60), {}, never).waited_seconds == 60
    with pytest.raises(StuckError):
        run_local(machine(), {}, never)


def test_the_machines_own_timeout():
    run = run_local(machine() | {"TimeoutSeconds": 7}, {}, {"charge": lambda _given: NEVER})
    assert (run.status, run.error, run.waited_seconds) == ("TIMED_OUT", None, 7)


def test_a_token_is_handed_over_and_answered():
    seen = []

    def send(arguments):
        seen.append(arguments["MessageBody"]["token"])
        return After(3600, {"approved": True})

    parameters = {"QueueUrl": "https://q", "MessageBody": {"token.$": "$$.Task.Token"}}
    run = run_local(machine(Resource=TOKEN, Parameters=parameters), {}, {TOKEN: send})
    assert run.output == {"approved": True}
    assert run.waited_seconds == 3600
    assert len(seen[0]) > 40
    assert "TaskSubmitted" in [event["type"] for event in run.history]


def test_what_is_sent_with_a_functions_token_is_the_result():
    run = run_local(
        machine(
            Resource=f"{INVOKE}.waitForTaskToken",
            Parameters={"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        ),
        {},
        {"ask": lambda payload: {"asked": sorted(payload)}},
    )
    assert run.output == {"asked": ["token"]}


def test_children_of_a_map_that_is_over_are_not_called_any_more():
    called = []

    def each(item):
        called.append(item)
        if item == 0:
            raise TaskError("E")
        return After(60, item)

    processor = machine() | {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    }
    processor["States"] = {
        "Pause": {"Type": "Wait", "SecondsPath": "$", "Next": "Do"},
        **processor["States"],
    }
    processor["StartAt"] = "Pause"
    definition = {
        "StartAt": "Map",
        "States": {
            "Map": {
                "Type": "Map",
                "ItemProcessor": processor,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Rest"}],
                "Next": "Rest",
            },
            "Rest": {"Type": "Wait", "Seconds": 3600, "End": True},
        },
    }
    run = run_local(definition, [5, 0, 9], {"charge": each})
    assert (run.status, called) == ("SUCCEEDED", [0])


def test_nobody_changes_what_is_anothers():
    def charge(given):
        given["x"] = "changed"
        return given

    given = {"x": 1}
    run = run_local(machine(ResultPath="$.made"), given, {"charge": charge})
    assert run.output == {"x": 1, "made": {"x": "changed"}}
    assert given == {"x": 1}


@pytest.mark.parametrize("given", [0, False, "", [], None])
def test_any_json_is_an_input_and_none_is_an_empty_object(given):
    run = run_local(machine(), given, {"charge": lambda payload: payload})
    assert run.output == ({} if given is None else given)


@pytest.mark.parametrize(
    "given",
    ["\ud800", float("nan"), object(), {"x": {1}}, "x" * 262_143, nested(300), nested(100_000)],
    ids=["half a character", "NaN", "object", "set", "too large", "deep", "endless"],
)
def test_what_is_no_input_is_refused(given):
    with pytest.raises(InputError):
        run_local(machine(), given)
    with pytest.raises(InputError):
        run_local(machine(), {}, variables={"v": given})


@pytest.mark.parametrize("answer", ["\ud800", float("nan"), 10**400])
def test_answers_that_no_json_carries_fail_the_task(answer):
    run = run_local(machine(), {}, {"charge": lambda _given: answer})
    assert run.status == "FAILED"
    assert run.history


def test_the_same_call_gives_the_same_run():
    definition = {
        "StartAt": "Draw",
        "States": {
            "Draw": {
                "Type": "Pass",
                "Parameters": {"id.$": "States.UUID()", "n.$": "States.MathRandom(1, 1000000)"},
                "End": True,
            }
        },
    }
    assert run_local(definition) == run_local(definition)


def test_now_and_names_are_seen_by_the_machine():
    tell = {"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}
    run = run_local(
        {"StartAt": "Tell", "States": {"Tell": tell}},
        now=datetime(2030, 5, 6, 7, 8, 9, tzinfo=UTC),
        machine_name="charging",
        execution_name="first",
    )
    context = run.output["c"]
    assert context["Execution"]["StartTime"] == "2030-05-06T07:08:09Z"
    assert context["Execution"]["Id"].endswith(":execution:charging:first")
    assert context["StateMachine"]["Name"] == "charging"


def test_history_is_in_awss_shapes():
    run = run_local(machine(), {"x": 1}, {"charge": lambda _given: 2})
    assert run.history[1] == {
        "timestamp": datetime(2026, 1, 1, tzinfo=UTC).timestamp(),
        "type": "TaskStateEntered",
        "id": 2,
        "previousEventId": 0,
        "stateEnteredEventDetails": {
            "name": "Do",
            "input": '{"x":1}',
            "inputDetails": {"truncated": False},
        },
    }
    assert run.history[3] == {
        "timestamp": run.history[1]["timestamp"],
        "type": "LambdaFunctionStarted",
        "id": 4,
        "previousEventId": 3,
    }


def test_importing_it_loads_no_server():
    code = "import sys, frontdesk.asl; print([n for n in sys.modules if n.startswith('frontdesk.') and n.split('.')[1] not in ('asl', 'base', 'rules')] + [n for n in ('asyncio', 'pydantic', 'uvloop', 'sqlite3') if n in sys.modules])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"


def test_importing_frontdesk_loads_nothing_of_it():
    code = "import sys, frontdesk; print([n for n in sys.modules if n.startswith('frontdesk.')])"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert made.stdout.strip() == "[]"
