"""Owns the spans of an execution: one of the whole, and below it one of each attempt of each state.

Their ids are made of what they are spans of, so that after a restart whoever goes on finds the same ones, and so
do those whom a state calls. What is needed besides is the history.
Source: OpenTelemetry has no convention for state machines; the attributes are ours.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from frontdesk.base.ids import uuid_of
from frontdesk.base.spans import Record, Span
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.run import Facts
from frontdesk.rules.asl.timeline import Stay, Timeline
from frontdesk.rules.http.trace_context import Caller, extend_amazon, read_recorded

_ENDS: Final = {
    "ExecutionAborted": "ABORTED",
    "ExecutionFailed": "FAILED",
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionTimedOut": "TIMED_OUT",
}
_ABORTED: Final = "aborted"
_OTHER: Final = "_OTHER"
"""OpenTelemetry's `error.type` where none is known."""


def attempt_span(key: str, attempt: int) -> str:
    """Return the id of the span of an attempt. key: of the stay in a state."""
    return _id_of(uuid_of(f"{key}:{attempt}"))


def within_attempt(trace: str, key: str, attempt: int) -> str:
    """Return the X-Amzn-Trace-Id of what an attempt calls. trace: of the execution; as it is, unless it is sampled."""
    caller = read_recorded(trace)
    if caller is None or caller.amazon is None:
        return trace
    return extend_amazon(caller.amazon, attempt_span(key, attempt), replace=True)


class ExecutionSpans:
    """Makes the spans of one execution out of its history, as that grows."""

    def __init__(self, record: Record, caller: Caller, facts: Facts) -> None:
        """caller: of the execution's trace."""
        self._record = record
        self._caller = caller
        self._facts = facts
        self._told = Timeline()
        self._keys: dict[Stay, str] = {}
        self._open: dict[Stay, int] = {}  # the attempt that is under way
        self._redrives = 0
        self._redriven = 0

    def recall(self, past: Iterable[HistoryEvent]) -> None:
        """Take what has happened before a restart; its spans are recorded."""
        for event in past:
            self._take(event)

    def saw(self, began: int, events: Iterable[HistoryEvent]) -> None:
        """Take what has happened, and record what is over. began: the execution, in milliseconds since 1970."""
        for event in events:
            for span in self._take(event):
                self._record(span)
            if event.type in _ENDS:
                self._record(self._whole(began, event))

    def _take(self, event: HistoryEvent) -> list[Span]:
        """Return the spans of the attempts that are over with an event."""
        stay = self._told.take(event)
        if event.type == "ExecutionRedriven":
            self._redrives, self._redriven = self._redrives + 1, event.at
        elif event.type in _ENDS:
            return self._given_up(None, event)
        elif event.type.endswith("StateEntered"):
            assert stay is not None
            self._keys[stay] = f"{self._facts.execution}:{stay.state}:{len(self._told.stays)}"
            self._open[stay] = 1
        elif stay in self._open and (stay.left is not None or len(stay.tried) > self._open[stay]):
            over = [*self._given_up(stay, event), self._attempt(stay, event)]
            if stay.left is None:
                self._open[stay] = len(stay.tried)
            else:
                del self._open[stay]
            return over
        return []

    def _given_up(self, around: Stay | None, event: HistoryEvent) -> list[Span]:
        """End what goes on within a stay; None: all that goes on."""
        inner = [stay for stay in self._open if around is None or _is_within(stay, around)]
        spans = [self._attempt(stay, event) for stay in inner]
        for stay in inner:
            del self._open[stay]
        return spans

    def _attempt(self, stay: Stay, event: HistoryEvent) -> Span:
        """Make the span of the attempt of a stay that is over with an event."""
        number = self._open[stay]
        tried = stay.tried[number - 1] if stay.tried else None
        ended = (tried.ended if tried is not None and stay.left is None else stay.left) or event.at
        is_superseded = len(stay.tried) > number
        error = tried.error if tried is not None else ""
        if not error and (stay.failing or is_superseded):
            error = str(event.details.get("error") or _OTHER)
        elif not error and stay.left is None:
            error = _ABORTED
        parent = self._root
        if stay.within is not None:
            parent = attempt_span(self._keys[stay.within], max(1, stay.attempt))
        return Span(
            self._caller.trace_id,
            attempt_span(self._keys[stay], number),
            parent,
            stay.state,
            "internal",
            _nanoseconds(tried.began if tried is not None and number > 1 else stay.entered),
            _nanoseconds(ended),
            {
                "frontdesk.state": stay.state,
                "frontdesk.state.type": stay.type,
                "frontdesk.state.attempt": number,
            },
            error,
        )

    def _whole(self, began: int, event: HistoryEvent) -> Span:
        """Make the span of the execution, or of what a redrive has done."""
        status, facts = _ENDS[event.type], self._facts
        error = "" if status == "SUCCEEDED" else str(event.details.get("error") or status)
        return Span(
            self._caller.trace_id,
            self._root,
            self._caller.span_id,
            f"execution {facts.machine_name}",
            "internal",
            _nanoseconds(self._redriven or began),
            _nanoseconds(event.at),
            {
                "frontdesk.machine": facts.machine_name,
                "frontdesk.execution": facts.execution,
                "frontdesk.execution.status": status,
                "frontdesk.execution.redrives": self._redrives,
            },
            error,
        )

    @property
    def _root(self) -> str:
        """The id of the span of the execution, another one after each redrive."""
        return _id_of(f"{self._facts.execution}:{self._redrives}")


def _is_within(stay: Stay, around: Stay) -> bool:
    outer = stay.within
    while outer is not None and outer is not around:
        outer = outer.within
    return outer is not None


def _id_of(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _nanoseconds(milliseconds: int) -> int:
    return milliseconds * 1_000_000
