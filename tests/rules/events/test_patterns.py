"""Event patterns: what fits, and what is none."""

import pytest

from frontdesk.rules.events.patterns import PatternError, compile_pattern

EVENT = {
    "type": "payment.completed",
    "amount": 12.5,
    "n": 1,
    "ok": True,
    "none": None,
    "empty": "",
    "tags": ["a", "b"],
    "data": {"id": "x", "deep": {"er": 3}},
    "address": "10.0.0.7",
    "path": "a/*/c",
    "items": [{"kind": "a", "n": 1}, {"kind": "b", "n": 2}],
}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"type": ["payment.completed"]}, True),
        ({"type": ["other", "payment.completed"]}, True),
        ({"type": ["other"]}, False),
        ({"type": ["payment.completed"], "n": [1]}, True),
        ({"type": ["payment.completed"], "n": [2]}, False),
        ({"missing": ["x"]}, False),
        ({"n": [1.0]}, True),
        ({"n": ["1"]}, False),
        ({"n": [True]}, False),
        ({"ok": [True]}, True),
        ({"ok": [1]}, False),
        ({"none": [None]}, True),
        ({"missing": [None]}, False),
        ({"empty": [""]}, True),
        ({"tags": ["b"]}, True),
        ({"tags": ["c"]}, False),
        ({"data": {"id": ["x"], "deep": {"er": [3]}}}, True),
        ({"data": {"id": ["y"]}}, False),
        ({"type": {"id": ["x"]}}, False),
        ({"type": [{"prefix": "payment."}]}, True),
        ({"type": [{"prefix": "refund."}]}, False),
        ({"n": [{"prefix": "1"}]}, False),
        ({"type": [{"suffix": ".completed"}]}, True),
        ({"type": [{"equals-ignore-case": "PAYMENT.completed"}]}, True),
        ({"missing": [{"exists": False}]}, True),
        ({"missing": [{"exists": True}]}, False),
        ({"none": [{"exists": True}]}, True),
        ({"type": [{"anything-but": "refund"}]}, True),
        ({"type": [{"anything-but": ["refund", "payment.completed"]}]}, False),
        ({"type": [{"anything-but": {"prefix": "payment"}}]}, False),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"amount": [{"numeric": [">=", 12, "<", 13]}]}, True),
        ({"amount": [{"numeric": [">", 12.5]}]}, False),
        ({"amount": [{"numeric": ["=", 12.5]}]}, True),
        ({"ok": [{"numeric": ["=", 1]}]}, False),
        ({"type": [{"numeric": ["<", 1]}]}, False),
        ({"type": [{"prefix": {"equals-ignore-case": "PAY"}}]}, True),
        ({"type": [{"suffix": {"equals-ignore-case": "PAY"}}]}, False),
        ({"n": [{"suffix": {"equals-ignore-case": "1"}}]}, False),
        ({"type": [{"anything-but": {"prefix": ["refund", "payment"]}}]}, False),
        ({"type": [{"anything-but": {"suffix": ["a", "b"]}}]}, True),
        ({"type": [{"wildcard": "pay*.*ted"}]}, True),
        ({"type": [{"wildcard": "*ment"}]}, False),
        ({"type": [{"wildcard": "payment.completed"}]}, True),
        ({"type": [{"wildcard": "payment.completed*completed"}]}, False),
        ({"path": [{"wildcard": r"a/\*/*"}]}, True),
        ({"type": [{"wildcard": r"\*"}]}, False),
        ({"address": [{"cidr": "10.0.0.0/24"}]}, True),
        ({"address": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"type": [{"cidr": "10.0.1.0/24"}]}, False),
        ({"$or": [{"n": [2]}, {"type": [{"prefix": "pay"}]}]}, True),
        ({"$or": [{"n": [2]}, {"n": [3]}]}, False),
        ({"n": [1], "$or": [{"ok": [False]}, {"data": {"id": ["x"]}}]}, True),
        ({"items": {"kind": ["b"], "n": [2]}}, True),
        ({"items": {"kind": ["b"], "n": [1]}}, False),
    ],
    ids=str,
)
def test_a_pattern_fits_or_not(pattern, fits):
    assert compile_pattern(pattern)(EVENT) is fits


@pytest.mark.parametrize("event", [None, "text", 5, []])
def test_what_is_no_object_has_no_keys(event):
    assert not compile_pattern({"a": ["b"]})(event)
    assert compile_pattern({"a": [{"exists": False}]})(event)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ({}, "a pattern with keys"),
        ({"a": {}}, "a pattern with keys at a"),
        ({"a": "b"}, "a list of values, or a mapping at a"),
        ({"a": []}, "a list of values, or a mapping at a"),
        ({"a": {"b": [["c"]]}}, "texts, numbers, true, false or null at a.b"),
        ({"a": [{}]}, "one comparison at a"),
        ({"a": [{"sufix": "b"}]}, "one of prefix, suffix"),
        ({"a": [{"prefix": 5}]}, "a text at a"),
        ({"a": [{"exists": "yes"}]}, "true or false for exists at a"),
        ({"a": [{"anything-but": []}]}, "values for anything-but at a"),
        ({"a": [{"numeric": [">"]}]}, "numeric such as"),
        ({"a": [{"numeric": ["~", 1]}]}, "numeric such as"),
        ({"a": [{"numeric": [">", "1"]}]}, "numeric such as"),
        ({"a": [{"numeric": 5}]}, "numeric such as"),
        ({"a": [{"wildcard": "a**b"}]}, "a text with single \\* for wildcard at a"),
        ({"a": [{"cidr": "somewhere"}]}, "a network such as 10.0.0.0/24 at a"),
        ({"$or": "a"}, "a list of patterns for \\$or"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, told):
    with pytest.raises(PatternError, match=f"expected {told}"):
        compile_pattern(pattern)
