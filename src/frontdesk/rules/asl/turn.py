"""Owns what a state may do in one step: write history, wait, go on, fail, open strands and give them up.

States know a turn; a turn knows no type of state, only that some can retry and catch. Whatever a strand
ends with is put on `ended`, and the interpreter hands it to the parent's state.
"""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from frontdesk.rules.asl.data.errors import (
    DATA_LIMIT_EXCEEDED,
    QUERY_EVALUATION_ERROR,
    RUNTIME,
    StateError,
)
from frontdesk.rules.asl.data.flow import Conclusion, catch
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.asl.errors import Failure, catcher_for, delay, retrier_for
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.messages import (
    CancelTask,
    CancelTimer,
    Command,
    Event,
    Fail,
    Finish,
    StartTimer,
)
from frontdesk.rules.asl.model import (
    ChoiceState,
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
from frontdesk.rules.asl.run import Phase, Run, Status, Strand, open_strand
from frontdesk.rules.lang.chance import Chance

_ENDS: Final = {
    Status.SUCCEEDED: "ExecutionSucceeded",
    Status.FAILED: "ExecutionFailed",
    Status.TIMED_OUT: "ExecutionTimedOut",
    Status.ABORTED: "ExecutionAborted",
}

TIMED: Final = frozenset((Phase.WAITING, Phase.RETRYING))
"""What a timer ends."""

_OVER: Final = frozenset((Phase.FAILED, Phase.ABORTED))
_EXITED: Final[dict[type[State], str]] = {
    kind: f"{kind.__name__}Exited"
    for kind in (
        ChoiceState,
        MapState,
        ParallelState,
        PassState,
        SucceedState,
        TaskState,
        WaitState,
    )
}
_ABORTABLE: Final = frozenset(("TaskState", "WaitState", "ParallelState", "MapState"))


class HistoryFullError(Exception):
    """The history has room for the execution's last event only."""


class Turn:
    """One step of one run. now: milliseconds since 1970. ended: strands, with their output or failure."""

    __slots__ = ("chance", "commands", "ended", "history", "now", "program", "run")

    def __init__(self, program: Program, run: Run, event: Event) -> None:
        self.program = program
        self.run = run
        self.now = event.now
        self.chance = Chance(event.seed)
        self.history: list[HistoryEvent] = []
        self.commands: list[Command] = []
        self.ended: list[tuple[Strand, Json | Failure]] = []

    # What a state sees.

    def state_of(self, strand: Strand) -> State:
        """Return the state that a strand is in."""
        return self.program.states[strand.state]

    def key(self, strand: Strand) -> str:
        """Return the idempotency key of a strand's stay in its state."""
        return f"{self.run.facts.execution}:{strand.state}:{strand.entry}"

    def new_token(self, strand: Strand) -> str:
        """Make the token of this attempt. It names the execution and cannot be guessed."""
        text = f"{self.key(strand)}:{strand.attempt}:{self.chance.uuid()}"
        return urlsafe_b64encode(text.encode()).decode()

    def scope(self, strand: Strand, item: dict[str, Json] | None = None) -> Scope:
        """Return what a strand's state sees. item: of the Map that is about to start it."""
        variables: dict[str, Json] = strand.variables
        level = strand
        while True:
            if item is None:
                item = level.item
            if level.parent is None:
                break
            level = self.run.strands[level.parent]
            variables = {**level.variables, **variables}
        return Scope(lambda: self._context(strand, item), variables, self.now, self.chance)

    def _context(self, strand: Strand, item: dict[str, Json] | None) -> dict[str, Any]:
        run, facts = self.run, self.run.facts
        execution = {
            "Id": facts.execution,
            "Input": run.input,
            "StartTime": _iso(run.started),
            "Name": facts.name,
            "RoleArn": facts.role,
        }
        if not facts.express:
            execution["RedriveCount"] = run.redrives
        if run.redrives:
            execution["RedriveTime"] = _iso(run.redriven)
        state: dict[str, Any] = {"Name": strand.state, "EnteredTime": _iso(strand.entered_at)}
        if isinstance(self.state_of(strand), WorkState):
            state["RetryCount"] = strand.attempt - 1
        context = {
            "Execution": execution,
            "StateMachine": {"Id": facts.machine, "Name": facts.machine_name},
            "State": state,
        }
        if strand.token:
            context["Task"] = {"Token": strand.token}
        if item is not None:
            context["Map"] = {"Item": item}
        return context

    # History.

    def emit(
        self,
        strand: Strand,
        event_type: str,
        details: dict[str, Json] | None = None,
        *,
        after: int | None = None,
        follow: bool = True,
    ) -> int:
        """Write an event and return its id.

        after: its predecessor, where that is not the strand's last event. follow: whether the next
        event of the strand follows this one.
        """
        run = self.run
        number = run.events + 1
        if number >= run.facts.most_events:
            raise HistoryFullError
        run.events = number
        previous = strand.last if after is None else after
        self.history.append(HistoryEvent(number, previous, self.now, event_type, details or {}))
        if follow:
            strand.last = number
        return number

    def _emit_last(self, previous: int, status: Status, details: dict[str, Json]) -> None:
        self.run.events += 1
        self.history.append(
            HistoryEvent(self.run.events, previous, self.now, _ENDS[status], details)
        )

    # Waiting.

    def wait(self, strand: Strand, phase: Phase, command: Command) -> None:
        """Let a strand wait for the answer to a command."""
        strand.phase = phase
        self.run.waiting[strand.entry] = strand.id
        self.commands.append(command)

    def wait_until(self, strand: Strand, phase: Phase, at: int) -> None:
        """Let a strand wait for an instant."""
        key = self.key(strand)
        self.wait(strand, phase, StartTimer(key=key, attempt=strand.attempt, at=at))

    # Going on.

    def open(
        self, parent: Strand, index: int, start_at: str, given: Json, *, after: int | None = None
    ) -> Strand:
        """Begin a branch or an iteration. after: what its first event follows."""
        strand = open_strand(self.run, parent.id, index, start_at, given)
        strand.last = parent.last if after is None else after
        return strand

    def leave(
        self, strand: Strand, state: State, conclusion: Conclusion, following: str | None
    ) -> None:
        """Leave a state. following: the next one, None at the end of the strand's machine."""
        details: dict[str, Json] = {"name": state.name, "output": conclusion.output}
        if conclusion.assigned:
            details["assignedVariables"] = dict(conclusion.assigned)
        self.emit(strand, _EXITED[type(state)], details)
        strand.variables.update(conclusion.assigned)
        if following is None:
            self.ended.append((strand, conclusion.output))
            return
        strand.state = following
        strand.input = conclusion.output
        strand.phase = Phase.READY
        self.run.ready.append(strand.id)

    # Failing.

    def refuse(
        self, strand: Strand, state: State, error: StateError, *, after: int | None = None
    ) -> None:
        """Fail a state by an error in its own data. after: what `EvaluationFailed` follows."""
        self.give_up_within(strand)
        self.cancel(strand)
        failure = self._told(strand, state, error, strand.before if after is None else after)
        self.fail(strand, state, failure, told=error.name != RUNTIME)

    def _told(self, strand: Strand, state: State, error: StateError, before: int) -> Failure:
        """Put an error of a state's data in AWS's words, and write it down where AWS does."""
        cause = error.cause
        if error.name != DATA_LIMIT_EXCEEDED:
            cause = f"An error occurred while executing the state '{state.name}' (entered at the event id #{strand.entered}). {cause}"
        if error.name == QUERY_EVALUATION_ERROR:
            details = {"error": error.name, "cause": cause, "state": state.name}
            if error.location:
                details["location"] = error.location
            self.emit(strand, "EvaluationFailed", details, after=before)
        return Failure(error.name, cause)

    def fail(self, strand: Strand, state: State, failure: Failure, *, told: bool = True) -> None:
        """Let an error out of a state: to a retry, to a catcher, or out of the strand.

        told: whether a Parallel or a Map writes that it failed.
        """
        if not isinstance(state, WorkState):
            self._defeat(strand, failure)
        elif not self._retry(strand, state, failure):
            if told and isinstance(state, ParallelState | MapState):
                self.emit(strand, f"{type(state).__name__}Failed")
            if not self._catch(strand, state, failure):
                self._defeat(strand, failure)

    def _retry(self, strand: Strand, state: WorkState, failure: Failure) -> bool:
        at = retrier_for(state.retry, failure.error or "")
        if at is None or strand.retries[at] >= state.retry[at].max_attempts:
            return False
        strand.retries[at] += 1
        strand.attempt += 1
        self.forget_within(strand)
        wait = delay(state.retry[at], strand.retries[at], self.chance.fraction())
        self.wait_until(strand, Phase.RETRYING, self.now + wait)
        return True

    def _catch(self, strand: Strand, state: WorkState, failure: Failure) -> bool:
        catcher = catcher_for(state.catch, failure.error or "")
        if catcher is None:
            return False
        self.forget_within(strand)
        try:
            scope = self.scope(strand)
            conclusion = catch(state, catcher, strand.input, failure.output(), scope)
        except StateError as error:
            self._defeat(strand, self._told(strand, state, error, strand.before))
        else:
            self.leave(strand, state, conclusion, catcher.next)
        return True

    def _defeat(self, strand: Strand, failure: Failure) -> None:
        strand.phase = Phase.FAILED
        self.ended.append((strand, failure))

    # Giving up.

    def within(self, strand: Strand) -> list[Strand]:
        """Return the strands within a strand's state, at any depth, outer ones first."""
        found: list[Strand] = []
        parents = {strand.id}
        for other in self.run.strands.values():  # a parent is older than what is within it
            if other.parent in parents:
                parents.add(other.id)
                found.append(other)
        return found

    def give_up_within(self, strand: Strand) -> None:
        """Give up what still runs within a strand's state."""
        if not strand.spread:
            return
        for other in self.within(strand):
            if other.phase in _OVER:
                continue
            self._tell_aborted(strand, other)
            self._release(other)

    def _tell_aborted(self, strand: Strand, other: Strand) -> None:
        state = self.state_of(other)
        if other.phase is not Phase.READY and type(state).__name__ in _ABORTABLE:
            self.emit(strand, f"{type(state).__name__}Aborted", follow=False)
        if other.item is not None:
            name = self.run.strands[other.parent].state if other.parent else ""
            details = {"name": name, "index": other.index}
            self.emit(strand, "MapIterationAborted", details, follow=False)

    def _release(self, strand: Strand) -> None:
        self.cancel(strand)
        if strand.id in self.run.ready:
            self.run.ready.remove(strand.id)
        strand.phase = Phase.ABORTED

    def cancel(self, strand: Strand) -> None:
        """Let a strand wait no more: what it waits for is not wanted."""
        if self.run.waiting.pop(strand.entry, None) is not None:
            key, attempt = self.key(strand), strand.attempt
            if strand.phase in TIMED:
                self.commands.append(CancelTimer(key=key, attempt=attempt))
            else:
                map_run, token = strand.spread.get("arn", ""), strand.token
                self.commands.append(
                    CancelTask(key=key, attempt=attempt, token=token, map_run=map_run)
                )

    def forget_within(self, strand: Strand) -> None:
        """Drop what has been given up within a strand's state: nobody will redrive it."""
        if strand.spread:
            for other in self.within(strand):
                del self.run.strands[other.id]
            strand.spread = {}

    # The end.

    def finish(self, status: Status, previous: int, outcome: Json | Failure) -> None:
        """End the execution."""
        run = self.run
        for strand in list(run.strands.values()):
            if strand.phase not in _OVER:
                self._release(strand)
        self.ended.clear()
        run.ready.clear()
        run.status = status
        if self.program.machine.timeout_seconds is not None:
            self.commands.append(CancelTimer(key=run.facts.execution, attempt=run.redrives))
        if isinstance(outcome, Failure):
            run.error, run.cause = outcome
            told = {"error": outcome.error, "cause": outcome.cause}
            details = {name: text for name, text in told.items() if text is not None}
            self._emit_last(previous, status, details)
            self.commands.append(Fail(status=status.value, error=run.error, cause=run.cause))
        else:
            run.output = outcome
            run.strands.clear()
            self._emit_last(previous, status, {"output": outcome})
            self.commands.append(Finish(outcome))


@lru_cache(maxsize=1024)  # each state tells the same two instants several times
def _iso(at: int) -> str:
    """Write an instant as AWS's context does: `2026-01-31T08:15:30.123Z`, a full second without a fraction."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    fraction = f".{at % 1000:03}" if at % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
