"""Owns an OTLP collector of tests, and the tree that the spans of a trace make."""

import contextlib
import gzip
from http.server import BaseHTTPRequestHandler
from queue import Queue

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.live.backends import threaded
from tests.live.calls import PATIENCE


class Collector(BaseHTTPRequestHandler):
    """Takes spans by OTLP over HTTP, or refuses them."""

    address: str
    received: Queue
    status = 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.received.put((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        """Tests look at what it got."""


@contextlib.contextmanager
def collecting():
    """Run a collector; yields its class, with what it has received."""
    handler = type("Handler", (Collector,), {"received": Queue()})
    with threaded(handler) as address:
        handler.address = address
        yield handler


def spans_until(collector, complete):
    """Wait until `complete(spans)` is true of all spans so far; return them in the order of their beginning."""
    spans = []
    while not complete(spans):
        path, request = collector.received.get(timeout=PATIENCE)
        assert path == "/v1/traces"
        (resource,) = request.resource_spans
        service = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        assert service["service.name"] == "test"
        spans += [span for scope in resource.scope_spans for span in scope.spans]
    return sorted(spans, key=lambda span: (span.start_time_unix_nano, -span.end_time_unix_nano))


def named(spans, name):
    """Return the spans of a name."""
    return [span for span in spans if span.name == name]


def facts(span):
    """Return the attributes of a span."""
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes
    }


def tree(spans):
    """Write the one tree that spans make: a line for each, name and kind, and its error if it has one."""
    (root,) = [span for span in spans if not span.parent_span_id]
    assert len({span.span_id for span in spans}) == len(spans)
    assert {span.trace_id for span in spans} == {root.trace_id}
    lines = [line for _, line in _below(root, spans, 0)]
    assert len(lines) == len(spans), "some have a parent that was not sent"
    return "\n".join(lines)


def _below(span, spans, depth):
    kind = span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower()
    error = facts(span).get("error.type")
    yield span, f"{'  ' * depth}{span.name} ({kind})" + (f" {error}" if error else "")
    for child in spans:
        if child.parent_span_id == span.span_id:
            yield from _below(child, spans, depth + 1)
