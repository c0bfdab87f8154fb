"""Steps that are replayed: the same history, or the first event that is another one."""

import json

import pytest

from frontdesk.durable.executions.codec import write_event, write_history
from frontdesk.durable.executions.comparison import Comparison
from frontdesk.durable.executions.pinned import Pinned
from frontdesk.rules.asl.interpreter import begin, step
from frontdesk.rules.asl.messages import Invoke, Started, TaskFailed, TaskSucceeded
from tests.rules.asl.machines import FACTS, machine, program, task

DEFINITION = machine(
    Do=task(Retry=[{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL", "IntervalSeconds": 1}]),
)
PINNED = Pinned(digest="d", facts=FACTS, given={"order": 7})


def recorded(*answers):
    """Steps as the journal has them: a start, then answers to the task that was asked for last."""
    made, steps, invoke = program(DEFINITION), [], None
    run = begin(made, PINNED.given, FACTS)
    for number, (kind, values) in enumerate([(Started, {}), *answers]):
        keyed = {} if invoke is None else {"key": invoke.key, "attempt": invoke.attempt}
        event = kind(now=1_000_000 + number, seed=bytes([number] * 16), **keyed, **values)
        history, commands = step(made, run, event)
        invoke = next((one for one in commands if isinstance(one, Invoke)), invoke)
        out = [write_history(one) for one in history]
        steps.append(json.loads(json.dumps({"in": write_event(event), "out": out})))
    return steps


def compared(steps, definition=DEFINITION):
    comparison = Comparison(program(definition), PINNED)
    differences = [comparison.take(one) for one in steps]
    return comparison, differences


def test_the_same_interpreter_makes_the_same_history():
    comparison, differences = compared(recorded((TaskSucceeded, {"output": {"a": [1.0, "é"]}})))
    assert differences == [None, None]
    assert comparison.events == 7


def test_a_retry_is_replayed_from_its_seed():
    _, differences = compared(recorded((TaskFailed, {"error": "Busy"})))
    assert differences == [None, None]


@pytest.mark.parametrize(
    ("spoil", "recorded_type", "replayed_type"),
    [
        (lambda out: out[1][4].update(output=2), "TaskStateExited", "TaskStateExited"),
        (lambda out: out.pop(), None, "ExecutionSucceeded"),
        (lambda out: out.append([9, 8, 1, "WaitStateAborted", {}]), "WaitStateAborted", None),
        (
            lambda out: out[0].__setitem__(2, 5),
            "LambdaFunctionSucceeded",
            "LambdaFunctionSucceeded",
        ),
    ],
    ids=["details", "an event less", "an event more", "time"],
)
def test_the_first_difference_is_told_with_both_events(spoil, recorded_type, replayed_type):
    steps = recorded((TaskSucceeded, {"output": 1}))
    spoil(steps[1]["out"])
    _, (_, different) = compared(steps)
    types = [one and one.type for one in (different.recorded, different.replayed)]
    assert types == [recorded_type, replayed_type]


def test_another_definition_gives_another_history():
    _, differences = compared(recorded((TaskFailed, {"error": "Busy"})), machine(Do=task()))
    assert differences[0] is None
    assert (differences[1].recorded, differences[1].replayed.type) == (None, "ExecutionFailed")


def test_an_interpreter_that_gives_up_says_why():
    steps = recorded()
    steps[0]["in"]["type"] = "Unheard"
    _, (different,) = compared(steps)
    assert (different.recorded.type, different.replayed) == ("ExecutionStarted", None)
    assert different.fault == "KeyError('Unheard')"
