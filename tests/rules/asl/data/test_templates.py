"""Payload templates: what is looked up, and what stays as it is written."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.asl.data.templates import fill
from frontdesk.rules.lang.chance import Chance

DATA = {"id": 7, "names": ["Ada", "Bob"]}
SCOPE = Scope(lambda: {"Execution": {"Id": "arn"}}, {"n": 3}, 0, Chance(b""))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ({}, {}),
        ({"id.$": "$.id"}, {"id": 7}),
        ({"id": "$.id"}, {"id": "$.id"}),
        ({"all.$": "$"}, {"all": DATA}),
        ({"a": {"b": [{"c.$": "$.names[0]"}, "$.id"]}}, {"a": {"b": [{"c": "Ada"}, "$.id"]}}),
        ({"x.$": "$$.Execution.Id", "n.$": "$n"}, {"x": "arn", "n": 3}),
        ({"text.$": "States.Format('no. {}', $.id)"}, {"text": "no. 7"}),
        ({"constant": "States.Format('no. {}', $.id)"}, {"constant": "States.Format('no. {}', $.id)"}),
        ({"some.$": "$.names[5:]"}, {"some": []}),
        ({".$": "$.id"}, {"": 7}),
        ({"null": None, "number": 1.0, "flag": False}, {"null": None, "number": 1.0, "flag": False}),
        ([1, {"a.$": "$.id"}], [1, {"a": 7}]),
        ("$.id", "$.id"),
    ],
)  # fmt: skip
def test_a_template_gives(template, value):
    assert fill(template, DATA, SCOPE) == value


@pytest.mark.parametrize("value", [7, None, {"a": 1}, "id", "", "$.", "States.Nothing()"])
def test_what_is_no_path_fails(value):
    with pytest.raises(StateError) as caught:
        fill({"a": {"id.$": value}}, DATA, SCOPE)
    assert caught.value.name == "States.Runtime"


json_values = st.recursive(
    st.none() | st.booleans() | st.text("$.{%}a", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.$", max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(json_values)
def test_no_template_raises_anything_else(template):
    with contextlib.suppress(StateError):
        fill(template, DATA, SCOPE)
