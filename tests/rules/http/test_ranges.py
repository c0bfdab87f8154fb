import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.dates import write_date
from frontdesk.rules.http.ranges import Part, Representation, Whole, decide

MODIFIED = 784_111_777
STORED = Representation(b'"abc"', MODIFIED, 1000)
WEAK = Representation(b'W/"abc"', MODIFIED, 1000)
SAME = write_date(MODIFIED)
BEFORE = write_date(MODIFIED - 1)
AFTER = write_date(MODIFIED + 1)
NOW = MODIFIED + 3600.0

SEND, SAME_STILL = Whole.SEND, Whole.NOT_MODIFIED
FAILED, NO_SUCH_RANGE = Whole.PRECONDITION_FAILED, Whole.NOT_SATISFIABLE

CONDITIONS = {
    "none": ({}, SEND),
    "if-match": ({b"if-match": b'"abc"'}, SEND),
    "if-match any": ({b"if-match": b"*"}, SEND),
    "if-match list": ({b"if-match": b'"x", "abc"'}, SEND),
    "if-match other": ({b"if-match": b'"x"'}, FAILED),
    "if-match weak": ({b"if-match": b'W/"abc"'}, FAILED),
    "if-match rubbish": ({b"if-match": b"abc"}, FAILED),
    "if-unmodified-since same": ({b"if-unmodified-since": SAME}, SEND),
    "if-unmodified-since before": ({b"if-unmodified-since": BEFORE}, FAILED),
    "if-unmodified-since rubbish": ({b"if-unmodified-since": b"yesterday"}, SEND),
    "if-match beats if-unmodified-since": (
        {b"if-match": b'"abc"', b"if-unmodified-since": BEFORE},
        SEND,
    ),
    "if-none-match": ({b"if-none-match": b'"abc"'}, SAME_STILL),
    "if-none-match weak": ({b"if-none-match": b'W/"abc"'}, SAME_STILL),
    "if-none-match any": ({b"if-none-match": b"*"}, SAME_STILL),
    "if-none-match list": ({b"if-none-match": b'"x",W/"y" , "abc"'}, SAME_STILL),
    "if-none-match with comma in a tag": ({b"if-none-match": b'"x,abc", "y"'}, SEND),
    "if-none-match other": ({b"if-none-match": b'"x"'}, SEND),
    "if-modified-since same": ({b"if-modified-since": SAME}, SAME_STILL),
    "if-modified-since after": ({b"if-modified-since": AFTER}, SAME_STILL),
    "if-modified-since before": ({b"if-modified-since": BEFORE}, SEND),
    "if-modified-since rubbish": ({b"if-modified-since": b"\xff"}, SEND),
    "if-none-match beats if-modified-since": (
        {b"if-none-match": b'"x"', b"if-modified-since": SAME},
        SEND,
    ),
    "if-match comes first": ({b"if-match": b'"x"', b"if-none-match": b'"abc"'}, FAILED),
    "304 comes before a range": ({b"if-none-match": b'"abc"', b"range": b"bytes=0-1"}, SAME_STILL),
}


@pytest.mark.parametrize(("headers", "verdict"), CONDITIONS.values(), ids=CONDITIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(method, headers, verdict):
    assert decide(method, headers, STORED, NOW) is verdict


def test_a_weak_tag_is_no_strong_match():
    assert decide("GET", {b"if-match": b'W/"abc"'}, WEAK, NOW) is FAILED
    assert decide("GET", {b"if-none-match": b'"abc"'}, WEAK, NOW) is SAME_STILL


RANGES = {
    "first bytes": (b"bytes=0-99", Part(0, 99)),
    "one byte": (b"bytes=7-7", Part(7, 7)),
    "from here": (b"bytes=900-", Part(900, 999)),
    "beyond the end is cut": (b"bytes=900-5000", Part(900, 999)),
    "last bytes": (b"bytes=-100", Part(900, 999)),
    "more than all last bytes": (b"bytes=-5000", Part(0, 999)),
    "unit in capitals": (b"Bytes=0-1", Part(0, 1)),
    "after the end": (b"bytes=1000-", NO_SUCH_RANGE),
    "no last bytes": (b"bytes=-0", NO_SUCH_RANGE),
    "backwards is malformed": (b"bytes=5-4", SEND),
    "several": (b"bytes=0-1,5-6", SEND),
    "other unit": (b"lines=0-1", SEND),
    "no bounds": (b"bytes=-", SEND),
    "no number": (b"bytes=a-b", SEND),
    "signs": (b"bytes=+1-2", SEND),
    "huge": (b"bytes=0-" + b"9" * 5000, SEND),
    "empty": (b"", SEND),
}


@pytest.mark.parametrize(("wanted", "verdict"), RANGES.values(), ids=RANGES)
def test_ranges(wanted, verdict):
    assert decide("GET", {b"range": wanted}, STORED, NOW) == verdict


def test_head_has_no_ranges():
    assert decide("HEAD", {b"range": b"bytes=5000-"}, STORED, NOW) is SEND


@pytest.mark.parametrize("wanted", [b"bytes=0-", b"bytes=0-0", b"bytes=-1"])
def test_nothing_has_no_ranges(wanted):
    empty = Representation(b'"e"', MODIFIED, 0)
    assert decide("GET", {b"range": wanted}, empty, NOW) is NO_SUCH_RANGE


@pytest.mark.parametrize(
    ("if_range", "stored", "part"),
    [
        (b'"abc"', STORED, True),
        (b'"x"', STORED, False),
        (b'W/"abc"', STORED, False),
        (b'W/"abc"', WEAK, False),
        (SAME, STORED, True),
        (BEFORE, STORED, False),
        (AFTER, STORED, False),
        (b"rubbish", STORED, False),
    ],
)
def test_if_range_sends_a_part_only_of_the_same_thing(if_range, stored, part):
    verdict = decide("GET", {b"range": b"bytes=0-9", b"if-range": if_range}, stored, NOW)
    assert verdict == (Part(0, 9) if part else SEND)


@given(
    st.binary(max_size=30) | st.from_regex(rb"bytes=\d{0,6}-\d{0,6}", fullmatch=True),
    st.integers(0, 99),
)
def test_a_part_is_always_inside(wanted, length):
    verdict = decide("GET", {b"range": wanted}, Representation(b'"e"', 0, length), NOW)
    if isinstance(verdict, Part):
        assert 0 <= verdict.first <= verdict.last < length
