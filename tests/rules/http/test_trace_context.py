"""traceparent and X-Amzn-Trace-Id: what is read of them, which wins, what is passed on."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.trace_context import (
    extend_amazon,
    keeps_baggage,
    keeps_tracestate,
    read_amazon,
    read_caller,
    read_traceparent,
    write_amazon,
    write_root,
    write_traceparent,
)

TRACE = "5759e988bd862e3fe1be46a994272793"
SPAN = "53995c3f42cd8ad8"
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
OURS = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        pytest.param(f"00-{TRACE}-{SPAN}-01", True, id="sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-00", False, id="not sampled"),
        pytest.param(f"00-{TRACE}-{SPAN}-03", True, id="sampled, random id"),
        pytest.param(f"00-{TRACE}-{SPAN}-02", False, id="random id"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01", True, id="a later version"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01-what-the-future", True, id="a later version with more"),
    ],
)
def test_a_traceparent_is_read(value, sampled):
    assert read_traceparent(value)[:3] == (TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="absent"),
        pytest.param(f"00-{TRACE.upper()}-{SPAN}-01", id="upper case"),
        pytest.param(f"00-{'0' * 32}-{SPAN}-01", id="no trace"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01", id="no span"),
        pytest.param(f"ff-{TRACE}-{SPAN}-01", id="version ff"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-more", id="version 00 with more"),
        pytest.param(f"00-{TRACE}-{SPAN}-01-", id="version 00 with a dash"),
        pytest.param(f"cc-{TRACE}-{SPAN}-01.more", id="more without a dash"),
        pytest.param(f"00-{TRACE[1:]}-{SPAN}-01", id="too short"),
        pytest.param(f"00-{TRACE}-{SPAN}-1", id="short flags"),
        pytest.param(f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01", id="sent twice"),
        pytest.param(f" 00-{TRACE}-{SPAN}-01", id="blank before"),
    ],
)
def test_a_malformed_traceparent_is_none(value):
    assert read_traceparent(value) is None


@pytest.mark.parametrize(
    ("value", "span", "sampled"),
    [
        (f"{ROOT};Parent={SPAN};Sampled=1", SPAN, True),
        (f"{ROOT};Parent={SPAN};Sampled=0", SPAN, False),
        (f"{ROOT};Parent={SPAN};Sampled=?", SPAN, None),
        (f"{ROOT}; Parent={SPAN.upper()}", SPAN, None),
        (ROOT, "", None),
        (f"Self=1-67891234-12456789abcdef012345678;{ROOT};Lineage=a:1", "", None),
        (f"{ROOT};Parent=short", "", None),
    ],
)
def test_an_amazon_trace_id_is_read(value, span, sampled):
    assert read_amazon(value)[:3] == (TRACE, span, sampled)


@pytest.mark.parametrize(
    "value",
    [
        *("", "nonsense", "Root=1-x", "Parent=53995c3f42cd8ad8", f"{ROOT};a b", f"{ROOT}\r\nx: y"),
        "Root=1-00000000-000000000000000000000000",
    ],
)
def test_a_malformed_amazon_trace_id_is_none(value):
    assert read_amazon(value) is None


@pytest.mark.parametrize(
    ("traceparent", "amazon", "trace"),
    [
        pytest.param(f"00-{'a' * 32}-{SPAN}-01", ROOT, "a" * 32, id="both"),
        pytest.param(f"00-{'A' * 32}-{SPAN}-01", ROOT, TRACE, id="a malformed one does not win"),
        pytest.param("", ROOT, TRACE, id="only amazon's"),
        pytest.param("x", "y", None, id="neither"),
    ],
)
def test_a_valid_traceparent_wins(traceparent, amazon, trace):
    caller = read_caller(traceparent, amazon)
    assert (caller and caller.trace_id) == trace


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        (f"{ROOT};Parent={SPAN};Sampled=1", f"{ROOT};Parent={SPAN};Sampled=1"),
        (f"{ROOT};Lineage=a:1", f"{ROOT};Parent={OURS};Lineage=a:1"),
        (ROOT, f"{ROOT};Parent={OURS}"),
        (f"{ROOT}; Sampled=0", f"{ROOT};Parent={OURS};Sampled=0"),
        (f"Self=1-a;{ROOT}", f"{ROOT};Parent={OURS};Self=1-a"),
    ],
)
def test_what_came_is_kept_and_gets_a_parent(received, shown):
    assert extend_amazon(read_amazon(received).amazon, OURS, replace=False) == shown


def test_behind_a_span_of_ours_the_parent_is_ours():
    members = read_amazon(f"{ROOT};Parent={SPAN};Sampled=?;Lineage=a:1").amazon
    extended = extend_amazon(members, OURS, replace=True)
    assert extended == f"{ROOT};Parent={OURS};Sampled=1;Lineage=a:1"


ids = st.text("0123456789abcdef", min_size=32, max_size=32).filter(lambda text: text.strip("0"))


@given(trace=ids, span=ids, sampled=st.booleans())
def test_a_trace_is_the_same_in_both_forms(trace, span, sampled):
    span = "1" + span[1:16]
    parent = read_traceparent(write_traceparent(trace, span, sampled=sampled))
    amazon = read_amazon(write_amazon(trace, span, sampled=sampled))
    assert parent[:3] == amazon[:3] == (trace, span, sampled)
    assert re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", write_root(trace))


@given(st.text(max_size=100), st.text(max_size=100))
def test_whatever_comes_is_read_or_refused(traceparent, amazon):
    caller = read_caller(traceparent, amazon)
    assert caller is None or len(caller.trace_id) == 32


@pytest.mark.parametrize(("members", "kept"), [(1, True), (32, True), (33, False)])
def test_a_tracestate_has_at_most_32_members(members, kept):
    assert keeps_tracestate(",".join(["a=1"] * members)) is kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b"a=1", True),
        (b",".join([b"a=1"] * 64), True),
        (b",".join([b"a=1"] * 65), False),
        (b"a=" + b"1" * 8190, True),
        (b"a=" + b"1" * 8191, False),
    ],
)
def test_baggage_is_bounded(value, kept):
    assert keeps_baggage(value) is kept
