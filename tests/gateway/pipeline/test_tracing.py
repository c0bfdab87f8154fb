"""The trace that an exchange belongs to, and what is passed on of it."""

import pytest

from frontdesk.gateway.pipeline.tracing import AUTHORIZER, CALLED, Traces
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.rules.http.trace_context import read_amazon, read_traceparent

TRACE = "5759e988bd862e3fe1be46a994272793"
SPAN = "53995c3f42cd8ad8"
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
PEER = "192.0.2.1"
ALL = Traces(share=1.0, exports=True)
NONE = Traces(share=0.0, exports=True)
UNSENT = Traces()


@pytest.fixture
def begin(make_exchange):
    def begin(traces, fields=(), **facts):
        ex = make_exchange([(name.encode(), value.encode()) for name, value in fields], **facts)
        traces.begin(ex)
        return ex

    return begin


def names(ex):
    return [name.decode() for name, _ in ex.fields]


def test_a_new_trace_begins_with_the_second_so_that_both_forms_are_valid(begin):
    ex = begin(UNSENT, time=0x5759E988 + 0.5)
    assert ex.trace_id.startswith("5759e988")
    assert read_traceparent(ex.traceparent)[:1] == (ex.trace_id,)
    assert read_amazon(UNSENT.amazon(ex, CALLED)).trace_id == ex.trace_id
    assert ex.caller is None
    assert not ex.sampled


def test_what_nobody_else_began_a_trace_for_has_one_as_soon_as_it_is_asked(make_exchange):
    ex = make_exchange(time=0x5759E988 + 0.5)
    UNSENT.begin_own(ex)
    assert ex.trace == ""
    assert ex.trace_id.startswith("5759e988")
    assert ex.traceparent == ex.traceparent == ex.trace
    assert not ex.sampled


@pytest.mark.parametrize(("traces", "sampled"), [(ALL, True), (NONE, False)], ids=["all", "none"])
def test_where_spans_are_sent_it_is_decided_at_once(make_exchange, traces, sampled):
    ex = make_exchange()
    traces.begin_own(ex)
    assert ex.trace
    assert ex.sampled is sampled


def test_no_two_traces_are_the_same(begin):
    found = {begin(UNSENT).trace_id for _ in range(1000)}
    assert len(found) == 1000


@pytest.mark.parametrize(
    ("share", "low", "high"), [(0.0, 0, 0), (0.1, 50, 200), (0.5, 400, 600), (1.0, 1000, 1000)]
)
def test_as_many_are_sampled_as_the_file_says(begin, share, low, high):
    blocks = iter(range(10**6))  # not random, but spread evenly

    def spread(count):
        return b"".join(
            (next(blocks) * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big")
            for _ in range(count // 8)
        )

    traces = Traces(share=share, exports=True, random_bytes=spread)
    sampled = [begin(traces) for _ in range(1000)]
    assert low <= sum(ex.sampled for ex in sampled) <= high
    assert all(ex.traceparent.endswith("-01" if ex.sampled else "-00") for ex in sampled)


@pytest.mark.parametrize(
    ("traces", "flags", "sampled", "span"),
    [
        pytest.param(ALL, "01", True, None, id="the caller records: so do we, and stand between"),
        pytest.param(NONE, "01", True, None, id="whatever our share"),
        pytest.param(ALL, "00", False, SPAN, id="the caller does not: nor do we"),
        pytest.param(UNSENT, "01", True, SPAN, id="our spans go nowhere: we do not stand between"),
    ],
)
def test_the_callers_decision_holds(begin, traces, flags, sampled, span):
    ex = begin(traces, [("TraceParent", f"00-{TRACE}-{SPAN}-{flags}")])
    passed = read_traceparent(ex.traceparent)
    assert (ex.trace_id, ex.sampled) == (TRACE, sampled)
    assert passed == (TRACE, span or CALLED + ex.span_id[1:], flags == "01", None)
    assert names(ex) == []  # it is written anew
    assert b"traceparent" not in ex.headers


@pytest.mark.parametrize("asked", ["", ";Sampled=?"])
def test_what_amazon_leaves_open_is_decided_here(begin, asked):
    assert begin(ALL, [("X-Amzn-Trace-Id", ROOT + asked)]).sampled
    assert not begin(NONE, [("X-Amzn-Trace-Id", ROOT + asked)]).sampled


def test_amazons_field_is_passed_on_beside_the_standard_one(begin):
    ex = begin(UNSENT, [("X-Amzn-Trace-Id", f"{ROOT};Parent={SPAN};Sampled=1")])
    assert ex.traceparent == f"00-{TRACE}-{SPAN}-01"
    assert names(ex) == ["X-Amzn-Trace-Id"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([("traceparent", "00-x")], id="traceparent"),
        pytest.param([("traceparent", f"00-{'0' * 32}-{SPAN}-01")], id="all zero"),
        pytest.param([("x-amzn-trace-id", "Root=1")], id="amazon"),
        pytest.param([("traceparent", "00-x"), ("tracestate", "a=1")], id="its state goes too"),
        pytest.param([("tracestate", "a=1")], id="state alone"),
    ],
)
def test_what_is_malformed_begins_a_new_trace_and_is_not_passed_on(begin, sent):
    ex = begin(UNSENT, sent)
    assert ex.caller is None
    assert read_traceparent(ex.traceparent) is not None
    assert names(ex) == []


@pytest.mark.parametrize(("members", "kept"), [(32, True), (33, False)])
def test_a_state_is_passed_on_with_its_trace(begin, members, kept):
    state = ",".join(["a=1"] * members)
    ex = begin(UNSENT, [("traceparent", f"00-{TRACE}-{SPAN}-00"), ("Tracestate", state)])
    assert names(ex) == (["Tracestate"] if kept else [])


@pytest.mark.parametrize(
    ("trusted", "baggage", "kept"),
    [
        pytest.param((), "a=1", False, id="of anybody"),
        pytest.param((PEER,), "a=1", True, id="of a trusted proxy"),
        pytest.param((PEER,), "a=" + "1" * 8191, False, id="too large"),
    ],
)
def test_baggage_is_passed_on_for_trusted_peers_only(begin, trusted, baggage, kept):
    traces = Traces(trusted=TrustedProxies(trusted))
    ex = begin(traces, [("Accept", "*/*"), ("Baggage", baggage)])
    assert names(ex) == (["Accept", "Baggage"] if kept else ["Accept"])
    assert (b"baggage" in ex.headers) is kept


@pytest.mark.parametrize(
    ("traces", "sent", "shown"),
    [
        pytest.param(UNSENT, [], "Root=1-{root}", id="new"),
        pytest.param(ALL, [], "Root=1-{root};Parent={called};Sampled=1", id="new, recorded"),
        pytest.param(NONE, [], "Root=1-{root};Sampled=0", id="new, not recorded"),
        pytest.param(
            ALL,
            [("x-amzn-trace-id", f"{ROOT};Parent={SPAN};Sampled=0")],
            f"{ROOT};Parent={SPAN};Sampled=0",
            id="amazon's, not recorded",
        ),
        pytest.param(
            UNSENT,
            [("traceparent", f"00-{TRACE}-{SPAN}-01"), ("x-amzn-trace-id", "Root=1-0-0")],
            ROOT + f";Parent={SPAN};Sampled=1",
            id="traceparent wins",
        ),
        pytest.param(
            ALL,
            [("traceparent", f"00-{TRACE}-{SPAN}-01")],
            ROOT + ";Parent={called};Sampled=1",
            id="traceparent, recorded",
        ),
        pytest.param(
            UNSENT,
            [("x-amzn-trace-id", f"{ROOT};Parent={SPAN};Sampled=0;Lineage=a:1")],
            f"{ROOT};Parent={SPAN};Sampled=0;Lineage=a:1",
            id="amazon's is kept",
        ),
        pytest.param(
            ALL,
            [("x-amzn-trace-id", f"{ROOT};Parent={SPAN};Sampled=1;Lineage=a:1")],
            ROOT + ";Parent={called};Sampled=1;Lineage=a:1",
            id="amazon's, recorded",
        ),
    ],
)
def test_functions_are_shown_amazons_form(begin, traces, sent, shown):
    ex = begin(traces, sent)
    root = f"{ex.trace_id[:8]}-{ex.trace_id[8:]}"
    assert traces.amazon(ex, CALLED) == shown.format(root=root, called="c" + ex.span_id[1:])


def test_recorded_spans_of_authorizer_and_function_are_different_ones(begin):
    ex = begin(ALL)
    assert ALL.amazon(ex, AUTHORIZER) != ALL.amazon(ex, CALLED)


def test_functions_have_a_trace_even_where_requests_are_not_traced(make_exchange):
    ex = make_exchange()
    assert UNSENT.amazon(ex, CALLED) == UNSENT.amazon(ex, AUTHORIZER)
