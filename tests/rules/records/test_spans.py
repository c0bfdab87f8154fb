"""Conditions of sort keys are spans of texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.records.refusals import InvalidRecordError
from frontdesk.rules.records.spans import EVERYTHING, Span, read_span

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


def span(expression, **values):
    return read_span(
        {"expression": expression, "values": {f":{name}": value for name, value in values.items()}}
    )


@given(TEXTS.filter(bool), TEXTS)
def test_a_prefix_is_a_span(prefix, text):
    found = span("begins_with(sk, :p)", p=prefix)
    assert found.holds(text) is text.startswith(prefix)
    assert found.holds(prefix + text)


def test_a_prefix_of_last_characters_has_no_end():
    last = chr(0x10FFFF)
    assert span("begins_with(sk, :p)", p=last) == Span(last, None)
    assert span("begins_with(sk, :p)", p="a" + last) == Span("a" + last, "b")
    assert span("begins_with(sk, :p)", p="\ud7ff") == Span("\ud7ff", "\ue000")


@given(TEXTS, TEXTS, TEXTS)
def test_comparisons(text, a, b):
    assert span("sk = :a", a=a).holds(text) is (text == a)
    assert span("sk < :a", a=a).holds(text) is (text < a)
    assert span("sk <= :a", a=a).holds(text) is (text <= a)
    assert span("sk > :a", a=a).holds(text) is (text > a)
    assert span("  sk>=:a ", a=a).holds(text) is (text >= a)
    assert span("sk between :a and :b", a=a, b=b).holds(text) is (a <= text <= b)


@given(TEXTS, TEXTS, TEXTS, st.booleans())
def test_behind_a_text_is_what_comes_after_it(text, a, start, descending):
    whole = span("sk >= :a", a=a)
    left = whole.behind(start, descending=descending)
    is_behind = text < start if descending else text > start
    assert left.holds(text) is (whole.holds(text) and is_behind)


def test_without_a_condition_it_is_everything():
    assert read_span(None) == EVERYTHING


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({}, "expected"),
        ({"expression": "sk = :a"}, "expected"),
        ({"expression": "sk = :a", "values": {}}, ":a"),
        ({"expression": "sk = :a", "values": {":a": 5}}, ":a"),
        ({"expression": "pk = :a", "values": {":a": "x"}}, "no condition"),
        ({"expression": "sk <> :a", "values": {":a": "x"}}, "no condition"),
        ({"expression": "contains(sk, :a)", "values": {":a": "x"}}, "no condition"),
        ({"expression": "sk = :a; DROP", "values": {":a": "x"}}, "no condition"),
    ],
)
def test_what_is_no_condition(condition, words):
    with pytest.raises(InvalidRecordError, match=words):
        read_span(condition)
