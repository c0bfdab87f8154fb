"""Owns the trial of one state: entering it, the outcome of its work, and what is told of both.

A trial is one stay in one state, and nothing follows it: no retry is made, no next state entered.
Time and randomness come in; whoever does the work of a real task is the caller's business.
Source: AWS, API reference, TestState and InspectionData.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.flow import conclude, prepare
from frontdesk.rules.asl.data.scope import hold_payload, json_text
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.interpreter import begin, play
from frontdesk.rules.asl.messages import (
    Event,
    Invoke,
    KeyedEvent,
    Started,
    StartTimer,
    TaskFailed,
    TaskSucceeded,
    TimerFired,
)
from frontdesk.rules.asl.model import (
    FailState,
    Json,
    MapState,
    ParallelState,
    QueryLanguage,
    State,
    TaskState,
)
from frontdesk.rules.asl.program import Program
from frontdesk.rules.asl.resources import read_resource
from frontdesk.rules.asl.run import Facts, Phase, Strand
from frontdesk.rules.asl.trial.maps import spread
from frontdesk.rules.asl.trial.mocks import Mock, check_mock
from frontdesk.rules.asl.trial.refused import RefusedError
from frontdesk.rules.asl.trial.watched import RETRIABLE, Record, WatchedTurn

_HIDDEN: Final[Mapping[type[State], frozenset[str]]] = {
    MapState: frozenset(("result",)),
    ParallelState: frozenset(("afterArguments", "afterInputPath", "afterParameters", "result")),
}
"""Steps that AWS does not show."""

_NUMBERS: Final = frozenset(
    ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a state is tried in.

    given: its raw input. context: replaces the context object; None for the state's own. mock: instead of
    work. retries: made before by the retrier of the error. failed: iterations of a Map. read: the content of
    the file that its ItemReader reads.
    """

    given: Json
    facts: Facts
    variables: Mapping[str, Json] = field(default_factory=dict)
    context: dict[str, Any] | None = None
    mock: Mock | None = None
    retries: int = 0
    failed: int = 0
    read: str | None = None


class Trial:
    """One trial. It begins at once; `invoke` is then the work that a real task waits for, else None."""

    def __init__(
        self, program: Program, state: State, situation: Situation, *, now: int, seed: bytes
    ) -> None:
        """now: milliseconds since 1970. seed: 16 random bytes. Raises: RefusedError."""
        _check(state, situation.mock)
        self._program = program
        self._state = state
        self._situation = situation
        self._record = Record()
        self._run = begin(program, situation.given, situation.facts, variables=situation.variables)
        self.invoke: Invoke | None = None
        self._begin(Started(now=now, seed=seed))

    @property
    def is_over(self) -> bool:
        """Whether something has come of it."""
        return self._record.status != ""

    def take(self, event: KeyedEvent) -> None:
        """Take the answer to `invoke`."""
        play(self._turn(event), event)

    def _turn(self, event: Event) -> WatchedTurn:
        situation = self._situation
        return WatchedTurn(
            self._program,
            self._run,
            event,
            record=self._record,
            context=situation.context,
            retries=situation.retries,
        )

    def _begin(self, event: Started) -> None:
        turn = self._turn(event)
        if isinstance(self._state, MapState | ParallelState):
            self._spread(turn, self._state)
            return
        play(turn, event)
        for command in turn.commands:
            if isinstance(command, Invoke):
                self._work(command, event)
            elif isinstance(command, StartTimer) and self._record.status != RETRIABLE:
                # Differs: [trial-wait] AWS waits, five minutes at most
                self.take(TimerFired(**_about(command, event)))

    def _work(self, invoke: Invoke, event: Event) -> None:
        mock = self._situation.mock
        if mock is None:
            self.invoke = invoke
        elif mock.failure is None:
            self.take(TaskSucceeded(**_about(invoke, event), output=mock.result))
        else:
            error, cause = mock.failure
            self.take(TaskFailed(**_about(invoke, event), error=error, cause=cause))

    def _spread(self, turn: WatchedTurn, state: MapState | ParallelState) -> None:
        """Try what is around branches or iterations; these are mocked."""
        mock = self._situation.mock
        assert mock is not None
        strand = self._entered(turn)
        try:
            failure = mock.failure
            exceeded = self._surveyed(turn, strand, state)
            if failure is None and exceeded is not None:
                failure = exceeded
            if failure is not None:
                turn.fail(strand, state, failure)
                return
            hold_payload(state.name, mock.result)
            conclusion = conclude(state, strand.input, mock.result, turn.scope(strand))
            turn.leave(strand, state, conclusion, state.next)
        except StateError as error:
            turn.refuse(strand, state, error)

    def _surveyed(
        self, turn: WatchedTurn, strand: Strand, state: MapState | ParallelState
    ) -> Failure | None:
        if isinstance(state, MapState):
            return spread(turn, strand, state, self._situation.read, self._situation.failed)
        prepare(state, strand.input, turn.scope(strand))
        return None

    def _entered(self, turn: WatchedTurn) -> Strand:
        run = self._run
        strand = run.strands[run.ready.pop()]
        run.started = strand.entered_at = turn.now
        strand.retries = [0] * len(turn.state_of(strand).retry)  # type: ignore[attr-defined]
        strand.phase = Phase.SPREAD
        return strand

    def told(self, *, steps: bool) -> dict[str, Any]:
        """Return the answer of TestState. steps: with `inspectionData`, of the levels DEBUG and TRACE."""
        record = self._record
        answer: dict[str, Any] = {"status": record.status}
        if record.failure is not None:
            told = {"error": record.failure.error, "cause": record.failure.cause}
            answer |= {name: text for name, text in told.items() if text is not None}
        if record.assigned is not None:
            answer["output"] = json_text(record.output)
        if record.following is not None:
            answer["nextState"] = record.following
        if steps:
            answer["inspectionData"] = self._inspected()
        return answer

    def _inspected(self) -> dict[str, Any]:
        state, record = self._state, self._record
        shown = {"input": self._situation.given, **record.steps}
        if isinstance(state, FailState) and state.query_language is QueryLanguage.JSONPATH:
            shown["afterInputPath"] = self._situation.given
        variables = {**self._situation.variables, **(record.assigned or {})}
        if variables:
            shown["variables"] = variables
        hidden = _HIDDEN.get(type(state), frozenset())
        inspected: dict[str, Any] = {
            name: value if name in _NUMBERS else json_text(value)
            for name, value in shown.items()
            if name not in hidden
        }
        if record.handling:
            inspected["errorDetails"] = record.handling
        return inspected


def _check(state: State, mock: Mock | None) -> None:
    if mock is not None:
        check_mock(state, mock)
    elif isinstance(state, MapState | ParallelState):
        raise RefusedError(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]",
            "InvalidDefinition",
        )
    elif isinstance(state, TaskState):
        resource = read_resource(state.resource)
        if resource.pattern or resource.has_token:
            kind = f"'.{resource.pattern}' service integrations" if resource.pattern else "Activity"
            raise RefusedError(
                f"TestState API does not support {kind} when a mock is not specified.",
                "InvalidDefinition",
            )


def _about(command: Invoke | StartTimer, event: Event) -> dict[str, Any]:
    return {
        "key": command.key,
        "attempt": command.attempt,
        "now": event.now,
        "seed": event.seed,
    }
