"""JSONata in states: what is an expression, what it sees, how it fails."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.expressions import (
    States,
    evaluate_field,
    evaluate_template,
    expression_of,
    is_expression,
    type_of,
)
from frontdesk.rules.asl.data.scope import Scope
from frontdesk.rules.lang.chance import Chance

SCOPE = Scope(lambda: {"State": {"Name": "Ask"}}, {"x": 5, "none": None}, 1_000, Chance(b""))
SEEN = States({"id": 7, "list": [1, 2]})


def failure(call, *arguments):
    with pytest.raises(StateError) as caught:
        call(*arguments, SEEN, SCOPE)
    assert caught.value.name == "States.QueryEvaluationError"
    return caught.value.cause


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("{% 1 %}", True),
        ("{%1%}", True),
        ("{%%}", True),
        (" {% 1 %}", False),
        ("{% 1 %} ", False),
        ("{%}", False),
        ("{% 1", False),
        ("x{% 1 %}", False),
        (1, False),
        (None, False),
    ],
)
def test_an_expression_is_told_by_its_marks(value, found):
    assert is_expression(value) is found


def test_an_expression_is_shown_without_its_marks():
    assert expression_of("{%  $x + 1 %}") == "$x + 1"


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{% $x %}", 5),
        ("{% $none %}", None),
        ("{% $states.input %}", {"id": 7, "list": [1, 2]}),
        ("{% $states.context.State.Name %}", "Ask"),
        ("{% $millis() %}", 1_000),
        (" {% $x %}", " {% $x %}"),
        ({"a.$": "$.id", "b": ["{% $x %}", {"c": "{% $states.input.id %}"}]}, {"a.$": "$.id", "b": [5, {"c": 7}]}),
        ([1, 0.0, None], [1, 0.0, None]),
    ],
)  # fmt: skip
def test_a_template_gives(template, value):
    assert evaluate_template(template, "Output", SEEN, SCOPE) == value


@pytest.mark.parametrize(
    ("seen", "members"),
    [
        (States(1), ["context", "input"]),
        (States(1, result=None), ["context", "input", "result"]),
        (States(1, error_output={}), ["context", "errorOutput", "input"]),
    ],
)
def test_members_exist_where_they_should(seen, members):
    assert sorted(evaluate_template("{% $keys($states) %}", "Output", seen, SCOPE)) == members


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        (
            "{% $doesNotExist %}",
            "The JSONata expression '$doesNotExist' specified for the field 'Output' returned nothing (undefined).",
        ),
        (
            {"a": {"b": ["{% $states.result %}"]}},
            "The JSONata expression '$states.result' specified for the field 'Output/a/b[0]' returned nothing (undefined).",
        ),
        (
            {"FunctionResult": "{% $randomSeeded(1) %}"},
            "The JSONata expression '$randomSeeded(1)' specified for the field 'Output/FunctionResult' threw an error during evaluation. T1006: Attempted to invoke a non-function",
        ),
        (
            "{% $sum %}",
            "The JSONata expression '$sum' specified for the field 'Output' returned an unsupported result type.",
        ),
    ],
)
def test_a_failure_names_expression_and_field(template, cause):
    assert failure(evaluate_template, template, "Output") == cause


@pytest.mark.parametrize(
    ("value", "expected", "found"),
    [
        ("{% $x %}", "number", 5),
        (5, "number", 5),
        ("{% true %}", "boolean", True),
        ([], "array", []),
    ],
)
def test_a_field_of_the_right_type_is_taken(value, expected, found):
    assert evaluate_field(value, "Items", expected, SEEN, SCOPE) == found


@pytest.mark.parametrize(
    ("value", "was"),
    [
        ("{% 1 %}", "The JSONata expression '1' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for value: 1"),
        ("{% null %}", "The JSONata expression 'null' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'null' for value: null"),
        ("{% {'a': 'b'} %}", "The JSONata expression '{'a': 'b'}' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'object' for value: {\"a\":\"b\"}"),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_refused(value, was):
    assert failure(evaluate_field, value, "Items", "array") == was


@pytest.mark.parametrize(
    ("value", "name"),
    [(1, "number"), (1.5, "number"), (True, "boolean"), ("", "string"), ({}, "object"), ([], "array"), (None, "null")],
)  # fmt: skip
def test_types_have_their_names_of_json(value, name):
    assert type_of(value) == name


@given(st.text(max_size=20))
def test_no_expression_raises_anything_else(text):
    with contextlib.suppress(StateError):
        evaluate_template(f"{{%{text}%}}", "Output", SEEN, SCOPE)
