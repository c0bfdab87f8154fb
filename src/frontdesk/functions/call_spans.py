"""Owns the spans of calls of functions: of the call, of the load that it waited for, and of what its code has called.

Source: OpenTelemetry, "Semantic conventions for FaaS spans".
"""

import json
from typing import Any

from frontdesk.base.spans import MOST, Span, Value
from frontdesk.functions.frames import FrameError
from frontdesk.ports.tracing import Opened, Tracer

Load = tuple[float, float]
"""Monotonic seconds at which a process began to load and had loaded."""


class CallSpans:
    """Makes them."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, trace: str, waited: float) -> Opened | None:
        """Begin the span of a call; None where its trace is not sampled. waited: seconds since it was asked for."""
        return self._tracer.begin(trace, self._tracer.clock.time() - waited)

    def end(
        self,
        span: Opened,
        name: str,
        told: dict[str, Value],
        error: str,
        *,
        asked: float,
        load: Load | None,
    ) -> None:
        """Record the span of a call that is over.

        told: more attributes. asked: monotonic second. load: of its process, where this is its first call.
        """
        clock = self._tracer.clock
        if load is not None and load[1] > asked:
            told = {**told, "faas.coldstart": True}
            offset = clock.time() - clock.monotonic()
            span.child("init", load[0] + offset, load[1] + offset, {"faas.name": name})
        span.close(name, "server", {"faas.name": name, **told}, error)

    def take(self, body: bytes) -> None:
        """Record what the code has called. body: of a SPANS frame. Raises: FrameError."""
        try:
            spans = [_read(each) for each in json.loads(body)[:MOST]]
        except (ValueError, TypeError) as error:
            raise FrameError("broken spans") from error
        for span in spans:
            self._tracer.record(span)


def _read(written: Any) -> Span:
    """Read a span that a function's process has written: it may be anything. Raises: ValueError, TypeError."""
    span = Span(*written)
    for digits in (span.trace_id, span.span_id, span.parent_id):
        bytes.fromhex(digits)
    if span.kind != "client":
        raise ValueError(f"not a call: {span.kind}")
    attributes = {str(name): _value(value) for name, value in dict(span.attributes).items()}
    return span._replace(
        name=str(span.name),
        start=int(span.start),
        end=int(span.end),
        attributes=attributes,
        error=str(span.error),
        links=(),
    )


def _value(value: Any) -> Value:
    return value if isinstance(value, str | int | float) else str(value)
