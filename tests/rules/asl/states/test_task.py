"""Task: attempts, retries, catchers, timeouts, and the events of each family of resources."""

import pytest

from frontdesk.rules.asl.messages import (
    ActivityStarted,
    Fail,
    Finish,
    Invoke,
    StartTimer,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TaskTimedOut,
    TimerFired,
)
from tests.rules.asl.machines import Played, machine, task

INVOKE = "arn:aws:states:::lambda:invoke"
ACTIVITY = "arn:aws:states:us-east-1:1:activity:sign"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
SYNC = "arn:aws:states:::states:startExecution.sync:2"


def test_key_is_the_same_on_every_attempt_and_new_on_every_stay():
    played = Played(machine(Do=task(Retry=[{"ErrorEquals": ["States.ALL"]}])))
    first = played.invoke
    played.answer(first, TaskFailed, error="E", cause="")
    played.answer(played.timer, TimerFired)
    assert (first.key, first.attempt) == ("arn:aws:states:us-east-1:1:execution:m:e:Do:1", 1)
    assert (played.invoke.key, played.invoke.attempt) == (first.key, 2)


def test_answers_of_a_former_attempt_change_nothing():
    played = Played(machine(Do=task(Retry=[{"ErrorEquals": ["States.ALL"]}])))
    first = played.invoke
    played.answer(first, TaskFailed, error="E", cause="")
    assert played.answer(first, TaskSucceeded, output=1) == []
    played.answer(played.timer, TimerFired)
    assert played.answer(first, TaskSucceeded, output=1) == []
    assert played.answer(first, TimerFired) == []
    played.answer(played.invoke, TaskSucceeded, output=2)
    assert played.last(Finish).output == 2
    assert played.answer(played.invoke, TaskSucceeded, output=3) == []


@pytest.mark.parametrize(
    "key", ["", "x", "arn:aws:states:us-east-1:1:execution:m:e:Other:1", "a:99"]
)
def test_answers_for_nobody_change_nothing(key):
    played = Played(machine(Do=task()))
    assert played.tell(TaskSucceeded, key=key, attempt=1, output=1) == []
    assert played.tell(TimerFired, key=played.invoke.key, attempt=1) == []


def retry(*names, **fields):
    return {"ErrorEquals": list(names)} | fields


@pytest.mark.parametrize(
    ("retriers", "errors", "delays"),
    [
        pytest.param([retry("States.ALL")], ["E"] * 4, [1, 2, 4], id="defaults: three retries"),
        pytest.param([retry("E", MaxAttempts=2)], ["E"] * 3, [1, 2], id="retries, not calls"),
        pytest.param([retry("E", MaxAttempts=0)], ["E"], [], id="never"),
        pytest.param([], ["E"], [], id="empty list"),
        pytest.param([retry("F")], ["E"], [], id="another error"),
        pytest.param(
            [retry("E", IntervalSeconds=3, BackoffRate=2, MaxDelaySeconds=5, MaxAttempts=3)],
            ["E"] * 4,
            [3, 5, 5],
            id="bounded delay",
        ),
        pytest.param(
            [retry("A", MaxAttempts=2), retry("B", MaxAttempts=1, IntervalSeconds=10)],
            ["A", "B", "A", "A"],
            [1, 10, 2],
            id="each retrier has its own count",
        ),
        pytest.param(
            [retry("A", MaxAttempts=1), retry("States.ALL", MaxAttempts=5)],
            ["A", "A"],
            [1],
            id="a used up first match does not fall through",
        ),
        pytest.param([retry("States.ALL")], ["States.Runtime"], [], id="Runtime is never retried"),
        pytest.param([retry("State.ALL")], ["E"], [], id="a misspelt wildcard is only itself"),
    ],
)
def test_retries(retriers, errors, delays):
    played = Played(machine(Do=task(Retry=retriers)))
    waits = []
    for error in errors:
        asked = len(played.of(StartTimer))
        played.answer(played.invoke, TaskFailed, error=error, cause="why")
        for timer in played.of(StartTimer)[asked:]:
            waits.append((timer.at - played.now) // 1000)
            played.now = timer.at
            played.answer(timer, TimerFired)
    assert waits == delays
    assert played.last(Fail).error == errors[-1]
    assert len(played.of(Invoke)) == len(errors)


def test_full_jitter_draws_between_nothing_and_the_delay():
    one = retry("E", JitterStrategy="FULL", IntervalSeconds=1000, MaxAttempts=50, BackoffRate=1)
    played = Played(machine(Do=task(Retry=[one])))
    for _ in range(50):
        played.answer(played.invoke, TaskFailed, error="E")
        played.answer(played.timer, TimerFired)
    waits = [timer.at - played.now for timer in played.of(StartTimer)]
    assert all(0 <= wait <= 1_000_000 for wait in waits)
    assert len(set(waits)) > 40


def test_input_is_computed_again_on_every_attempt():
    played = Played(
        machine(
            Do=task(Parameters={"tried.$": "$$.State.RetryCount"}, Retry=[retry("E"), retry("F")])
        )
    )
    for error in ("E", "F"):
        played.answer(played.invoke, TaskFailed, error=error)
        played.answer(played.timer, TimerFired)
    assert [one.arguments for one in played.of(Invoke)] == [{"tried": n} for n in (0, 1, 2)]


def test_counts_start_anew_when_the_state_is_entered_again():
    definition = machine(
        Do={
            k: v
            for k, v in task(Retry=[retry("E", MaxAttempts=1)], Next="Do2").items()
            if k != "End"
        },
        Do2={
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "Do"}],
            "Default": "End",
        },
        End={"Type": "Succeed"},
    )
    played = Played(definition)
    for output in (1, 2):
        assert played.invoke.attempt == 1
        played.answer(played.invoke, TaskFailed, error="E")
        played.answer(played.timer, TimerFired)
        played.answer(played.invoke, TaskSucceeded, output=output)
    assert played.last(Finish).output == 2


def caught(**fields):
    return machine(
        Do=task(
            **{
                "Catch": [
                    {"ErrorEquals": ["States.ALL"], "Next": "Handle"} | fields.pop("catch", {})
                ],
            }
            | fields
        ),
        Handle={"Type": "Pass", "End": True},
    )


@pytest.mark.parametrize(
    ("fields", "output"),
    [
        ({}, {"Error": "E", "Cause": "why"}),
        ({"catch": {"ResultPath": "$.error"}}, {"a": {"b": 1}, "error": {"Error": "E", "Cause": "why"}}),
        ({"catch": {"ResultPath": None}}, {"a": {"b": 1}}),
        (
            {"catch": {"ResultPath": "$.error"}, "InputPath": "$.a", "OutputPath": "$.nothing"},
            {"a": {"b": 1}, "error": {"Error": "E", "Cause": "why"}},
        ),
        (
            {"ResultSelector": {"x.$": "$.no"}, "ResultPath": "$.r", "Assign": {"v.$": "$.no"}},
            {"Error": "E", "Cause": "why"},
        ),
    ],
)  # fmt: skip
def test_catcher_gets_the_error_and_the_raw_input(fields, output):
    played = Played(caught(**fields), {"a": {"b": 1}})
    played.answer(played.invoke, TaskFailed, error="E", cause="why")
    assert played.last(Finish).output == output


def test_catcher_in_expressions():
    fields = {
        "QueryLanguage": "JSONata",
        "Catch": [
            {
                "ErrorEquals": ["E"],
                "Next": "Handle",
                "Assign": {"why": "{% $states.errorOutput.Cause %}"},
                "Output": "{% $states.errorOutput.Error & $states.input.x %}",
            }
        ],
    }
    played = Played(
        machine(
            Do=task(**fields),
            Handle={"Type": "Pass", "Parameters": {"why.$": "$why", "in.$": "$"}, "End": True},
        ),
        {"x": "!"},
    )
    played.answer(played.invoke, TaskFailed, error="E", cause="why")
    assert played.last(Finish).output == {"why": "why", "in": "E!"}


def test_runtime_errors_are_not_caught_even_by_name():
    definition = caught(catch={"ErrorEquals": ["States.Runtime"]}, Parameters={"x.$": "$.missing"})
    played = Played(definition)
    assert played.last(Fail).error == "States.Runtime"
    assert played.last(Fail).cause == (
        "An error occurred while executing the state 'Do' (entered at the event id #2). "
        "The JSONPath '$.missing' specified for the field 'x.$' could not be found in the input '{}'"
    )


def test_an_evaluation_error_of_the_output_is_caught():
    definition = machine(
        Do=task(
            QueryLanguage="JSONata",
            Output="{% $nothing %}",
            Catch=[{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Handle"}],
        ),
        Handle={"Type": "Pass", "End": True},
    )
    played = Played(definition)
    played.answer(played.invoke, TaskSucceeded, output=1)
    assert played.last(Finish).output["Error"] == "States.QueryEvaluationError"
    failed = next(event for event in played.events if event.type == "EvaluationFailed")
    assert (failed.previous, failed.details["location"]) == (0, "Output")


def test_an_error_within_a_catcher_ends_the_execution():
    definition = caught(catch={"ResultPath": "$.a.b.c"})
    played = Played(definition, {"a": {"b": 1}})
    played.answer(played.invoke, TaskFailed, error="E")
    assert played.last(Fail).error == "States.ResultPathMatchFailure"


def test_an_evaluation_error_within_a_catcher_is_told():
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Handle", "Output": "{% $nothing %}"}
    definition = machine(
        Do=task(QueryLanguage="JSONata", Catch=[catcher]), Handle={"Type": "Pass", "End": True}
    )
    played = Played(definition)
    played.answer(played.invoke, TaskFailed, error="E")
    assert played.last(Fail).error == "States.QueryEvaluationError"
    assert played.types[-2:] == ["EvaluationFailed", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("heartbeat", "error"), [(False, "States.Timeout"), (True, "States.HeartbeatTimeout")]
)
def test_timeouts_have_no_cause(heartbeat, error):
    played = Played(machine(Do=task(TimeoutSeconds=60, HeartbeatSeconds=5)))
    assert (played.invoke.timeout, played.invoke.heartbeat) == (60, 5)
    played.answer(played.invoke, TaskTimedOut, heartbeat=heartbeat)
    event = played.events[-2]
    assert (event.type, event.details) == ("LambdaFunctionTimedOut", {"error": error})
    assert played.last(Fail) == Fail(status="FAILED", error=error)


def test_catcher_of_a_timeout_gets_an_empty_cause():
    played = Played(caught(TimeoutSeconds=1))
    played.answer(played.invoke, TaskTimedOut)
    assert played.last(Finish).output == {"Error": "States.Timeout", "Cause": ""}


@pytest.mark.parametrize(
    ("fields", "given", "timeout", "heartbeat"),
    [
        ({}, {}, None, None),
        ({"TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h"}, {"t": 9, "h": 3}, 9, 3),
        (
            {"QueryLanguage": "JSONata", "TimeoutSeconds": "{% $states.input.t * 2 %}"},
            {"t": 9},
            18,
            None,
        ),
    ],
)
def test_timeouts_come_from_data(fields, given, timeout, heartbeat):
    invoke = Played(machine(Do=task(**fields)), given).invoke
    assert (invoke.timeout, invoke.heartbeat) == (timeout, heartbeat)


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        (
            {"TimeoutSecondsPath": "$.zero"},
            "States.Runtime",
            "The TimeoutSecondsPath parameter references a value that is not positive: $.zero == 0",
        ),
        (
            {"HeartbeatSecondsPath": "$.below"},
            "States.Runtime",
            "The HeartbeatSecondsPath parameter references a negative value: $.below == -1",
        ),
        (
            {"QueryLanguage": "JSONata", "TimeoutSeconds": "{% $states.input.zero %}"},
            "States.QueryEvaluationError",
            "The TimeoutSeconds field must be an integer that is not less than 1, but was: 0",
        ),
    ],
)
def test_timeouts_are_positive(fields, error, cause):
    played = Played(machine(Do=task(**fields)), {"zero": 0, "below": -1})
    failed = played.last(Fail)
    assert (failed.error, failed.cause.partition("). ")[2]) == (error, cause)


def test_too_large_a_result_fails_the_task_and_can_be_caught():
    played = Played(caught(Resource=INVOKE, Parameters={"FunctionName": "f"}))
    played.answer(played.invoke, TaskSucceeded, output="x" * 262_143)
    assert played.last(Finish).output == {
        "Error": "States.DataLimitExceeded",
        "Cause": "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
    }


def test_a_result_of_the_quota_is_taken():
    played = Played(machine(Do=task()))
    played.answer(played.invoke, TaskSucceeded, output="x" * 262_142)
    assert played.of(Finish)


@pytest.mark.parametrize(
    ("resource", "answers", "types"),
    [
        (
            "arn:aws:lambda:us-east-1:1:function:f",
            [(TaskSucceeded, {"output": 1})],
            ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"],
        ),
        (INVOKE, [(TaskFailed, {"error": "E"})], ["TaskScheduled", "TaskStarted", "TaskFailed"]),
        (
            TOKEN,
            [(TaskSubmitted, {"output": {"id": 1}}), (TaskSucceeded, {"output": 1})],
            ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"],
        ),
        (
            SYNC,
            [(TaskSubmitted, {"output": 1}), (TaskSubmitted, {"output": 1}), (TaskTimedOut, {})],
            ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"],
        ),
        (
            ACTIVITY,
            [(ActivityStarted, {"worker": "w"}), (TaskFailed, {"error": "E", "cause": "c"})],
            ["ActivityScheduled", "ActivityStarted", "ActivityFailed"],
        ),
        (ACTIVITY, [(TaskTimedOut, {})], ["ActivityScheduled", "ActivityTimedOut"]),
    ],
)
def test_events_of_a_resource(resource, answers, types):
    played = Played(machine(Do=task(Resource=resource)))
    for kind, values in answers:
        played.answer(played.invoke, kind, **values)
    assert [one for one in played.types if "State" not in one and "Execution" not in one] == types
    links = [(event.id, event.previous) for event in played.events[2 : 2 + len(types)]]
    assert links == [(at, at - 1) for at in range(3, 3 + len(types))]


@pytest.mark.parametrize("resource", [TOKEN, ACTIVITY])
def test_token_is_in_the_context_and_new_on_every_attempt(resource):
    played = Played(
        machine(
            Do=task(
                Resource=resource,
                Parameters={"token.$": "$$.Task.Token"},
                Retry=[retry("E")],
            )
        )
    )
    played.answer(played.invoke, TaskFailed, error="E")
    played.answer(played.timer, TimerFired)
    first, second = played.of(Invoke)
    assert first.arguments == {"token": first.token}
    assert second.arguments == {"token": second.token}
    assert first.token != second.token


def test_the_token_is_gone_with_its_state():
    definition = machine(
        Do={"Type": "Task", "Resource": ACTIVITY, "Next": "Tell"},
        Tell={"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True},
    )
    played = Played(definition)
    played.answer(played.invoke, TaskSucceeded, output=1)
    assert "Task" not in played.last(Finish).output["c"]


def test_other_tasks_have_no_token():
    played = Played(machine(Do=task(Parameters={"token.$": "$$.Task.Token"})))
    assert played.last(Fail).error == "States.Runtime"


def test_credentials_are_evaluated_and_told():
    played = Played(
        machine(Do=task(Resource=INVOKE, Credentials={"RoleArn.$": "$.role"})), {"role": "r"}
    )
    assert played.invoke.credentials == {"RoleArn": "r"}
    assert played.events[-2].details["taskCredentials"] == {"roleArn": "r"}


@pytest.mark.parametrize("resource", [INVOKE, ACTIVITY])
def test_task_that_cannot_be_started_is_told_as_an_error_of_the_state(resource):
    caught = {"Retry": [retry("States.ALL")], "Catch": [retry("States.ALL", Next="Do")]}
    played = Played(machine(Do=task(Resource=resource, **caught)))
    cause = "The activity ARN does not exist."
    played.answer(played.invoke, TaskFailed, error="States.Runtime", cause=cause)
    place = "An error occurred while executing the state 'Do' (entered at the event id #2). "
    told = Fail(status="FAILED", error="States.Runtime", cause=place + cause)
    assert played.last(Fail) == told
