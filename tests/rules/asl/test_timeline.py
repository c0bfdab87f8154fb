"""What a history says of each stay in a state."""

from frontdesk.asl import After, TaskError, run_local
from frontdesk.rules.asl.messages import Invoke, Redriven, TaskFailed, TaskSucceeded, TimerFired
from frontdesk.rules.asl.timeline import timeline
from tests.rules.asl.machines import Played, machine, task


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


def told(played):
    return [
        (one.state, one.within and one.within.state, one.attempt, one.failing, one.left is not None)
        for one in timeline(played.events)
    ]


def test_stays_know_what_they_are_within_and_in_which_attempt_of_it():
    first = {"Type": "Task", "Resource": task()["Resource"], "Next": "C"}
    branches = [machine(A=task()), machine(B=first, C=task())]
    retry = {"Retry": [{"ErrorEquals": ["Busy"]}]}
    played = Played(machine(Both={"Type": "Parallel", "Branches": branches, "End": True} | retry))
    played.answer(played.of(Invoke)[1], TaskSucceeded, output=1)
    played.answer(played.of(Invoke)[0], TaskFailed, error="Busy")
    played.answer(played.timer, TimerFired)
    assert told(played) == [
        ("Both", None, 0, False, False),
        ("A", "Both", 1, True, False),
        ("B", "Both", 1, False, True),
        ("C", "Both", 1, False, False),
        ("A", "Both", 2, False, False),
        ("B", "Both", 2, False, False),
    ]
    lines = [one.line for one in timeline(played.events)]
    assert lines[2] == lines[3]
    assert len(set(lines)) == 5


def test_a_caught_error_leaves_a_state_that_was_failing():
    branch = machine(A=task())
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]}
    played = Played(machine(Both={"Type": "Parallel", "Branches": [branch], "Next": "C"} | caught, C={"Type": "Succeed"}))  # fmt: skip
    played.answer(played.invoke, TaskFailed, error="Down")
    assert told(played) == [
        ("Both", None, 0, True, True),
        ("A", "Both", 1, True, False),
        ("C", None, 0, False, True),
    ]


def test_iterations_are_counted_for_the_attempt_that_is_made():
    played = Played(machine(Map={"Type": "Map", "ItemProcessor": machine(Each=task()), "Retry": [{"ErrorEquals": ["Busy"]}], "End": True}), [1, 2, 3])  # fmt: skip
    first, second, _ = played.of(Invoke)
    played.answer(first, TaskSucceeded, output=1)
    played.answer(second, TaskFailed, error="Busy")
    (stay, *_) = timeline(played.events)
    assert (stay.items, stay.succeeded, stay.failed) == (3, 1, 1)
    played.answer(played.timer, TimerFired)
    (stay, *_) = timeline(played.events)
    assert (stay.attempts, stay.items, stay.succeeded, stay.failed) == (2, 3, 0, 0)


def test_maps_of_one_name_side_by_side_keep_their_own_iterations():
    inner = {"Type": "Map", "ItemProcessor": machine(Each=task()), "End": True}
    outer = {"Type": "Map", "ItemProcessor": machine(Inner=inner), "End": True}
    played = Played(machine(Outer=outer), [[1, 2], [3]])
    for invoke in reversed(played.of(Invoke)):
        played.answer(invoke, TaskSucceeded, output=1)
    stays = timeline(played.events)
    assert [(one.state, one.items, one.succeeded) for one in stays if one.type == "Map"] == [
        ("Outer", 2, 2),
        ("Inner", 2, 2),
        ("Inner", 1, 1),
    ]
    assert all(one.left is not None for one in stays)


def test_a_redrive_goes_on_in_the_place_of_what_failed():
    branches = [machine(A=task()), machine(B=task())]
    played = Played(machine(Both={"Type": "Parallel", "Branches": branches, "End": True}))
    played.answer(played.of(Invoke)[0], TaskSucceeded, output=1)
    played.answer(played.of(Invoke)[1], TaskFailed, error="Down")
    played.tell(Redriven)
    stays = timeline(played.events)
    assert told(played) == [
        ("Both", None, 0, False, False),
        ("A", "Both", 1, False, True),
        ("B", "Both", 1, True, False),
        ("B", "Both", 1, False, False),
    ]
    assert [one.resumed for one in stays] == [False, False, True, False]
    assert stays[2].line == stays[3].line
    played.answer(played.invoke, TaskSucceeded, output=1)
    both, *_, again = timeline(played.events)
    assert both.left is not None
    assert again.left is not None


def test_a_state_that_fails_without_an_event_of_its_own_is_told_by_the_end():
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, "Next": "End"}]}
    branch = machine(Which=choice, End={"Type": "Succeed"})
    played = Played(machine(Both={"Type": "Parallel", "Branches": [branch], "End": True}))
    assert told(played) == [("Both", None, 0, True, False), ("Which", "Both", 1, True, False)]


def test_each_attempt_has_its_time_and_its_error():
    def busy(given):
        if not given:
            given.append(1)
            raise TaskError("Busy")
        return After(10, "done")

    given = []
    definition = machine(Do=task(Retry=[{"ErrorEquals": ["Busy"]}]))
    run = run_local(definition, {}, {"f": lambda _: busy(given)})
    (stay,) = timeline(run.events)
    began = run.events[0].at
    assert [((one.began - began) // 1000, (one.ended - began) // 1000, one.error) for one in stay.tried] == [
        (0, 0, "Busy"),
        (1, 11, ""),
    ]  # fmt: skip
    assert stay.events == [event.id for event in run.events[1:-1]]
