"""Owns what an execution has come to, as a whole and in each state of its machine.

Out of its history, and out of its outlook where that is known. Knows no picture and no terminal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.outlook import Awaited, Expected
from frontdesk.rules.asl.run import Status
from frontdesk.rules.asl.timeline import Stay, timeline


class Outcome(StrEnum):
    """How it stands with a state that was reached; first what matters most."""

    RETRYING = "retrying"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    CAUGHT = "caught"
    ABORTED = "aborted"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay in a state, and what became of it. expected: what it waits for, where that is known.

    current: no later visit and no later attempt of what it is within has taken its place.
    """

    stay: Stay
    outcome: Outcome
    current: bool
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """An execution so far. ended: milliseconds since 1970. visits: in the order of entering."""

    status: Status
    error: str | None
    began: int
    ended: int | None
    visits: Sequence[Visit]

    def of_states(self) -> Mapping[str, Sequence[Visit]]:
        """Return the visits of each state that was reached."""
        found: dict[str, list[Visit]] = {}
        for visit in self.visits:
            found.setdefault(visit.stay.state, []).append(visit)
        return found


_ENDS: Final = {
    "ExecutionAborted": Status.ABORTED,
    "ExecutionFailed": Status.FAILED,
    "ExecutionSucceeded": Status.SUCCEEDED,
    "ExecutionTimedOut": Status.TIMED_OUT,
}

_ACTIVE: Final = {
    Awaited.ACTIVITY: Outcome.WAITING,
    Awaited.JOB: Outcome.WAITING,
    Awaited.RETRY: Outcome.RETRYING,
    Awaited.TIMER: Outcome.WAITING,
    Awaited.TOKEN: Outcome.WAITING,
}
"""What a state that waits for this is; all others run."""


def progress(events: Sequence[HistoryEvent], outlook: Iterable[Expected] = ()) -> Progress:
    """Sum up a history, which has one event at least. outlook: asked for after the history was."""
    last = events[-1]
    status = _ENDS.get(last.type, Status.RUNNING)
    stays = timeline(events)
    seen = _Seen(status, outlook, stays)
    return Progress(
        status=status,
        error=last.details.get("error") if status is not Status.RUNNING else None,
        began=events[0].at,
        ended=None if status is Status.RUNNING else last.at,
        visits=[seen.visit(stay) for stay in stays],
    )


class _Seen:
    """An execution's stays side by side."""

    def __init__(self, status: Status, outlook: Iterable[Expected], stays: list[Stay]) -> None:
        self._ended = status is not Status.RUNNING
        self._given_up = status in {Status.ABORTED, Status.TIMED_OUT}
        self._expected = {(one.state, one.since): one for one in outlook}
        self._last = {(stay.line, stay.state): stay for stay in stays}

    def visit(self, stay: Stay) -> Visit:
        expected = None if stay.left is not None else self._of_outlook(stay)
        return Visit(stay, self._outcome(stay, expected), self._is_current(stay), expected)

    def _of_outlook(self, stay: Stay) -> Expected | None:
        return self._expected.get((stay.state, stay.entered))

    def _outcome(self, stay: Stay, expected: Expected | None) -> Outcome:
        if stay.left is not None:
            return Outcome.CAUGHT if stay.failing else Outcome.SUCCEEDED
        if self._is_over(stay):
            failed = stay.failing and (self._was_over(stay) or not self._given_up)
            return Outcome.FAILED if failed or stay.type == "Fail" else Outcome.ABORTED
        if expected is not None:
            return _ACTIVE.get(expected.awaited, Outcome.RUNNING)
        if stay.failing:
            return Outcome.RETRYING
        return Outcome.WAITING if stay.type == "Wait" else Outcome.RUNNING

    def _is_over(self, stay: Stay) -> bool:
        """Whether a state that was not left is not gone on with either."""
        return self._ended or self._was_over(stay)

    def _was_over(self, stay: Stay) -> bool:
        """The same, but for the end of the whole."""
        around = stay.within
        return (
            stay.resumed
            or stay.type == "Fail"
            or (around is not None and (self._is_done_with(around, stay.attempt)))
        )

    def _is_done_with(self, around: Stay, attempt: int) -> bool:
        expected = self._of_outlook(around)
        between_attempts = expected is not None and expected.awaited is Awaited.RETRY
        return (
            around.left is not None
            or around.attempts > attempt
            or between_attempts
            or self._was_over(around)
        )

    def _is_current(self, stay: Stay) -> bool:
        if self._last[stay.line, stay.state] is not stay:
            return False
        around = stay.within
        return around is None or (around.attempts == stay.attempt and self._is_current(around))
