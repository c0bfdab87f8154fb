"""Random machines with random failures: they end, keep their bounds, and survive JSON after every step."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.messages import (
    Continue,
    Continued,
    Invoke,
    Redriven,
    Started,
    StartTimer,
    TaskFailed,
    TaskSucceeded,
    TaskTimedOut,
    TimerFired,
)
from frontdesk.rules.asl.run import Status, read_run
from tests.rules.asl.machines import FACTS, program, task

ERRORS = ("E", "F", "States.Timeout", "States.Runtime")
MOST_EVENTS = 400


@st.composite
def retriers(draw):
    named = st.sampled_from(["E", "F", "States.TaskFailed", "States.Timeout"])
    return [
        {"ErrorEquals": [name], "MaxAttempts": draw(st.integers(0, 3)), "JitterStrategy": draw(st.sampled_from(["FULL", "NONE"]))}
        for name in draw(st.lists(named, max_size=2, unique=True))
    ]  # fmt: skip


@st.composite
def machines(draw, depth=2, prefix="S"):
    names = [f"{prefix}{at}" for at in range(draw(st.integers(1, 4)))]
    end = f"{prefix}End"
    states = {end: {"Type": "Succeed"}}
    for at, name in enumerate(names):
        following = names[at + 1] if at + 1 < len(names) else end
        states[name] = draw(_state(depth, name, following, [*names, end]))
    return {"StartAt": names[0], "States": states}


@st.composite
def _state(draw, depth, name, following, names):
    kinds = ["Pass", "Task", "Wait", "Choice", "Loop"] + ["Parallel", "Map"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    go_on = {"Next": following}
    if kind == "Pass":
        return {"Type": "Pass", **go_on}
    if kind == "Wait":
        return {"Type": "Wait", "Seconds": draw(st.integers(0, 99)), **go_on}
    if kind in {"Choice", "Loop"}:
        back = draw(st.sampled_from(names))
        rule = {"Variable": "$[0]", "NumericEquals": draw(st.integers(0, 2)), "Next": back}
        return {"Type": "Choice", "Choices": [rule], "Default": following}
    work = {"Retry": draw(retriers()), **go_on}
    if draw(st.booleans()):
        work["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": following, "ResultPath": None}]
    if kind == "Task":
        made = task(ResultPath=None, **work)
        del made["End"]
        return made
    if kind == "Parallel":
        count = draw(st.integers(1, 3))
        branches = [draw(machines(depth - 1, f"{name}b{at}")) for at in range(count)]
        return {"Type": "Parallel", "Branches": branches, "ResultPath": None, **work}
    inner = draw(machines(depth - 1, f"{name}i"))
    return {
        "Type": "Map",
        "ItemProcessor": inner,
        "MaxConcurrency": draw(st.integers(0, 2)),
        "ResultPath": None,
        **work,
    }


def play(definition, fates, *, through_json=False, redrives=0):
    """Play an execution to its end and return its run, its history and all commands."""
    made = program(definition)
    run = begin(made, [[0, [1]], [1], [[2], 3]], FACTS._replace(most_events=MOST_EVENTS))
    left = [(Started, {})]
    events, commands, now, number = [], [], 1_000_000, 0
    while left or (redrives and run.status is Status.FAILED):
        if not left:
            left, fates, redrives = [(Redriven, {})], [None], redrives - 1
        number += 1
        kind, values = left.pop(0)
        history, answers = step(made, run, kind(now=now, seed=number.to_bytes(16, "big"), **values))
        now += 1000
        if through_json:
            run = read_run(json.loads(json.dumps(run.as_json())))
        events += history
        commands += answers
        for one in answers:
            if isinstance(one, Continue):
                left.append((Continued, {}))
            elif isinstance(one, StartTimer):
                left.append((TimerFired, {"key": one.key, "attempt": one.attempt}))
            elif isinstance(one, Invoke):
                left.append(_answer(one, fates))
    return run, events, commands


def _answer(invoke, fates):
    at = {"key": invoke.key, "attempt": invoke.attempt}
    fate = fates[(sum(map(ord, invoke.key)) * 7 - invoke.attempt) % len(fates)]
    if fate is None:
        return TaskSucceeded, at | {"output": [invoke.attempt]}
    if fate == "States.Timeout":
        return TaskTimedOut, at
    return TaskFailed, at | {"error": fate, "cause": "random"}


FATES = st.lists(st.none() | st.sampled_from(ERRORS), min_size=3, max_size=9)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@QUICK
@given(machines(), FATES)
def test_machines_end_within_their_bounds_and_survive_json(definition, fates):
    run, events, commands = play(definition, fates)
    assert run.status in {Status.SUCCEEDED, Status.FAILED}
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert len(events) <= MOST_EVENTS
    assert all(event.previous < event.id for event in events)
    assert not run.waiting
    assert not run.ready
    _retries_stay_within_their_limits(definition, commands)

    again, *same = play(definition, fates, through_json=True)
    assert same == [events, commands]
    assert again.as_json() == run.as_json()


@QUICK
@given(machines(), FATES)
def test_redriven_machines_end_too(definition, fates):
    run, events, _ = play(definition, fates, redrives=2)
    assert run.status in {Status.SUCCEEDED, Status.FAILED}
    assert [event.id for event in events] == list(range(1, len(events) + 1))


def _retries_stay_within_their_limits(definition, commands):
    allowed = dict(_allowed(definition))
    for one in commands:
        if isinstance(one, Invoke):
            assert one.attempt <= 1 + allowed[one.state]
    sent = [(one.key, one.attempt) for one in commands if isinstance(one, Invoke)]
    assert len(sent) == len(set(sent))


def _allowed(definition):
    for name, state in definition["States"].items():
        yield name, sum(one["MaxAttempts"] for one in state.get("Retry", ()))
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor")):
            if inner:
                yield from _allowed(inner)
