"""Parallel: branches, the first failure, retries of all, and variables."""

import pytest

from frontdesk.rules.asl.messages import (
    CancelTask,
    CancelTimer,
    Fail,
    Finish,
    Invoke,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from tests.rules.asl.machines import Played, machine, task

WAIT = {"Type": "Wait", "Seconds": 60, "End": True}


def parallel(*branches, **fields):
    made = [machine(**{f"{name}{at}": state}) for at, (name, state) in enumerate(branches)]
    return {"Type": "Parallel", "Branches": made, "End": True} | fields


def test_results_stand_in_the_order_of_branches():
    played = Played(machine(Both=parallel(("A", task()), ("B", task()))), {"x": 1})
    first, second = played.of(Invoke)
    assert first.arguments == second.arguments == {"x": 1}
    played.answer(second, TaskSucceeded, output="b")
    assert not played.of(Finish)
    played.answer(first, TaskSucceeded, output="a")
    assert played.last(Finish).output == ["a", "b"]


def test_branches_get_the_effective_input_and_the_result_is_merged():
    both = parallel(
        ("A", task()),
        Parameters={"y.$": "$.x"},
        ResultSelector={"first.$": "$[0]"},
        ResultPath="$.made",
    )
    played = Played(machine(Both=both), {"x": 1})
    assert played.invoke.arguments == {"y": 1}
    played.answer(played.invoke, TaskSucceeded, output="a")
    assert played.last(Finish).output == {"x": 1, "made": {"first": "a"}}


def test_the_first_failure_gives_the_others_up():
    played = Played(machine(Both=parallel(("A", task()), ("B", task()), ("C", WAIT))))
    first, second = played.of(Invoke)
    played.answer(first, TaskFailed, error="E", cause="why")
    assert played.last(Fail) == Fail(status="FAILED", error="E", cause="why")
    assert [one.key for one in played.of(CancelTask)] == [second.key]
    assert [one.key for one in played.of(CancelTimer)] == [played.timer.key]
    assert played.answer(second, TaskSucceeded, output=1) == []
    assert played.types[-6:] == [
        "LambdaFunctionFailed",
        "TaskStateAborted",
        "TaskStateAborted",
        "WaitStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]
    *_, failed, task_aborted, other, wait_aborted, end, _ = played.events
    assert {one.previous for one in (task_aborted, other, wait_aborted, end)} == {failed.id}


def test_retry_runs_all_branches_again():
    both = parallel(("A", task()), ("B", task()), Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 1}])
    played = Played(machine(Both=both))
    played.answer(played.of(Invoke)[1], TaskFailed, error="E")
    assert "ParallelStateFailed" not in played.types
    assert len(played.run.strands) == 1
    played.answer(played.timer, TimerFired)
    assert [one.state for one in played.of(Invoke)] == ["A0", "B1", "A0", "B1"]
    assert len({one.key for one in played.of(Invoke)}) == 4
    for one in played.of(Invoke)[2:]:
        played.answer(one, TaskSucceeded, output=one.state)
    assert played.last(Finish).output == ["A0", "B1"]


def test_a_caught_failure_goes_on_after_it():
    both = parallel(("A", task()), Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Handle"}])
    played = Played(machine(Both=both, Handle={"Type": "Pass", "End": True}))
    played.answer(played.invoke, TaskFailed, error="E", cause="why")
    assert played.last(Finish).output == {"Error": "E", "Cause": "why"}
    assert len(played.run.strands) == 0


def test_a_runtime_error_of_a_branch_ends_everything():
    both = parallel(
        ("A", {"Type": "Pass", "InputPath": "$.no", "End": True}),
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Handle"}],
    )
    played = Played(machine(Both=both, Handle={"Type": "Pass", "End": True}))
    assert played.last(Fail).error == "States.Runtime"


def test_inner_scopes_read_outer_variables_and_theirs_vanish():
    definition = machine(
        Set={"Type": "Pass", "Assign": {"outer": 1}, "Next": "Both"},
        Both=parallel(
            (
                "A",
                {
                    "Type": "Pass",
                    "Assign": {"inner": 2},
                    "Parameters": {"seen.$": "$outer"},
                    "End": True,
                },
            ),
            ("B", {"Type": "Pass", "Assign": {"inner": 3}, "End": True}),
        )
        | {"Next": "After"},
        After={"Type": "Pass", "Parameters": {"inner.$": "$inner"}, "End": True},
    )
    del definition["States"]["Both"]["End"]
    played = Played(definition)
    assert played.last(Fail).error == "States.Runtime"
    exited = next(one for one in played.events if one.type == "ParallelStateExited")
    assert exited.details["output"] == [{"seen": 1}, {}]


@pytest.mark.parametrize("depth", [1, 5, 20])
def test_parallels_within_parallels(depth):
    state = {"Type": "Pass", "Result": "core", "End": True}
    for level in range(depth):
        state = {
            "Type": "Parallel",
            "Branches": [machine(**{f"L{level}": state})],
            "End": True,
        }
    output = Played(machine(Top=state)).last(Finish).output
    for _ in range(depth):
        (output,) = output
    assert output == "core"
