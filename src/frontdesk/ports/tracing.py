"""Owns how an operation behind the door becomes a span: below whoever its X-Amzn-Trace-Id names, if that is sampled.

Who does not record has no Tracer; a trace that is not sampled costs a look at its text. Knows nobody who sends spans.
"""

from collections.abc import Callable, Iterable, Mapping

from frontdesk.base.clock import Clock
from frontdesk.base.spans import Kind, Link, Record, Span, Value
from frontdesk.rules.http.trace_context import (
    Caller,
    extend_amazon,
    read_recorded,
    write_amazon,
    write_root,
)


class Opened:
    """An operation under way. `trace` is what those are handed that it calls."""

    __slots__ = ("_caller", "_links", "_start", "_tracer", "span_id")

    def __init__(
        self, tracer: "Tracer", caller: Caller, start: float, links: tuple[Link, ...]
    ) -> None:
        """start: seconds since 1970."""
        self._tracer = tracer
        self._caller = caller
        self._start = start
        self._links = links
        self.span_id = tracer.new_id()

    @property
    def trace(self) -> str:
        """An X-Amzn-Trace-Id whose parent is this span."""
        caller = self._caller
        if caller.amazon is None:
            return write_amazon(caller.trace_id, self.span_id, sampled=True)
        return extend_amazon(caller.amazon, self.span_id, replace=True)

    def child(self, name: str, start: float, end: float, attributes: Mapping[str, Value]) -> None:
        """Record a part of it that is over. start, end: seconds since 1970."""
        ids = self._caller.trace_id, self._tracer.new_id(), self.span_id
        self._tracer.record(Span(*ids, name, "internal", _ns(start), _ns(end), attributes))

    def close(
        self, name: str, kind: Kind, attributes: Mapping[str, Value], error: str = ""
    ) -> None:
        """Record it, as it is over now. error: "" when it went well."""
        ids = self._caller.trace_id, self.span_id, self._caller.span_id
        times = _ns(self._start), _ns(self._tracer.clock.time())
        self._tracer.record(Span(*ids, name, kind, *times, attributes, error, self._links))


class Tracer:
    """Begins the spans of one process. Used on its event loop."""

    def __init__(
        self,
        record: Record,
        clock: Clock,
        *,
        share: float,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """share: of what nobody has begun a trace for, 0.0 to 1.0. random_bytes: for ids."""
        self.record = record
        self.clock = clock
        self._share = share
        self._random_bytes = random_bytes

    def begin(self, trace: str, start: float | None = None) -> Opened | None:
        """Begin a span below an X-Amzn-Trace-Id; None where that is not sampled.

        start: seconds since 1970, None: now.
        """
        caller = read_recorded(trace)
        if caller is None:
            return None
        return Opened(self, caller, self.clock.time() if start is None else start, ())

    def begin_after(self, traces: Iterable[str]) -> Opened | None:
        """Begin the span of work on messages; None where none of theirs is sampled.

        That of one message is below its sender's; of several it begins a trace, and has a link to each.
        Source: OpenTelemetry, "Semantic conventions for messaging spans", consumer spans.
        """
        callers = [read_recorded(trace) for trace in traces]
        sampled = [caller for caller in callers if caller is not None]
        if not sampled:
            return None
        now = self.clock.time()
        if len(callers) == 1:
            return Opened(self, sampled[0], now, ())
        links = tuple(Link(caller.trace_id, caller.span_id) for caller in sampled)
        return Opened(self, Caller(self._new_trace_id(), "", True), now, links)

    def new(self) -> str:
        """Write the X-Amzn-Trace-Id of what nobody has asked for, and decide whether it is sampled."""
        trace_id = self._new_trace_id()
        chosen = int(trace_id[-14:], 16) < self._share * 16**14
        return f"Root={write_root(trace_id)};Sampled={int(chosen)}"

    def new_id(self) -> str:
        """Make the id of a span."""
        return self._random_bytes(8).hex()

    def _new_trace_id(self) -> str:
        """Make one that begins with the second, as AWS's do."""
        return f"{int(self.clock.time()) & 0xFFFFFFFF:08x}{self._random_bytes(12).hex()}"


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
