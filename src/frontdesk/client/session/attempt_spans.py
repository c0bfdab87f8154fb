"""Owns the spans of a call: one of each attempt, collected where whoever runs this process takes them.

Source: OpenTelemetry, "Semantic conventions for HTTP spans", client spans.
"""

from frontdesk.base.clock import Clock
from frontdesk.base.spans import Span, Value, collected
from frontdesk.client.session.context import Trace, new_span_id
from frontdesk.client.session.errors import Attempt
from frontdesk.client.session.requests import Request
from frontdesk.client.target import parse_target


class AttemptSpans:
    """Those of one call. What an attempt sends twice belongs to one span."""

    def __init__(self, trace: Trace, clock: Clock) -> None:
        self._trace = trace
        self._clock = clock
        self._span = ""  # of the attempt under way
        self._ended = 0

    def lines(self) -> str:
        """Write what tells a server of the attempt, see `Trace.lines`."""
        self._span = self._span or new_span_id()
        return self._trace.lines_of(self._span)

    def attempted(self, request: Request, attempt: Attempt) -> None:
        """Collect the span of an attempt that is over, if it was sent."""
        span_id, self._span = self._span, ""
        if not span_id:
            return
        target = parse_target(request.origin)
        told: dict[str, Value] = {
            "http.request.method": request.method,
            "server.address": target.host,
            "server.port": target.port,
            "url.full": request.shown_url,
        }
        template = request.template.removeprefix(request.origin)
        if template:
            told["url.template"] = template
        if attempt.status:
            told["http.response.status_code"] = attempt.status
        if self._ended:
            told["http.request.resend_count"] = self._ended
        self._ended += 1
        name = f"{request.method} {template}".rstrip()
        error = attempt.error or (str(attempt.status) if attempt.status >= 400 else "")
        ids = self._trace.trace_id, span_id, self._trace.span
        end = int(self._clock.time() * 1e9)
        start = end - int(attempt.seconds * 1e9)
        collected.add(Span(*ids, name, "client", start, end, told, error))


def spans_of(trace: Trace | None, clock: Clock) -> AttemptSpans | None:
    """Return what collects the spans of a call, where they are wanted."""
    if trace is None or not trace.sampled or not collected.wanted:
        return None
    return AttemptSpans(trace, clock)
