"""JSON as people write it: what the tolerant reader takes, and what it refuses."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.tolerant_json import TolerantJsonError, read_tolerant

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"statusCode": 200}', {"statusCode": 200}),
        ("{statusCode: 200}", {"statusCode": 200}),
        ("{'statusCode': 200}", {"statusCode": 200}),
        ("{statusCode: 200,}", {"statusCode": 200}),
        ("\n{\n  statusCode : 200\n}\n", {"statusCode": 200}),
        ('{statusCode: "200"}', {"statusCode": "200"}),
        ("{statusCode: 0200}", {"statusCode": "0200"}),
        ("[1, -2.5, 1e3, ]", [1, -2.5, 1000.0]),
        ("{a: true, b: null, c: hello world}", {"a": True, "b": None, "c": "hello world"}),
        (r"{a: 'it\'s\n'}", {"a": "it's\n"}),
        (r"{a: 'é\u00e9'}", {"a": "éé"}),
        (r"{a: '\ud800'}", {"a": "\ufffd"}),
        ("200", 200),
        ("{}", {}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_read(text, value):
    assert read_tolerant(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a value, got the end"),
        ("{", "expected a value, got the end"),
        ("{a 1", "expected :, got the end"),
        ("{a: 1 'b'}", "expected , or }, got 'b'}"),
        ("[1 {", "expected , or ], got {"),
        ("{a: 'b", "text without closing quote, got 'b"),
        ("{} x", "expected the end, got x"),
        ("[,]", "expected a value, got ,]"),
        ("[" * 200, "nested deeper than 100"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_refused(text, message):
    with pytest.raises(TolerantJsonError) as refused:
        read_tolerant(text)
    assert message in str(refused.value)


@given(VALUES)
def test_all_json_is_read_as_json(value):
    assert read_tolerant(json.dumps(value)) == value


@given(st.text(alphabet="{}[]:,'\"\\ ab10.-e\n"))
def test_nothing_but_its_own_error_is_raised(text):
    with suppress(TolerantJsonError):
        read_tolerant(text)


def test_long_texts_take_no_more_than_one_pass():
    for text in ("a " * 100_000 + '"', "'" + "\\'" * 100_000, "{a:" + "b " * 100_000 + "'"):
        with pytest.raises(TolerantJsonError):
            read_tolerant(text)
