"""Spans of calls of functions: the load that a call has waited for, and what the code says of itself."""

import json

import pytest

from frontdesk.base.spans import MOST, Span
from frontdesk.functions.call_spans import CallSpans
from frontdesk.functions.frames import FrameError
from frontdesk.ports.tracing import Tracer

SENT = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
CALL = Span("5" * 32, "1" * 16, "2" * 16, "GET", "client", 1, 2, {"url.full": "http://a/"})


class Clock:
    def time(self):
        return 1000.0

    def monotonic(self):
        return 100.0


@pytest.fixture
def recorded():
    return []


@pytest.fixture
def spans(recorded):
    return CallSpans(
        Tracer(recorded.append, Clock(), share=1.0, random_bytes=lambda count: b"\x01" * count)
    )


@pytest.mark.parametrize(
    ("load", "loaded"),
    [
        pytest.param(None, [], id="not the first call"),
        pytest.param((90.0, 94.0), [], id="loaded before it was asked for"),
        pytest.param((90.0, 97.0), [(990, 997)], id="was loading"),
        pytest.param((95.0, 97.0), [(995, 997)], id="started for it"),
    ],
)
def test_a_load_that_the_call_has_waited_for_is_a_part_of_it(spans, recorded, load, loaded):
    opened = spans.begin(SENT, waited=5.0)
    spans.end(opened, "charge", {"faas.version": "7"}, "", asked=95.0, load=load)
    *inits, call = recorded
    assert [(span.start // 10**9, span.end // 10**9) for span in inits] == loaded
    assert all((span.name, span.parent_id) == ("init", call.span_id) for span in inits)
    assert (call.start, call.end) == (995 * 10**9, 1000 * 10**9)
    assert call.attributes.get("faas.coldstart", False) is bool(loaded)


def test_what_the_code_has_called_is_recorded_as_it_says(spans, recorded):
    spans.take(json.dumps([CALL]).encode())
    assert recorded == [CALL]


def test_more_than_a_call_may_tell_is_left_out(spans, recorded):
    spans.take(json.dumps([CALL] * (MOST + 5)).encode())
    assert len(recorded) == MOST


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}}",
        b"7",
        b"[[]]",
        json.dumps([CALL._replace(trace_id="x")]).encode(),
        json.dumps([CALL._replace(start="now")]).encode(),
        json.dumps([CALL._replace(attributes=[1])]).encode(),
        json.dumps([CALL._replace(kind="server")]).encode(),
        json.dumps([CALL, 7]).encode(),
    ],
)
def test_what_is_no_list_of_calls_ends_the_process(spans, recorded, body):
    with pytest.raises(FrameError, match="broken spans"):
        spans.take(body)
    assert recorded == []
