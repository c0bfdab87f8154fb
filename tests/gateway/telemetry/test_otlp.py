"""The way of spans out of the process, where the collector or the exporter is not as it should be."""

import sys

import pytest

from frontdesk.base.errors import StartError
from frontdesk.base.telemetry import Registry
from frontdesk.gateway.telemetry import otlp
from frontdesk.gateway.telemetry.otlp import SpanExport


@pytest.fixture
def registry():
    return Registry()


def dropped(registry):
    return {labels[0]: value for _, labels, value in registry.snapshot() if value}


@pytest.fixture
def sampled(make_exchange):
    return make_exchange(
        trace="00-5759e988bd862e3fe1be46a994272793-c000000000000007-01",
        sampled=True,
        status=200,
        ended=101.0,
    )


def test_without_the_exporter_the_start_says_what_to_install(registry, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(StartError, match=r"tracing\.otlp needs OpenTelemetry's exporter") as raised:
        SpanExport("http://127.0.0.1:1", "test", registry).start()
    assert "pip install 'frontdesk[otel]'" in raised.value.hint


def test_a_full_queue_drops_and_counts(registry, sampled, monkeypatch):
    monkeypatch.setattr(otlp, "QUEUED", 2)
    logged = []
    record = SpanExport("http://127.0.0.1:1", "test", registry).around(logged.append)
    for _ in range(5):
        record(sampled)
    assert logged == [sampled] * 5
    assert dropped(registry) == {"queue": 3}


def test_what_is_not_sampled_is_not_looked_at(registry, make_exchange, monkeypatch):
    monkeypatch.setattr(otlp, "spans_of", None)
    logged = []
    SpanExport("http://127.0.0.1:1", "test", registry).around(logged.append)(make_exchange())
    assert len(logged) == 1


class Exporter:
    """Stands in for OpenTelemetry's."""

    def __init__(self, error=None):
        self.error = error
        self.spans = []
        self.ended = False

    def export(self, spans):
        if self.error is not None:
            raise self.error
        self.spans += spans
        return type("Result", (), {"name": "SUCCESS"})

    def shutdown(self):
        self.ended = True


def test_what_waits_is_sent_before_the_end(registry, sampled, monkeypatch):
    exporter = Exporter()
    monkeypatch.setattr(otlp, "_exporter", lambda _url, _service: (exporter, lambda span: span))
    export = SpanExport("http://127.0.0.1:1", "test", registry)
    record = export.around(lambda _ex: None)
    record(sampled)
    export.start()
    record(sampled)
    export.close()
    assert [span.name for span in exporter.spans] == ["GET /pets/{id}"] * 2
    assert exporter.ended
    assert dropped(registry) == {}


def test_an_exporter_that_raises_costs_spans_only(registry, sampled, monkeypatch):
    exporter = Exporter(RuntimeError("out of order"))
    monkeypatch.setattr(otlp, "_exporter", lambda _url, _service: (exporter, lambda span: span))
    export = SpanExport("http://127.0.0.1:1", "test", registry)
    export.start()
    export.around(lambda _ex: None)(sampled)
    export.close()
    assert exporter.ended
    assert dropped(registry) == {"export": 1}


def test_closing_what_never_began_is_nothing(registry):
    SpanExport("http://127.0.0.1:1", "test", registry).close()
