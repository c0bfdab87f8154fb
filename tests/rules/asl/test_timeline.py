"""What a history says of each stay in a state."""

from frontdesk.asl import After, TaskError, run_local
from frontdesk.rules.asl.timeline import timeline
from tests.rules.asl.machines import machine, task


def stays(definition, given=None, **tasks):
    run = run_local(definition, given, tasks)
    began = run.events[0].at
    return [
        (
            one.state,
            one.type,
            (one.entered - began) // 1000,
            None if one.left is None else (one.left - began) // 1000,
            one.attempts,
            one.errors,
        )
        for one in timeline(run.events)
    ]


def test_attempts_errors_and_times_of_a_state():
    calls = []

    def busy(_given):
        calls.append(1)
        if len(calls) < 3:
            raise TaskError("Busy")
        return After(10, "done")

    definition = machine(
        Wait={"Type": "Wait", "Seconds": 5, "Next": "Do"},
        Do=task(Retry=[{"ErrorEquals": ["Busy"]}]),
    )
    assert stays(definition, f=busy) == [
        ("Wait", "Wait", 0, 5, 0, []),
        ("Do", "Task", 5, 18, 3, ["Busy", "Busy"]),
    ]


def test_a_state_that_failed_was_not_left():
    definition = machine(Do={"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $no %}", "End": True})  # fmt: skip
    assert stays(definition) == [("Do", "Pass", 0, None, 0, ["States.QueryEvaluationError"])]


def test_states_of_one_name_side_by_side():
    definition = machine(
        Map={"Type": "Map", "ItemProcessor": machine(Each=task()), "End": True},
    )
    assert stays(definition, [3, 1], f=lambda seconds: After(seconds, 0)) == [
        ("Map", "Map", 0, 3, 1, []),
        ("Each", "Task", 0, 3, 1, []),
        ("Each", "Task", 0, 1, 1, []),
    ]
