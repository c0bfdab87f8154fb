"""Owns what a program says once for all calls that it makes from there: the trace, and until when it can wait."""

import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple

from frontdesk.base.clock import SystemClock
from frontdesk.client.session.settings import Duration, seconds
from frontdesk.rules.http.trace_context import (
    keeps_tracestate,
    read_amazon,
    read_caller,
    write_traceparent,
)

_chance: Final = random.Random()  # noqa: S311 - ids of spans hide nothing


class Trace(NamedTuple):
    """The trace that calls belong to.

    trace_id: 32 hex digits. state: the tracestate that is passed on. span: 16 hex digits of the span that calls
    are made in, "" where there is none.
    """

    trace_id: str
    sampled: bool = True
    state: str = ""
    span: str = ""

    def lines(self) -> str:
        """Write what tells a server of it, with a span of its own."""
        return self.lines_of(new_span_id())

    def lines_of(self, span: str) -> str:
        """Write what tells a server of it. span: of the request."""
        parent = write_traceparent(self.trace_id, span, sampled=self.sampled)
        state = f"tracestate: {self.state}\r\n" if self.state else ""
        return f"traceparent: {parent}\r\n{state}"


def new_span_id() -> str:
    """Make the id of a span."""
    return f"{_chance.getrandbits(64) or 1:016x}"


_trace: ContextVar[Trace | None] = ContextVar("frontdesk-trace", default=None)
_until: ContextVar[float | None] = ContextVar("frontdesk-deadline", default=None)


def new_trace() -> Trace:
    """Begin a trace."""
    return Trace(f"{_chance.getrandbits(128) or 1:032x}")


def current_trace() -> Trace:
    """Return the trace of here, in a function that of its call, and a new one where there is none."""
    return _trace.get() or _of_call() or new_trace()


def _of_call() -> Trace | None:
    """Return the trace of the call that a function is answering. Source: AWS Lambda, "Reserved variables"."""
    caller = read_amazon(os.environ.get("_X_AMZN_TRACE_ID", ""))
    if caller is None:
        return None
    return Trace(caller.trace_id, caller.sampled is not False, span=caller.span_id)


def time_left() -> float | None:
    """Return the seconds that `deadline` has left; None without one."""
    until = _until.get()
    return None if until is None else max(0.0, until - SystemClock.monotonic())


@contextmanager
def trace_from(headers: Mapping[str, str]) -> Iterator[Trace]:
    """Let all calls within belong to the trace that a request came with.

    headers: of that request; traceparent and tracestate count, or X-Amzn-Trace-Id. Without: a new trace.
    """
    given = {name.lower(): value for name, value in headers.items()}
    caller = read_caller(given.get("traceparent", ""), given.get("x-amzn-trace-id", ""))
    if caller is None:
        trace = new_trace()
    else:
        state = given.get("tracestate", "") if caller.amazon is None else ""
        kept = state if keeps_tracestate(state) and state.isprintable() else ""
        trace = Trace(caller.trace_id, caller.sampled is not False, kept, caller.span_id)
    token = _trace.set(trace)
    try:
        yield trace
    finally:
        _trace.reset(token)


@contextmanager
def deadline(left: Duration) -> Iterator[None]:
    """Let no call within take longer than this, whatever its own timeout: a deadline within one counts, too.

    In a function: `deadline(context.get_remaining_time_in_millis() / 1000 - 0.5)`.
    """
    outer = time_left()
    own = seconds(max(left, 0.0) if isinstance(left, int | float) else left)
    token = _until.set(SystemClock.monotonic() + (own if outer is None else min(own, outer)))
    try:
        yield
    finally:
        _until.reset(token)
