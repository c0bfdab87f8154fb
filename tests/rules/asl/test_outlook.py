"""What a running execution waits for, until when, and what comes next."""

import pytest

from frontdesk.rules.asl.interpreter import begin
from frontdesk.rules.asl.messages import (
    Invoke,
    StartTimer,
    Stopped,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from frontdesk.rules.asl.outlook import outlook
from tests.rules.asl.machines import FACTS, Played, machine, task

TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
NESTED = "arn:aws:states:::states:startExecution.sync:2"
ACTIVITY = "arn:aws:states:us-east-1:1:activity:stamp"
READER = {"ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def seen(played, timers=None):
    """The outlook, as (state, awaited, everything that is not as usual)."""
    usual = {"attempt": 1, "most_attempts": 1, "next": None, "until": None, "within": ()}
    usual |= {"ended": 0, "total": 0}
    told = []
    for one in outlook(played.program, played.run, timers or {}):
        values = {name: getattr(one, name) for name in usual}
        other = {name: value for name, value in values.items() if value != usual[name]}
        told.append((one.state, str(one.awaited), other))
    return told


def timers_of(played):
    return {one.key: one.at for one in played.of(StartTimer)}


def test_a_wait_goes_on_at_its_timer_to_the_next_state():
    played = Played(
        machine(Wait={"Type": "Wait", "Seconds": 60, "Next": "Proxy 2"}, **{"Proxy 2": task()})
    )
    until = played.now + 60_000
    assert seen(played, timers_of(played)) == [
        ("Wait", "timer", {"until": until, "next": "Proxy 2"})
    ]
    assert outlook(played.program, played.run, {})[0].since == played.now


def test_a_retry_tells_which_attempt_of_how_many_comes():
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 4}, {"ErrorEquals": ["Down"], "MaxAttempts": 2}]  # fmt: skip
    played = Played(machine(Do=task(Retry=retry)))
    played.answer(played.invoke, TaskFailed, error="Busy")
    assert seen(played, timers_of(played)) == [
        ("Do", "retry", {"attempt": 2, "most_attempts": 7, "until": played.now + 1000})
    ]


@pytest.mark.parametrize(
    ("resource", "submitted", "awaited"),
    [
        ("arn:aws:lambda:us-east-1:1:function:f", False, "task"),
        (TOKEN, False, "task"),
        (TOKEN, True, "token"),
        (NESTED, True, "job"),
        (ACTIVITY, False, "activity"),
    ],
    ids=["function", "token to be submitted", "token", "job", "activity"],
)
def test_a_task_waits_for_whoever_answers_it(resource, submitted, awaited):
    played = Played(machine(Do=task(Resource=resource)))
    if submitted:
        played.answer(played.invoke, TaskSubmitted, output={})
    deadline = {played.invoke.key: 5_000_000}
    assert seen(played, deadline) == [("Do", awaited, {"until": 5_000_000})]


def test_what_runs_within_a_state_follows_it_with_its_place():
    branches = [machine(A=task()), machine(Each={"Type": "Map", "ItemsPath": "$", "ItemProcessor": machine(B=task()), "MaxConcurrency": 1, "End": True})]  # fmt: skip
    played = Played(machine(Both={"Type": "Parallel", "Branches": branches, "End": True}), [1, 2])
    assert seen(played) == [
        ("Both", "children", {"total": 2}),
        ("A", "task", {"within": (("Both", 0),)}),
        ("Each", "children", {"total": 2, "within": (("Both", 1),)}),
        ("B", "task", {"within": (("Both", 1), ("Each", 0))}),
    ]
    played.answer(played.of(Invoke)[0], TaskSucceeded, output=1)
    played.answer(played.of(Invoke)[1], TaskSucceeded, output=1)
    assert seen(played) == [
        ("Both", "children", {"ended": 1, "total": 2}),
        ("Each", "children", {"ended": 1, "total": 2, "within": (("Both", 1),)}),
        ("B", "task", {"within": (("Both", 1), ("Each", 1))}),
    ]


def test_a_distributed_map_waits_for_items_then_for_children():
    inner = machine(A={"Type": "Pass", "End": True}) | DISTRIBUTED
    played = Played(machine(Many={"Type": "Map", "ItemProcessor": inner, "End": True} | READER))
    assert seen(played) == [("Many", "items", {})]
    played.answer(played.invoke, TaskSucceeded, output=[1, 2, 3])
    assert seen(played) == [("Many", "children", {"total": 3})]


def test_an_execution_that_has_ended_waits_for_nothing():
    played = Played(machine(Do=task()))
    played.tell(Stopped)
    assert seen(played) == []


def test_what_has_not_been_entered_yet_goes_on_at_once():
    played = Played(machine(Do=task()))
    played.run = begin(played.program, {}, FACTS)
    played.run.strands[1].attempt = 3  # of the state before
    assert seen(played, {f"{FACTS.execution}:Do:0": 7}) == [("Do", "turn", {})]
