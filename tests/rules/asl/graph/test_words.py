"""What stands in boxes and at lines."""

import pytest

from frontdesk.rules.asl.graph import words
from frontdesk.rules.asl.model import ChoiceState, TaskState
from frontdesk.rules.asl.parse import parse_machine

LAMBDA = "arn:aws:states:::lambda:invoke"
INNER = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}


def read(state, **more):
    states = {"X": state}
    if state["Type"] == "Choice":
        states["Y"] = {"Type": "Succeed"}
    return parse_machine({"StartAt": "X", "States": states, **more}).states["X"]


RULES = {
    "number": ({"Variable": "$.n", "NumericEquals": 200}, "$.n = 200"),
    "text": ({"Variable": "$.s", "StringLessThanEquals": "ä"}, '$.s ≤ "ä"'),
    "pattern": ({"Variable": "$.s", "StringMatches": "*.log"}, '$.s matches "*.log"'),
    "path": ({"Variable": "$.s", "TimestampGreaterThanPath": "$.t"}, "$.s > $.t"),
    "boolean": ({"Variable": "$.b", "BooleanEquals": False}, "$.b = false"),
    "is": ({"Variable": "$.b", "IsTimestamp": True}, "$.b is timestamp"),
    "is not": ({"Variable": "$.b", "IsPresent": False}, "$.b is not present"),
    "deep": (
        {
            "Or": [
                {"Variable": "$.a", "IsNull": True},
                {"And": [{"Variable": "$.b", "IsNull": True}]},
                {"Not": {"Variable": "$.c", "IsNull": True}},
            ]
        },
        "$.a is null or ($.b is null) or (not $.c is null)",
    ),
}


@pytest.mark.parametrize(("rule", "expected"), RULES.values(), ids=RULES)
def test_rules(rule, expected):
    state = read({"Type": "Choice", "Choices": [{**rule, "Next": "Y"}], "Default": "Y"})
    assert isinstance(state, ChoiceState)
    assert words.rule(state.choices[0]) == expected


@pytest.mark.parametrize(
    ("condition", "expected"), [("{% $n > 1 %}", "$n > 1"), (True, "true")], ids=["text", "literal"]
)
def test_conditions(condition, expected):
    rule = {"Condition": condition, "Next": "Y"}
    state = read({"Type": "Choice", "Choices": [rule], "Default": "Y"}, QueryLanguage="JSONata")
    assert words.rule(state.choices[0]) == expected


DETAILS = {
    "function": ({"Type": "Task", "Resource": LAMBDA, "End": True}, "Task · lambda:invoke"),
    "bare function": (
        {"Type": "Task", "Resource": "arn:aws:lambda:::function:pay:live", "End": True},
        "Task · pay:live",
    ),
    "activity": (
        {"Type": "Task", "Resource": "arn:aws:states:::activity:sign", "End": True},
        "Task · activity sign",
    ),
    "retries": (
        {"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["A"]}], "End": True},
        "Task · lambda:invoke · retries",
    ),
    "wait": ({"Type": "Wait", "Seconds": 5, "End": True}, "Wait · 5 s"),
    "until": ({"Type": "Wait", "TimestampPath": "$.at", "End": True}, "Wait · $.at"),
    "map": ({"Type": "Map", "ItemProcessor": INNER, "End": True}, "Map"),
    "fail": ({"Type": "Fail", "Error": "A.B"}, "Fail · A.B"),
    "succeed": ({"Type": "Succeed"}, "Succeed"),
}


@pytest.mark.parametrize(("state", "expected"), DETAILS.values(), ids=DETAILS)
def test_second_lines(state, expected):
    assert words.detail(read(state)) == expected


def test_caught_errors():
    catch = [{"ErrorEquals": ["A", "B"], "Next": "X"}, {"ErrorEquals": ["States.ALL"], "Next": "X"}]
    state = read({"Type": "Task", "Resource": LAMBDA, "Catch": catch, "End": True})
    assert isinstance(state, TaskState)
    assert [words.catcher(one) for one in state.catch] == ["error: A, B", "any error"]


LINES = {
    "short": ("Pay", ["Pay"]),
    "at blanks": ("a" * 20 + " " + "b" * 20, ["a" * 20, "b" * 20]),
    "one long word": ("a" * 40 + " b", ["a" * 30, "a" * 10 + " b"]),
    "blanks alone": ("   ", ["   "]),
}


@pytest.mark.parametrize(("name", "expected"), LINES.values(), ids=LINES)
def test_names_are_broken_into_lines(name, expected):
    assert [one.strip() for one in words.lines(name)] == [one.strip() for one in expected]


def test_long_labels_are_cut():
    assert words.short("a\n b  c") == "a b c"
    assert words.short("x" * 35) == "x" * 33 + "…"


def test_wide_signs_take_more_room():
    assert words.width("顧客", 13) > words.width("mm", 13) * 0.9
    assert words.width("WW", 13) > words.width("aa", 13) > words.width("ii", 13)
