"""Choice: every operator against values of every type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.asl import run_local
from tests.rules.asl.machines import machine


def chosen(rule, given, **fields):
    run = run_local(
        machine(
            Choose={"Type": "Choice", "Choices": [rule | {"Next": "Yes"}], "Default": "No"}
            | fields,
            Yes={"Type": "Pass", "Result": True, "End": True},
            No={"Type": "Pass", "Result": False, "End": True},
        ),
        given,
    )
    return run.output if run.status == "SUCCEEDED" else (run.error, run.cause)


def holds(operator, operand, value):
    return chosen({"Variable": "$.x", operator: operand}, {"x": value})


EARLY, LATE = "2016-03-14T01:59:00Z", "2016-03-14T01:59:00.000000001Z"


@pytest.mark.parametrize(
    ("operator", "operand", "true_of", "false_of"),
    [
        ("StringEquals", "b", ["b"], ["a", "B", " b", "", 1, None, True, [], {}]),
        ("StringLessThan", "b", ["a", "", "B"], ["b", "c", 1, None]),
        ("StringGreaterThan", "b", ["c", "ba", "é"], ["b", "a", 3]),
        ("StringLessThanEquals", "b", ["a", "b"], ["c", None]),
        ("StringGreaterThanEquals", "b", ["b", "c"], ["a", []]),
        ("NumericEquals", 1, [1, 1.0], [2, "1", True, None]),
        ("NumericEquals", 0, [0, 0.0, -0.0], [False, "", None]),
        ("NumericLessThan", 1, [0, -5, 0.5], [1, 2, "0", False]),
        ("NumericGreaterThan", 1, [2, 1.5], [1, 0, "2", True]),
        ("NumericLessThanEquals", 1, [0, 1], [2]),
        ("NumericGreaterThanEquals", 1, [1, 2], [0]),
        ("BooleanEquals", True, [True], [False, 1, "true", None]),
        ("BooleanEquals", False, [False], [True, 0, "", None]),
        ("TimestampEquals", EARLY, [EARLY, "2016-03-14T02:59:00+01:00"], [LATE, "x", 1, None]),
        ("TimestampLessThan", LATE, [EARLY], [LATE, "2016-03-14T01:59:00", "2016-03-14"]),
        ("TimestampGreaterThan", EARLY, [LATE], [EARLY, "2017"]),
        ("TimestampLessThanEquals", EARLY, [EARLY], [LATE]),
        ("TimestampGreaterThanEquals", EARLY, [EARLY, LATE], ["2016-03-14 01:59:01Z"]),
        ("StringLessThan", "\ud800", ["a"], ["\uffff", 1]),
        ("StringMatches", "*", ["", "any\nthing"], [1, None]),
        ("StringMatches", "log-*.txt", ["log-.txt", "log-a.txt", "log-.txt.txt"], ["log-a.csv", "alog-.txt"]),
        ("StringMatches", "a*b*c", ["abc", "aXbYc", "abcbc"], ["ab", "acb"]),
        ("StringMatches", "a\\*b", ["a*b"], ["aXb", "a\\*b"]),
        ("StringMatches", "a\\\\b", ["a\\b"], ["a\\\\b"]),
        ("StringMatches", "a?[bc].", ["a?[bc]."], ["aXb.", "ab"]),
        ("StringMatches", "", [""], ["a"]),
        ("IsNull", True, [None], [0, "", False, [], {}]),
        ("IsNull", False, [0, "null"], [None]),
        ("IsPresent", True, [None, 0, ""], []),
        ("IsNumeric", True, [0, 1.5, -3], ["1", True, None]),
        ("IsNumeric", False, ["1", True], [1]),
        ("IsString", True, ["", "x"], [1, None, []]),
        ("IsBoolean", True, [True, False], [0, "true", None]),
        ("IsTimestamp", True, [EARLY, "2016-03-14T01:59:00+01:00"], ["2016-03-14", "2016-03-14T01:59:00", 1]),
        ("IsTimestamp", False, ["2016-03-14 01:59:00Z", 5], [EARLY]),
    ],
)  # fmt: skip
def test_operator(operator, operand, true_of, false_of):
    assert [holds(operator, operand, value) for value in true_of] == [True] * len(true_of)
    assert [holds(operator, operand, value) for value in false_of] == [False] * len(false_of)


@pytest.mark.parametrize(
    ("operator", "operand"),
    [("StringEqualsPath", "b"), ("NumericLessThanPath", 2), ("TimestampEqualsPath", EARLY)],
)
def test_operand_may_come_from_a_path(operator, operand):
    value = 1 if operator.startswith("Numeric") else operand
    rule = {"Variable": "$.x", operator: "$.y"}
    assert chosen(rule, {"x": value, "y": operand}) is True
    assert chosen(rule, {"x": value, "y": [operand]}) is False


def test_a_missing_variable_is_an_error_but_for_is_present():
    assert chosen({"Variable": "$.x", "IsPresent": True}, {}) is False
    assert chosen({"Variable": "$.x", "IsPresent": False}, {}) is True
    for operator, operand in [("StringEquals", "a"), ("IsNull", True), ("IsString", False)]:
        error, cause = chosen({"Variable": "$.x", operator: operand}, {})
        assert error == "States.Runtime"
        assert "Invalid path '$.x'" in cause


PRESENT = {"Variable": "$.x", "IsPresent": True}
ONE = {"Variable": "$.x", "NumericEquals": 1}


@pytest.mark.parametrize(
    ("rule", "given", "found"),
    [
        ({"And": [PRESENT, ONE]}, {"x": 1}, True),
        ({"And": [PRESENT, ONE]}, {"x": 2}, False),
        ({"And": [PRESENT, ONE]}, {}, False),
        ({"Or": [{"Not": PRESENT}, ONE]}, {}, True),
        ({"Or": [{"Not": PRESENT}, ONE]}, {"x": 1}, True),
        ({"Or": [{"Not": PRESENT}, ONE]}, {"x": 3}, False),
        ({"Not": ONE}, {"x": 3}, True),
        ({"Not": {"And": [{"Or": [ONE]}]}}, {"x": 1}, False),
    ],
)
def test_boolean_expressions_stop_at_what_decides(rule, given, found):
    assert chosen(rule, given) is found


def test_variables_and_the_context_can_be_tested():
    assert chosen({"Variable": "$$.Execution.Name", "StringEquals": "local"}, {}) is True
    run = run_local(
        machine(
            Choose={
                "Type": "Choice",
                "Choices": [{"Variable": "$n", "NumericEquals": 7, "Next": "Yes"}],
                "Default": "No",
            },
            Yes={"Type": "Succeed"},
            No={"Type": "Fail"},
        ),
        variables={"n": 7},
    )
    assert run.status == "SUCCEEDED"


def test_the_first_rule_that_holds_wins_and_brings_its_own_assign():
    rules = [
        {"Variable": "$", "NumericEquals": 2, "Next": "End", "Assign": {"by": "never"}},
        {"Variable": "$", "NumericEquals": 1, "Next": "End", "Assign": {"by": "rule"}},
        {"Variable": "$", "IsNumeric": True, "Next": "End", "Assign": {"by": "late"}},
    ]
    definition = machine(
        Choose={"Type": "Choice", "Choices": rules, "Default": "End", "Assign": {"by": "default"}},
        End={"Type": "Pass", "Parameters": {"by.$": "$by"}, "End": True},
    )
    assert run_local(definition, 1).output == {"by": "rule"}
    assert run_local(definition, 3).output == {"by": "late"}
    assert run_local(definition, "x").output == {"by": "default"}


def test_no_rule_and_no_default_is_an_error_of_its_own():
    run = run_local(
        machine(
            Choose={"Type": "Choice", "Choices": [ONE | {"Next": "End"}]}, End={"Type": "Succeed"}
        ),
        {"x": 2},
    )
    assert (run.status, run.error) == ("FAILED", "States.NoChoiceMatched")
    assert "entered at the event id #2" in run.cause


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (True, True),
        (False, False),
        ("{% $states.input.x = 1 %}", True),
        ("{% $states.input.x > 1 %}", False),
    ],
)
def test_condition(condition, found):
    assert chosen({"Condition": condition}, {"x": 1}, QueryLanguage="JSONata") is found


@pytest.mark.parametrize("condition", ["{% 1 %}", "{% 'true' %}", "{% $states.input.y %}"])
def test_a_condition_must_be_a_boolean(condition):
    error, _ = chosen({"Condition": condition}, {"x": 1}, QueryLanguage="JSONata")
    assert error == "States.QueryEvaluationError"


def _glob(pattern, text):
    """The slow, plain meaning of a pattern."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_glob(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] == text[0] and _glob(pattern[1:], text[1:])


@given(st.text("ab*", max_size=7), st.text("ab", max_size=9))
def test_patterns_mean_what_they_say(pattern, text):
    from frontdesk.rules.asl.states.choice import _matches

    assert _matches(text, pattern) is _glob(pattern, text)


def test_no_pattern_is_slow():
    from frontdesk.rules.asl.states.choice import _matches

    assert _matches("a" * 5000, "*a" * 500 + "*b") is False
