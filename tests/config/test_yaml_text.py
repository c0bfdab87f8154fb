"""What is written as YAML reads back as it was, and looks as people write it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frontdesk.config.yaml_source import read_yaml
from frontdesk.config.yaml_text import write_yaml

_TEXT = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    [
        "no",
        "on",
        "12:30",
        "010",
        "0o17",
        "0x1f",
        "1e5",
        "1.0",
        "~",
        "null",
        "",
        "a: b",
        "- a",
        "#",
        "4\\d",
    ]
)
_VALUE = st.recursive(
    _TEXT | st.integers(-(10**17), 10**17) | st.booleans() | st.none() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(_TEXT, _VALUE, max_size=4))
@example({"a": "x\n  y \n\nz"})
@example({"a": "\n"})
@example({"a": " x\n"})
@example({"a": 1e-7})
@example({"a": "\ufeffx\u2028"})
def test_what_is_written_reads_back(value):
    tree, findings = read_yaml(write_yaml(value).encode(), "x")
    assert findings == []
    assert tree.value == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": ["x"]}, "b: 1\na:\n  - x\n"),
        ({"a": "x\ny\n"}, "a: |\n  x\n  y\n"),
        ({"a": "1.0"}, 'a: "1.0"\n'),
        ({"a": "0o17"}, 'a: "0o17"\n'),
        ({"a": "ü"}, "a: ü\n"),
    ],
)
def test_it_looks_as_people_write_it(value, text):
    assert write_yaml(value) == text
