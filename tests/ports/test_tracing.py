"""Spans of what is done behind the door: begun for sampled traces alone, below or linked to whoever led to them."""

import pytest

from frontdesk.base.spans import Link
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.http.trace_context import read_amazon

TRACE = "5759e988bd862e3fe1be46a994272793"
SENT = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1"
OTHER = "Root=1-6759e988-bd862e3fe1be46a994272793;Parent=63995c3f42cd8ad8;Sampled=1"
UNSAMPLED = SENT.replace("Sampled=1", "Sampled=0")


class Clock:
    def time(self):
        return 1_763_632_800.5


@pytest.fixture
def recorded():
    return []


@pytest.fixture
def tracer(recorded):
    return Tracer(recorded.append, Clock(), share=0.5, random_bytes=lambda count: b"\x01" * count)


def test_an_operation_is_a_span_below_its_caller(tracer, recorded):
    opened = tracer.begin(SENT, start=1_763_632_799.0)
    told = read_amazon(opened.trace)
    opened.close("charge", "server", {"faas.name": "charge"}, "Unhandled")
    (span,) = recorded
    assert (span.trace_id, span.parent_id, span.error) == (TRACE, "53995c3f42cd8ad8", "Unhandled")
    assert (told.trace_id, told.span_id, told.sampled) == (TRACE, span.span_id, True)
    assert told.amazon["Lineage"] == "a:1"
    assert span.end - span.start == 1_500_000_000


@pytest.mark.parametrize("trace", ["", UNSAMPLED, "Root=1-0;Sampled=1", SENT.partition(";")[0]])
def test_what_is_not_sampled_has_no_span(tracer, trace):
    assert tracer.begin(trace) is None
    assert tracer.begin_after([trace, trace]) is None


def test_work_on_one_message_is_below_its_sender(tracer, recorded):
    tracer.begin_after([SENT]).close("process q", "consumer", {})
    assert (recorded[0].trace_id, recorded[0].links) == (TRACE, ())


def test_work_on_several_is_a_trace_with_a_link_to_each_that_is_sampled(tracer, recorded):
    tracer.begin_after([SENT, UNSAMPLED, "", OTHER]).close("process q", "consumer", {})
    (span,) = recorded
    assert span.links == (
        Link(TRACE, "53995c3f42cd8ad8"),
        Link("6" + TRACE[1:], "63995c3f42cd8ad8"),
    )
    assert (span.parent_id, span.trace_id[:8]) == ("", f"{1_763_632_800:08x}")


@pytest.mark.parametrize(
    ("share", "sampled"), [(0.0, False), (0.001, False), (0.5, True), (1.0, True)]
)
def test_a_share_of_what_nobody_has_asked_for_is_sampled(share, sampled):
    tracer = Tracer(print, Clock(), share=share, random_bytes=lambda count: b"\x01" * count)
    assert read_amazon(tracer.new()).sampled is sampled
