"""Owns the way of spans out of the process: a bounded queue, a thread, OpenTelemetry's own exporter.

A collector that is slow or away costs spans, which are counted; it never costs a request its time.
"""

import logging
import threading
from collections.abc import Callable
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final

from frontdesk.base import metrics
from frontdesk.base.errors import StartError
from frontdesk.base.spans import Span
from frontdesk.base.telemetry import Registry
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.telemetry.spans import spans_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

QUEUED: Final = 4096
"""Spans that may wait; further ones are dropped."""

BATCH: Final = 512
PERIOD: Final = 1.0
"""Seconds between two batches, or until so many spans are together."""

TIMEOUT: Final = 10.0
"""Seconds that the collector has to take a batch."""

_PATH: Final = "/v1/traces"

_log = logging.getLogger("frontdesk.tracing")


class SpanExport:
    """Takes spans on the event loop, and exchanges for theirs, and sends them from a thread of its own."""

    def __init__(self, url: str, service: str, registry: Registry) -> None:
        """url: of the collector. service: what the spans are said to be of."""
        self._url = url
        self._service = service
        self._exporter: SpanExporter
        self._convert: Callable[[Span], ReadableSpan]
        self._queue: Queue[Span | None] = Queue(QUEUED)
        self._overflowed = registry.counter(metrics.SPANS_DROPPED, "queue")
        self._refused = registry.counter(metrics.SPANS_DROPPED, "export")
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="otlp", daemon=True)

    def start(self) -> None:
        """Begin to send. Raises: StartError when OpenTelemetry's exporter is not installed."""
        self._exporter, self._convert = _exporter(self._url, self._service)
        self._thread.start()

    def record(self, span: Span | None) -> None:
        """Take a span of a sampled trace. None: have the thread look again."""
        try:
            self._queue.put_nowait(span)
        except Full:
            self._overflowed.value += 1

    def around(self, log: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
        """Return what takes the spans of a sampled exchange that is over, and then logs it."""

        def record(ex: Exchange) -> None:
            if ex.sampled:
                for span in spans_of(ex):
                    self.record(span)
            log(ex)

        return record

    def close(self) -> None:
        """Send what there is, as long as the collector takes it, and end."""
        self._ending = True
        if self._thread.is_alive():
            self.record(None)
            self._thread.join(timeout=2.0)  # a dead collector must not keep the gateway from ending

    def _run(self) -> None:
        while not (self._ending and self._queue.empty()):
            batch = self._gathered()
            if batch:
                self._send(batch)
        self._exporter.shutdown()

    def _gathered(self) -> list[Span]:
        batch: list[Span] = []
        try:
            while len(batch) < BATCH and not (self._ending and self._queue.empty()):
                span = self._queue.get(timeout=PERIOD)
                if span is not None:
                    batch.append(span)
        except Empty:
            return batch
        return batch

    def _send(self, batch: list[Span]) -> None:
        try:
            sent = self._exporter.export([self._convert(span) for span in batch])
        except Exception:  # noqa: BLE001 - whatever a library raises, requests go on
            _log.warning("spans cannot be exported", exc_info=True)
            self._refused.value += len(batch)
        else:
            if sent.name != "SUCCESS":
                self._refused.value += len(batch)


def _exporter(url: str, service: str) -> "tuple[SpanExporter, Callable[[Span], ReadableSpan]]":
    """Load OpenTelemetry: an exporter, and what makes its spans of ours."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
    except ImportError as error:
        raise StartError(
            "tracing.otlp needs OpenTelemetry's exporter, which is not installed",
            hint="pip install 'frontdesk[otel]', or leave tracing.otlp out",
        ) from error
    resource = Resource.create({"service.name": service})
    scope = InstrumentationScope("frontdesk")
    sampled = TraceFlags(TraceFlags.SAMPLED)

    def context(trace_id: str, span_id: str) -> SpanContext:
        return SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled
        )

    def convert(span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=context(span.trace_id, span.span_id),
            parent=context(span.trace_id, span.parent_id) if span.parent_id else None,
            resource=resource,
            attributes={**span.attributes, **({"error.type": span.error} if span.error else {})},
            kind=SpanKind[span.kind.upper()],
            links=[Link(context(*link)) for link in span.links],
            status=Status(StatusCode.ERROR if span.error else StatusCode.UNSET),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=scope,
        )

    endpoint = url if url.endswith(_PATH) else url.rstrip("/") + _PATH
    return OTLPSpanExporter(endpoint=endpoint, timeout=TIMEOUT), convert
