"""The spans of executions: one of each attempt, below what it was within; the same whoever goes on."""

import pytest

from frontdesk.asl import TaskError, run_local
from frontdesk.durable.executions.tracing import ExecutionSpans, attempt_span, within_attempt
from frontdesk.rules.asl.messages import Redriven, TaskFailed, TaskSucceeded
from frontdesk.rules.http.trace_context import read_recorded
from tests.rules.asl.machines import FACTS, Played, machine, task

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


class Recording:
    """Spans as they are recorded, and the tree that they make."""

    def __init__(self):
        self.spans = []
        self.now = self.begin()

    def begin(self):
        return ExecutionSpans(self.spans.append, read_recorded(TRACE), FACTS)

    def lines(self, parent="53995c3f42cd8ad8", depth=0):
        below = [span for span in self.spans if span.parent_id == parent]
        for span in sorted(below, key=lambda span: span.start):
            yield "  " * depth + f"{span.name} {span.error}".rstrip()
            yield from self.lines(span.span_id, depth + 1)


@pytest.fixture
def recording():
    return Recording()


def busy_once():
    calls = []

    def work(_given):
        calls.append(1)
        if len(calls) == 1:
            raise TaskError("Busy")
        return {}

    return work


def refuse(_given):
    raise TaskError("Refused")


RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}]
BRANCHES = [
    machine(Good=task(Retry=RETRY)),
    machine(Rest={"Type": "Wait", "Seconds": 9, "End": True}),
]
MACHINES = {
    "retried": (machine(Do=task(Retry=RETRY)), busy_once, ["Do Busy", "Do"], ""),
    "caught": (
        machine(
            Do=task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Mend"}]),
            Mend={"Type": "Pass", "End": True},
        ),
        lambda: refuse,
        ["Do Refused", "Mend"],
        "",
    ),
    "within a Parallel": (
        machine(All={"Type": "Parallel", "Branches": BRANCHES, "End": True}),
        busy_once,
        ["All", "  Good Busy", "  Rest", "  Good"],
        "",
    ),
    "given up": (
        machine(All={"Type": "Parallel", "Branches": BRANCHES, "End": True}),
        lambda: refuse,
        ["All Refused", "  Good Refused", "  Rest aborted"],
        " Refused",
    ),
    "a Fail": (machine(No={"Type": "Fail", "Error": "No"}), busy_once, ["No No"], " No"),
}


@pytest.mark.parametrize(
    ("definition", "function", "below", "error"), MACHINES.values(), ids=MACHINES
)
def test_each_attempt_of_a_state_is_a_span_below_what_it_is_within(
    recording, definition, function, below, error
):
    events = run_local(definition, {}, {"f": function()}).events
    recording.now.saw(events[0].at, events)
    assert sorted(recording.lines()) == sorted(
        [f"execution m{error}", *(f"  {line}" for line in below)]
    )
    assert all(span.start <= span.end for span in recording.spans)


def test_whoever_goes_on_after_a_restart_records_what_is_left(recording):
    definition, function, *_ = MACHINES["within a Parallel"]
    events = run_local(definition, {}, {"f": function()}).events
    recording.now.saw(events[0].at, events)
    for at in range(len(events) + 1):
        both = Recording()
        both.now.saw(events[0].at, events[:at])
        after = both.begin()
        after.recall(events[:at])
        after.saw(events[0].at, events[at:])
        assert both.spans == recording.spans


def test_what_an_attempt_calls_is_told_of_its_span(recording):
    run = Played(machine(First={"Type": "Pass", "Next": "Do"}, Do=task()))
    told = read_recorded(within_attempt(TRACE, run.invoke.key, run.invoke.attempt))
    run.answer(run.invoke, TaskSucceeded, output={})
    recording.now.saw(run.run.started, run.events)
    (span,) = [span for span in recording.spans if span.name == "Do"]
    assert told.span_id == span.span_id == attempt_span(run.invoke.key, 1)
    assert told.trace_id == span.trace_id


@pytest.mark.parametrize("trace", ["", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"])
def test_a_trace_that_is_not_sampled_is_handed_on_as_it_is(trace):
    assert within_attempt(trace, "key", 1) == trace


def test_a_redrive_is_a_span_of_the_whole_of_its_own(recording):
    run = Played(machine(Do=task()))
    run.answer(run.invoke, TaskFailed, error="Away")
    run.now += 60_000
    run.tell(Redriven)
    run.answer(run.invoke, TaskSucceeded, output={})
    recording.now.saw(run.run.started, run.events)
    assert list(recording.lines()) == ["execution m Away", "  Do Away", "execution m", "  Do"]
    last = recording.spans[-1]
    assert (last.end - last.start, last.attributes["frontdesk.execution.redrives"]) == (0, 1)
