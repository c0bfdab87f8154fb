"""What an execution has come to: of whole executions, of states that were tried again, with and without an outlook."""

from frontdesk.rules.asl.messages import (
    Invoke,
    Redriven,
    StartTimer,
    Stopped,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from frontdesk.rules.asl.outlook import outlook
from frontdesk.rules.asl.progress import progress
from frontdesk.rules.asl.run import Status
from tests.rules.asl.machines import Played, machine, task

RETRY = {"Retry": [{"ErrorEquals": ["Busy"]}]}
END = {"Type": "Succeed"}


def go_back(to, path):
    rule = {"Variable": path, "IsPresent": True, "Next": to}
    return {"Type": "Choice", "Choices": [rule], "Default": "End"}


def outcomes(seen):
    return [(one.stay.state, str(one.outcome), one.current) for one in seen.visits]


def both_ways(played):
    """The progress from the history alone, and with the outlook."""
    timers = {one.key: one.at for one in played.of(StartTimer)}
    known = outlook(played.program, played.run, timers)
    return progress(played.events), progress(played.events, known)


def test_an_end_is_told_with_its_error_and_its_time():
    played = Played(machine(Do=task()))
    assert (progress(played.events).status, progress(played.events).ended) == (Status.RUNNING, None)
    played.now += 500
    played.answer(played.invoke, TaskFailed, error="Down")
    seen = progress(played.events)
    assert (seen.status, seen.error, seen.ended - seen.began) == (Status.FAILED, "Down", 500)


def test_what_was_not_left_at_a_stop_is_aborted():
    played = Played(machine(Do=task(**RETRY)))
    played.tell(Stopped)
    assert outcomes(progress(played.events)) == [("Do", "aborted", True)]


def test_what_was_to_be_tried_again_at_a_stop_is_aborted_and_not_failed():
    played = Played(machine(Do=task(**RETRY)))
    played.answer(played.invoke, TaskFailed, error="Busy")
    played.tell(Stopped)
    assert outcomes(progress(played.events)) == [("Do", "aborted", True)]


def test_branches_of_a_parallel_that_waits_for_its_retry_are_over():
    branches = [machine(A=task()), machine(B=task())]
    played = Played(machine(Both={"Type": "Parallel", "Branches": branches, "End": True} | RETRY))
    played.answer(played.invoke, TaskFailed, error="Busy")
    by_history, known = both_ways(played)
    assert outcomes(by_history)[0] == ("Both", "running", True)
    assert outcomes(known) == [
        ("Both", "retrying", True),
        ("A", "aborted", True),
        ("B", "failed", True),
    ]
    assert known.visits[0].expected.until is not None


def test_a_later_visit_takes_the_place_of_an_earlier_one():
    do = {"Type": "Task", "Resource": task()["Resource"], "Next": "Again"}
    played = Played(machine(Do=do, Again=go_back("Do", "$.a"), End=END))
    played.answer(played.invoke, TaskSucceeded, output={"a": 1})
    assert outcomes(both_ways(played)[1]) == [
        ("Do", "succeeded", False),
        ("Again", "succeeded", True),
        ("Do", "running", True),
    ]


def test_iterations_of_a_former_visit_are_not_current():
    each = {"Type": "Map", "ItemProcessor": machine(Each=task()), "Next": "Again"}
    played = Played(machine(Map=each, Again=go_back("Map", "$[0]"), End=END), [1])
    played.answer(played.of(Invoke)[0], TaskSucceeded, output=1)
    seen = [one for one in progress(played.events).visits if one.stay.state == "Each"]
    assert [(str(one.outcome), one.current) for one in seen] == [
        ("succeeded", False),
        ("running", True),
    ]


def test_an_outlook_that_is_older_than_the_history_leaves_states_running():
    played = Played(machine(Wait={"Type": "Wait", "Seconds": 1, "Next": "Do"}, Do=task()))
    old = outlook(played.program, played.run, {})
    played.now += 1000
    played.answer(played.timer, TimerFired)
    assert outcomes(progress(played.events, old)) == [
        ("Wait", "succeeded", True),
        ("Do", "running", True),
    ]


def both(**fields):
    """A Parallel of two tasks."""
    branches = [machine(A=task()), machine(B=task())]
    return {"Type": "Parallel", "Branches": branches, "Next": "C"} | fields


def test_branches_of_a_former_attempt_are_over_and_not_current():
    played = Played(machine(Both=both(**RETRY), C=task()))
    played.answer(played.invoke, TaskFailed, error="Busy")
    played.answer(played.timer, TimerFired)
    assert outcomes(progress(played.events)) == [
        ("Both", "running", True),
        ("A", "aborted", False),
        ("B", "failed", False),
        ("A", "running", True),
        ("B", "running", True),
    ]


def test_branches_are_over_when_the_error_of_one_was_caught():
    caught = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C"}]}
    played = Played(machine(Both=both(**caught), C=task()))
    played.answer(played.invoke, TaskFailed, error="Busy")
    assert outcomes(progress(played.events)) == [
        ("Both", "caught", True),
        ("A", "aborted", True),
        ("B", "failed", True),
        ("C", "running", True),
    ]


def test_what_a_redrive_goes_on_with_keeps_its_former_outcome():
    played = Played(machine(Both=both(), C=task()))
    played.answer(played.invoke, TaskFailed, error="Busy")
    played.tell(Redriven)
    assert outcomes(both_ways(played)[1]) == [
        ("Both", "running", True),
        ("A", "aborted", False),
        ("B", "failed", False),
        ("A", "running", True),
        ("B", "running", True),
    ]


def test_a_map_that_tries_again_leaves_what_is_around_it_running():
    each = {"Type": "Map", "ItemProcessor": machine(Each=task()), "End": True} | RETRY
    around = {"Type": "Parallel", "Branches": [machine(Map=each)], "End": True}
    played = Played(machine(Around=around), [1])
    played.answer(played.invoke, TaskFailed, error="Busy")
    assert outcomes(progress(played.events))[:2] == [
        ("Around", "running", True),
        ("Map", "retrying", True),
    ]
