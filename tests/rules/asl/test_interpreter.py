"""The whole of an execution: its ends, its bounds, redrives, and that a run survives JSON after any step."""

import json

import pytest

from frontdesk.rules.asl.interpreter import MOST_MOVES
from frontdesk.rules.asl.messages import (
    CancelTask,
    CancelTimer,
    ChildSucceeded,
    Continue,
    Fail,
    Finish,
    Invoke,
    Redriven,
    StartChild,
    StartTimer,
    Stopped,
    TaskFailed,
    TaskSucceeded,
    TaskTimedOut,
    TimerFired,
)
from frontdesk.rules.asl.run import Status
from tests.rules.asl.machines import FACTS, Played, machine, task

F = "arn:aws:lambda:us-east-1:1:function:f"
PASS = {"Type": "Pass", "End": True}
WAIT = {"Type": "Wait", "Seconds": 60, "End": True}


def loop(**states):
    return machine(Loop={"Type": "Pass", "Next": "Loop2"}, Loop2={"Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "End"}], "Default": "Loop"}, End={"Type": "Succeed"}, **states)  # fmt: skip


def chain(length):
    states = {f"S{at}": {"Type": "Pass", "Next": f"S{at + 1}"} for at in range(length)}
    return machine(**states, **{f"S{length}": PASS})


def test_a_chain_of_passes_rides_in_one_step():
    played = Played(chain(100))
    assert played.steps == 1
    assert played.run.status is Status.SUCCEEDED


def test_a_longer_chain_goes_on_in_several_steps():
    played = Played(chain(3 * MOST_MOVES))
    assert played.steps == 4
    assert len(played.of(Continue)) == 3
    assert played.run.status is Status.SUCCEEDED


def test_an_endless_loop_ends_with_its_history():
    played = Played(loop(), facts=FACTS._replace(most_events=1000))
    assert played.last(Fail) == Fail(
        status="FAILED",
        error="States.Runtime",
        cause="The execution reached the maximum number of history events (1000).",
    )
    assert len(played.events) == 1000
    assert played.types[-1] == "ExecutionFailed"
    assert [event.id for event in played.events] == list(range(1, 1001))


def test_stop_ends_everything_that_waits():
    branches = [machine(A=task()), machine(B=WAIT)]
    played = Played(machine(Both={"Type": "Parallel", "Branches": branches, "End": True}))
    made = played.tell(Stopped, error="Because", cause="I say so")
    assert [type(one) for one in made if isinstance(one, CancelTask | CancelTimer)] == [
        CancelTask,
        CancelTimer,
    ]
    assert made[-1] == Fail(status="ABORTED", error="Because", cause="I say so")
    assert (played.events[-1].type, played.events[-1].previous) == ("ExecutionAborted", 0)
    assert played.tell(Stopped) == []
    assert played.answer(played.invoke, TaskSucceeded, output=1) == []


def test_stop_without_words_has_empty_details():
    played = Played(machine(Do=task()))
    played.tell(Stopped)
    assert played.events[-1].details == {}


def test_the_whole_execution_times_out():
    played = Played(machine(Do=task()) | {"TimeoutSeconds": 90})
    timer = played.timer
    assert (timer.key, timer.at - played.now) == (FACTS.execution, 90_000)
    played.answer(timer, TimerFired)
    assert played.last(Fail) == Fail(status="TIMED_OUT")
    assert played.run.status is Status.TIMED_OUT
    assert (played.types[-1], played.events[-1].details) == ("ExecutionTimedOut", {})


def test_the_clock_of_an_execution_that_ended_is_stopped():
    played = Played(machine(Do=task()) | {"TimeoutSeconds": 90})
    played.answer(played.invoke, TaskSucceeded, output=1)
    assert [one.key for one in played.of(CancelTimer)] == [FACTS.execution]
    assert played.answer(played.timer, TimerFired) == []


@pytest.mark.parametrize(
    ("state", "error", "cause"),
    [
        ({"Error": "E", "Cause": "why"}, "E", "why"),
        ({"Error": "E"}, "E", None),
        ({"Cause": "why"}, None, "why"),
        ({}, None, None),
        ({"ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}, "of input", "of input!"),
        ({"ErrorPath": "$$.State.Name"}, "No", None),
        (
            {
                "QueryLanguage": "JSONata",
                "Error": "{% 'E' & 1 %}",
                "Cause": "{% $states.input.c %}",
            },
            "E1",
            "of input",
        ),
    ],
)
def test_fail_ends_with_what_it_says(state, error, cause):
    played = Played(machine(No={"Type": "Fail"} | state), {"e": "of input", "c": "of input"})
    assert played.last(Fail) == Fail(status="FAILED", error=error, cause=cause)
    written = {"error": error, "cause": cause}
    assert played.events[-1].details == {k: v for k, v in written.items() if v is not None}
    assert played.types == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize("state", [{"ErrorPath": "$.no"}, {"CausePath": "$.n"}])
def test_fail_that_cannot_say_what(state):
    assert (
        Played(machine(No={"Type": "Fail"} | state), {"n": 1}).last(Fail).error == "States.Runtime"
    )


def test_too_large_an_output_fails_the_state():
    given = {"a": "x" * 200_000}
    double = {"Type": "Pass", "Parameters": {"a.$": "$.a", "b.$": "$.a"}, "End": True}
    fail = Played(machine(Double=double), given).last(Fail)
    assert fail.error == "States.DataLimitExceeded"
    assert fail.cause.startswith("The state/task 'Double' returned a result with a size exceeding")


def test_context_tells_of_the_execution():
    context = Played(
        machine(Tell={"Type": "Pass", "Parameters": {"c.$": "$$"}, "End": True}), {"i": 1}
    )
    assert context.last(Finish).output["c"] == {
        "Execution": {
            "Id": FACTS.execution,
            "Input": {"i": 1},
            "Name": "e",
            "RoleArn": "arn:aws:iam::1:role/r",
            "StartTime": "1970-01-01T00:16:40Z",
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": FACTS.machine, "Name": "m"},
        "State": {"Name": "Tell", "EnteredTime": "1970-01-01T00:16:40Z"},
    }


def test_context_of_an_express_execution_has_no_redrives():
    tell = machine(Tell={"Type": "Pass", "Parameters": {"c.$": "$$.Execution"}, "End": True})
    played = Played(tell, facts=FACTS._replace(express=True))
    assert "RedriveCount" not in played.last(Finish).output["c"]


def test_redrive_of_a_map_goes_on_with_the_items_that_are_left():
    definition = machine(
        Map={
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 2,
            "ItemSelector": {"v.$": "$$.Map.Item.Value"},
            "ItemProcessor": machine(Each=task()),
            "End": True,
        }
    )
    played = Played(definition, {"items": ["a", "b", "c", "d"]})
    first, second = played.of(Invoke)
    played.answer(first, TaskSucceeded, output="A")
    played.answer(second, TaskFailed, error="E")
    played.tell(Redriven)
    done = 3
    while played.run.status is Status.RUNNING:
        one = played.of(Invoke)[done]
        done += 1
        played.answer(one, TaskSucceeded, output=one.arguments["v"].upper())
    assert played.last(Finish).output == ["A", "B", "C", "D"]
    assert [one.arguments["v"] for one in played.of(Invoke)] == ["a", "b", "c", "b", "c", "d"]


def test_redrive_goes_on_at_the_state_that_failed():
    played = Played(
        machine(
            First={"Type": "Task", "Resource": F, "Next": "Second"},
            Second=task(
                Parameters={"c.$": "$$.Execution.RedriveCount"},
                Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}],
            ),
        )
    )
    played.answer(played.invoke, TaskSucceeded, output={})
    for _ in range(2):
        played.answer(played.invoke, TaskFailed, error="E")
        played.answer(played.timer, TimerFired)
    assert played.run.status is Status.FAILED
    played.tell(Redriven)
    assert played.run.status is Status.RUNNING
    assert played.invoke.state == "Second"
    assert played.invoke.arguments == {"c": 1}
    played.answer(played.invoke, TaskFailed, error="E")
    played.answer(played.timer, TimerFired)
    played.answer(played.invoke, TaskSucceeded, output="done")
    assert played.last(Finish).output == "done"
    assert (played.run.error, played.run.cause) == (None, None)
    redriven = next(event for event in played.events if event.type == "ExecutionRedriven")
    assert redriven.details == {"redriveCount": 1}


def test_redrive_keeps_what_had_succeeded_within_a_state():
    branches = [machine(**{name: task()}) for name in ("A", "B", "C")]
    played = Played(machine(All={"Type": "Parallel", "Branches": branches, "End": True}))
    first, second, _ = played.of(Invoke)
    played.answer(first, TaskSucceeded, output="a")
    played.answer(second, TaskFailed, error="E")
    played.tell(Redriven)
    again = played.of(Invoke)[3:]
    assert [one.state for one in again] == ["B", "C"]
    for one in again:
        played.answer(one, TaskSucceeded, output=one.state.lower())
    assert played.last(Finish).output == ["a", "b", "c"]


@pytest.mark.parametrize("end", ["stopped", "timed out"])
def test_redrive_of_what_was_stopped_or_timed_out(end):
    played = Played(machine(Do=task()) | {"TimeoutSeconds": 5})
    if end == "stopped":
        played.tell(Stopped)
    else:
        played.answer(played.timer, TimerFired)
    old = played.timer
    played.tell(Redriven)
    assert played.answer(old, TimerFired) == []
    played.answer(played.invoke, TaskSucceeded, output=1)
    assert played.run.status is Status.SUCCEEDED


def test_what_succeeded_or_still_runs_is_not_redriven():
    played = Played(machine(Do=task()))
    assert played.tell(Redriven) == []
    played.answer(played.invoke, TaskSucceeded, output=1)
    assert played.tell(Redriven) == []


def test_a_run_that_waits_is_small():
    played = Played(machine(Wait={"Type": "Wait", "Seconds": 99, "End": True}), {"id": 7})
    assert len(json.dumps(played.run.as_json())) < 1100


ANSWERS = {
    Invoke: lambda one: (TaskSucceeded, {"output": one.arguments}),
    StartTimer: lambda _one: (TimerFired, {}),
    StartChild: lambda one: (ChildSucceeded, {"index": one.index, "output": one.input}),
}


@pytest.mark.parametrize("fate", ["succeeds", "fails", "times out"])
def test_every_type_of_state_ends_whatever_tasks_do(fate):
    processor = machine(Each=task()) | {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    }
    definition = machine(
        Wait={"Type": "Wait", "Seconds": 5, "Next": "Both"},
        Both={"Type": "Parallel", "Branches": [machine(A=task()), machine(B=WAIT)], "Next": "Map", "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Map", "ResultPath": "$[1]"}]},
        Map={"Type": "Map", "ItemProcessor": machine(Item=task()), "Next": "Spread", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}]},
        Spread={"Type": "Map", "ItemProcessor": processor, "Next": "End"},
        End={"Type": "Succeed"},
    )  # fmt: skip
    played = Played(definition, [1, 2])
    done = 0
    while played.run.status is Status.RUNNING:
        command = played.commands[done]
        done += 1
        if type(command) not in ANSWERS:
            continue
        kind, values = ANSWERS[type(command)](command)
        if isinstance(command, Invoke) and fate != "succeeds":
            kind, values = (TaskFailed, {"error": "E"}) if fate == "fails" else (TaskTimedOut, {})
        played.answer(command, kind, **values)
    assert played.run.status is Status.SUCCEEDED
