"""Owns a turn that ends where its state does: what would leave the state is written down instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.flow import Conclusion
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.asl.errors import Failure, catcher_for, retrier_for
from frontdesk.rules.asl.messages import Event, StartTimer
from frontdesk.rules.asl.model import Json, State, WorkState
from frontdesk.rules.asl.program import Program
from frontdesk.rules.asl.run import Phase, Run, Strand
from frontdesk.rules.asl.turn import Turn

FAILED: Final = "FAILED"
RETRIABLE: Final = "RETRIABLE"
SUCCEEDED: Final = "SUCCEEDED"
CAUGHT_ERROR: Final = "CAUGHT_ERROR"


@dataclass(slots=True)
class Record:
    """What has come of a state so far.

    status: AWS's word, "" while it works. following: the next state, None at the end of the machine.
    assigned: new values of variables, None where the state was not left. steps: the data after each step, by AWS's names. handling: the members of `errorDetails`.
    """

    status: str = ""
    output: Json = None
    failure: Failure | None = None
    following: str | None = None
    assigned: Mapping[str, Json] | None = None
    steps: dict[str, Json] = field(default_factory=dict)
    handling: dict[str, int] = field(default_factory=dict)


class WatchedTurn(Turn):
    """A turn of a state that is tried.

    context: replaces the context object, None for the state's own. retries: that the retrier of an error
    has used up before.
    """

    __slots__ = ("context", "record", "retries")

    def __init__(
        self,
        program: Program,
        run: Run,
        event: Event,
        *,
        record: Record,
        context: dict[str, Any] | None,
        retries: int,
    ) -> None:
        super().__init__(program, run, event)
        self.record = record
        self.context = context
        self.retries = retries

    def scope(self, strand: Strand, item: dict[str, Json] | None = None) -> Scope:
        """See Turn."""
        scope = replace(super().scope(strand, item), note=self.record.steps.__setitem__)
        if self.context is None:
            return scope
        seen = self.context if item is None else {**self.context, "Map": {"Item": item}}
        return replace(scope, look=lambda: seen)

    def refuse(
        self,
        strand: Strand,
        state: State,
        error: StateError,
        *,
        after: int | None = None,  # noqa: ARG002 - there is no history
    ) -> None:
        """See Turn. There is no event to name in the cause."""
        self.fail(strand, state, Failure(error.name, error.cause))

    def fail(self, strand: Strand, state: State, failure: Failure, *, told: bool = True) -> None:
        """See Turn."""
        record = self.record
        record.status, record.failure = FAILED, failure
        if isinstance(state, WorkState):
            self._note_handling(strand, state, failure.error or "")
        super().fail(strand, state, failure, told=told)
        if strand.phase is Phase.RETRYING:
            record.status = RETRIABLE
            timer = next(one for one in self.commands if isinstance(one, StartTimer))
            record.handling["retryBackoffIntervalSeconds"] = round((timer.at - self.now) / 1000)
        elif self.ended:  # also by an error in what the catcher does with this one
            record.failure = self.ended[-1][1]

    def _note_handling(self, strand: Strand, state: WorkState, error: str) -> None:
        at = retrier_for(state.retry, error)
        if at is not None:
            strand.retries[at] = self.retries
            self.record.handling["retryIndex"] = at
            if self.retries < state.retry[at].max_attempts:
                return
        catcher = catcher_for(state.catch, error)
        if catcher is not None:
            self.record.handling["catchIndex"] = state.catch.index(catcher)

    def leave(
        self,
        strand: Strand,  # noqa: ARG002 - it goes nowhere
        state: State,  # noqa: ARG002
        conclusion: Conclusion,
        following: str | None,
    ) -> None:
        """See Turn."""
        record = self.record
        record.status = SUCCEEDED if record.failure is None else CAUGHT_ERROR
        record.output, record.assigned = conclusion.output, conclusion.assigned
        record.following = following
