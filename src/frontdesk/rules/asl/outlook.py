"""Owns what a running execution waits for, until when, and what comes after that.

Knows neither who keeps the timers nor how it is shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from frontdesk.rules.asl.model import State, StepState, TaskState, WorkState
from frontdesk.rules.asl.program import Program
from frontdesk.rules.asl.resources import Kind, read_resource
from frontdesk.rules.asl.run import Phase, Run, Status, Strand


class Awaited(StrEnum):
    """What a state waits for."""

    ACTIVITY = "activity"
    """A worker that takes the task, or has taken it."""
    CHILDREN = "children"
    """Its branches, iterations or child executions."""
    ITEMS = "items"
    """The items of a distributed Map."""
    JOB = "job"
    """The end of a job that was submitted (`.sync`)."""
    RESULTS = "results"
    """That the results of a distributed Map are written."""
    RETRY = "retry"
    """The next attempt."""
    TASK = "task"
    """The answer of its task."""
    TIMER = "timer"
    """The end of a Wait."""
    TOKEN = "token"  # noqa: S105 - a word, no secret
    """That somebody answers by the token (`.waitForTaskToken`)."""
    TURN = "turn"
    """Nothing: it goes on at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One state that an execution is in.

    since: when it was entered, until: when it goes on, or gives up on a task, at the latest; None: it has
    no bound. Both are milliseconds since 1970. attempt: the one that runs, or is waited for; most_attempts:
    how many there can be. next: the state after it where it succeeds; None: its machine ends. within:
    (state, index of the branch or item) of each Parallel and Map around it, outer ones first. ended, total:
    how many of its branches, iterations or children.
    """

    state: str
    awaited: Awaited
    since: int
    until: int | None = None
    attempt: int = 1
    most_attempts: int = 1
    next: str | None = None
    within: tuple[tuple[str, int], ...] = ()
    ended: int = 0
    total: int = 0


_AWAITED: Final = {
    Phase.READING: Awaited.ITEMS,
    Phase.READY: Awaited.TURN,
    Phase.RETRYING: Awaited.RETRY,
    Phase.SPREAD: Awaited.CHILDREN,
    Phase.WAITING: Awaited.TIMER,
    Phase.WRITING: Awaited.RESULTS,
}
"""Phases of strands that wait; WORKING depends on the task, and the others wait for nothing any more."""

_SUBMITTED: Final = {
    "sync": Awaited.JOB,
    "sync:2": Awaited.JOB,
    "waitForTaskToken": Awaited.TOKEN,
}


def outlook(program: Program, run: Run, timers: Mapping[str, int]) -> list[Expected]:
    """List the states that an execution is in, outer ones first; none once it has ended.

    timers: milliseconds since 1970 by key: of a `StartTimer` when it fires, of an `Invoke` when the attempt
    is given up, by its timeout or its heartbeat, whichever is first.
    """
    if run.status is not Status.RUNNING:
        return []
    return list(_expected(program, run, timers))


def _expected(program: Program, run: Run, timers: Mapping[str, int]) -> Iterator[Expected]:
    for strand in run.strands.values():
        state = program.states[strand.state]
        awaited = _AWAITED.get(strand.phase)
        if strand.phase is Phase.WORKING:
            awaited = _of_task(state, strand)
        if awaited is None:
            continue
        results = strand.spread.get("results", ())
        entered = strand.phase is not Phase.READY
        yield Expected(
            state=strand.state,
            awaited=awaited,
            since=strand.entered_at,
            until=timers.get(f"{run.facts.execution}:{strand.state}:{strand.entry}")
            if entered
            else None,
            attempt=strand.attempt if entered else 1,
            most_attempts=_most_attempts(state),
            next=state.next if isinstance(state, StepState) else None,
            within=tuple(_around(run, strand)),
            ended=len(results) - strand.spread.get("left", 0),
            total=len(results),
        )


def _of_task(state: State, strand: Strand) -> Awaited:
    resource = read_resource(state.resource) if isinstance(state, TaskState) else None
    if resource is not None and resource.kind is Kind.ACTIVITY:
        return Awaited.ACTIVITY
    if resource is not None and strand.submitted:
        return _SUBMITTED[resource.pattern]
    return Awaited.TASK


def _most_attempts(state: State) -> int:
    if not isinstance(state, WorkState):
        return 1
    return 1 + sum(retrier.max_attempts for retrier in state.retry)


def _around(run: Run, strand: Strand) -> Iterator[tuple[str, int]]:
    if strand.parent is not None:
        parent = run.strands[strand.parent]
        yield from _around(run, parent)
        yield parent.state, strand.index
