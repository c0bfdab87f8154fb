"""Owns how an execution goes on: `begin` makes a run, `step` takes one event and returns commands. Pure.

Time, randomness and the answers of tasks come in with events; a run is plain data (see `run`). After
every step the caller commits the run together with the history that it made, and only then does what the
commands ask for. An event for what is over, or for a former attempt, changes nothing.

    step: event -> strands that may go on -> each into its state, until all wait or MOST_MOVES is reached
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.messages import (
    Broken,
    Continue,
    Event,
    KeyedEvent,
    Redriven,
    Started,
    StartTimer,
    Step,
    Stopped,
    TimerFired,
)
from frontdesk.rules.asl.model import (
    ChoiceState,
    FailState,
    Json,
    MapState,
    ParallelState,
    PassState,
    State,
    SucceedState,
    TaskState,
    WaitState,
    WorkState,
)
from frontdesk.rules.asl.program import Program
from frontdesk.rules.asl.run import Facts, Phase, Run, Status, Strand, open_strand
from frontdesk.rules.asl.states import choice, fail, map_, parallel, pass_, succeed, task, wait
from frontdesk.rules.asl.turn import TIMED, HistoryFullError, Turn

MOST_MOVES: Final = 500
"""States that one step enters; a longer chain goes on with `Continued`."""

_WORK: Final[dict[type[State], Callable[[Turn, Strand, Any], None]]] = {
    ChoiceState: choice.work,
    FailState: fail.work,
    MapState: map_.work,
    ParallelState: parallel.work,
    PassState: pass_.work,
    SucceedState: succeed.work,
    TaskState: task.work,
    WaitState: wait.work,
}
"""What a state does when it is entered, and again at every retry."""

_ENTERED: Final = {kind: f"{kind.__name__}Entered" for kind in _WORK}

_ANSWERED: Final[dict[type[State], Callable[[Turn, Strand, Any, Any], None]]] = {
    MapState: map_.answered,
    TaskState: task.answered,
}
"""What a state does with an answer that it waits for."""

_GATHER: Final[dict[type[State], Callable[[Turn, Strand, Any, Strand, Any], None]]] = {
    MapState: map_.gather,
    ParallelState: parallel.gather,
}
"""What a state does when a strand within it has ended."""


def begin(
    program: Program, given: Json, facts: Facts, *, variables: Mapping[str, Json] | None = None
) -> Run:
    """Make a run that waits for `Started`.

    given: the input of the execution. variables: those that exist before the first state.
    """
    run = Run(facts=facts, input=given)
    root = open_strand(run, None, 0, program.machine.start_at, given)
    root.variables.update(variables or {})
    return run


def step(program: Program, run: Run, event: Event) -> Step:
    """Take one event into a run, which is changed; return what it has led to."""
    turn = Turn(program, run, event)
    play(turn, event)
    return Step(turn.history, turn.commands)


def play(turn: Turn, event: Event) -> None:
    """Take one event into the run of a turn that has just been made for it."""
    try:
        _take(turn, event)
        _go_on(turn)
    except HistoryFullError:
        cause = f"The execution reached the maximum number of history events ({turn.run.facts.most_events})."
        turn.finish(Status.FAILED, turn.run.events, Failure(RUNTIME, cause))


def _take(turn: Turn, event: Event) -> None:
    run = turn.run
    if isinstance(event, Started):
        _start(turn)
    elif isinstance(event, Redriven):
        _redrive(turn)
    elif run.status is not Status.RUNNING:
        return
    elif isinstance(event, Stopped):
        turn.finish(Status.ABORTED, 0, Failure(event.error, event.cause))
    elif isinstance(event, Broken):
        turn.finish(Status.FAILED, 0, Failure(RUNTIME, event.cause))
    elif isinstance(event, KeyedEvent):
        _take_keyed(turn, event)


def _start(turn: Turn) -> None:
    run = turn.run
    run.started = turn.now
    root = run.strands[run.ready[0]]
    details = {"input": run.input, "roleArn": run.facts.role}
    turn.emit(root, "ExecutionStarted", details, follow=False)
    _watch(turn)


def _watch(turn: Turn) -> None:
    """Start the clock of the whole execution."""
    seconds = turn.program.machine.timeout_seconds
    if seconds is not None:
        run = turn.run
        at = turn.now + seconds * 1000
        turn.commands.append(StartTimer(key=run.facts.execution, attempt=run.redrives, at=at))


def _take_keyed(turn: Turn, event: KeyedEvent) -> None:
    run = turn.run
    if event.key == run.facts.execution:
        if isinstance(event, TimerFired) and event.attempt == run.redrives:
            turn.finish(Status.TIMED_OUT, 0, Failure(None, None))
        return
    strand = _waiting(turn, event)
    if strand is None:
        return
    state = turn.state_of(strand)
    if not isinstance(event, TimerFired):
        _guarded(_ANSWERED[type(state)], turn, strand, state, event)
        return
    del run.waiting[strand.entry]
    if strand.phase is Phase.RETRYING:
        _guarded(_WORK[type(state)], turn, strand, state)
    elif isinstance(state, WaitState):
        _guarded(wait.over, turn, strand, state)


def _waiting(turn: Turn, event: KeyedEvent) -> Strand | None:
    """Return the strand that waits for an event, None where nobody does any more."""
    entry = event.key.rpartition(":")[2]
    found = turn.run.waiting.get(int(entry)) if entry.isdecimal() else None
    if found is None:
        return None
    strand = turn.run.strands[found]
    if turn.key(strand) != event.key or strand.attempt != event.attempt:
        return None
    return strand if (strand.phase in TIMED) is isinstance(event, TimerFired) else None


def _go_on(turn: Turn) -> None:
    """Move strands until all of them wait."""
    run = turn.run
    moves = 0
    while True:
        if turn.ended:
            _end(turn, *turn.ended.pop(0))
        elif not run.ready:
            return
        elif moves == MOST_MOVES:
            turn.commands.append(Continue())
            return
        else:
            moves += 1
            _enter(turn, run.strands[run.ready.pop(0)])


def _enter(turn: Turn, strand: Strand) -> None:
    state = turn.state_of(strand)
    turn.run.entries += 1
    strand.entry = turn.run.entries
    strand.entered_at = turn.now
    strand.before = strand.last
    strand.attempt = 1
    strand.token = ""
    strand.retries = [0] * len(state.retry) if isinstance(state, WorkState) else []
    details = {"name": state.name, "input": strand.input}
    strand.entered = turn.emit(strand, _ENTERED[type(state)], details)
    _guarded(_WORK[type(state)], turn, strand, state)


def _guarded(
    work: Callable[..., None], turn: Turn, strand: Strand, state: State, *values: Any
) -> None:
    """Do a state's work, whose data may be at fault. values: what it takes beside the three."""
    try:
        work(turn, strand, state, *values)
    except StateError as error:
        turn.refuse(strand, state, error)


def _end(turn: Turn, strand: Strand, outcome: Json | Failure) -> None:
    """Hand what a strand has ended with to the state that it runs in, or end the execution."""
    if strand.parent is None:
        status = Status.FAILED if isinstance(outcome, Failure) else Status.SUCCEEDED
        turn.finish(status, strand.last, outcome)
        return
    parent = turn.run.strands[strand.parent]
    state = turn.state_of(parent)
    _guarded(_GATHER[type(state)], turn, parent, state, strand, outcome)


def _redrive(turn: Turn) -> None:
    """Go on at the states that failed or were given up; what had succeeded within others stays done."""
    run = turn.run
    if run.status in {Status.RUNNING, Status.SUCCEEDED}:
        return
    run.status = Status.RUNNING
    run.error = run.cause = None
    run.redrives += 1
    run.redriven = turn.now
    _watch(turn)
    root = next(iter(run.strands.values()))
    # Differs: [redrive-events] a state that is redriven is entered again, with an event that says so
    event = turn.emit(root, "ExecutionRedriven", {"redriveCount": run.redrives}, after=0)
    parents = {strand.parent for strand in run.strands.values()}
    for strand in run.strands.values():
        strand.last = event
        if strand.id in parents:
            strand.phase = Phase.SPREAD
        else:
            strand.phase = Phase.READY
            # Differs: [redrive-map] a redriven distributed Map runs all of its children again
            strand.spread = {}
            run.ready.append(strand.id)
