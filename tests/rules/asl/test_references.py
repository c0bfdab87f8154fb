"""Which variables the states of a definition read."""

import pytest

from frontdesk.rules.asl.references import variable_references

KEEP = {"Type": "Pass", "Assign": {"a": 1, "b.$": "$.b", "c": {"x": 1}}, "Next": "read"}
READ = {"Type": "Pass", "End": True}
FIELDS = {
    "path": ({"InputPath": "$a"}, ["a"]),
    "path within": ({"OutputPath": "$c.x[0]"}, ["c"]),
    "template": ({"Parameters": {"deep": [{"is.$": "$b"}]}}, ["b"]),
    "text": ({"Parameters": {"is": "$b"}}, []),
    "context and data": ({"Parameters": {"a.$": "$.a", "b.$": "$$.b"}}, []),
    "function": ({"Parameters": {"is.$": "States.Format('$c {}', $a)"}}, ["a"]),
    "nested function": (
        {"Parameters": {"is.$": "States.MathAdd(States.MathAdd($a, 1), $b)"}},
        ["a", "b"],
    ),
    "assigning": ({"Assign": {"a.$": "$b"}}, ["b"]),
    "nobody's": ({"InputPath": "$z"}, []),
    "none": ({"InputPath": None}, []),
    "expression": (
        {"QueryLanguage": "JSONata", "Output": "{% $a + $c.x + $sum([1]) %}"},
        ["a", "c"],
    ),
    "bound within": (
        {"QueryLanguage": "JSONata", "Output": ["{% ($z := $a; $z) %}"]},
        ["a"],
    ),
    "states": ({"QueryLanguage": "JSONata", "Output": "{% $states.input.a %}"}, []),
    "no expression": ({"QueryLanguage": "JSONata", "Output": "$a"}, []),
}


@pytest.mark.parametrize(("fields", "names"), FIELDS.values(), ids=FIELDS)
def test_a_state_reads(fields, names):
    machine = {"StartAt": "keep", "States": {"keep": KEEP, "read": {**READ, **fields}}}
    assert variable_references(machine) == ({"read": names} if names else {})


def test_a_choice_reads_by_variable_and_by_path():
    rule = {"Variable": "$a", "NumericEqualsPath": "$b", "Next": "keep", "Assign": {"d.$": "$c"}}
    choice = {"Type": "Choice", "Choices": [{"And": [rule, rule]}]}
    machine = {"StartAt": "keep", "States": {"keep": KEEP, "read": choice}}
    assert variable_references(machine) == {"read": ["a", "b", "c"]}


def test_states_within_others_read_for_themselves():
    inner = {"StartAt": "in", "States": {"in": {**READ, "InputPath": "$a"}}}
    for fields in (
        {"Type": "Parallel", "Branches": [inner]},
        {"Type": "Map", "ItemProcessor": inner},
        {"Type": "Map", "Iterator": inner},
    ):
        outer = {**READ, "ResultSelector": {"is.$": "$b"}, **fields}
        machine = {"StartAt": "keep", "States": {"keep": KEEP, "read": outer}}
        assert variable_references(machine) == {"read": ["b"], "in": ["a"]}


def test_the_machines_language_is_that_of_its_states():
    machine = {
        "QueryLanguage": "JSONata",
        "StartAt": "keep",
        "States": {"keep": KEEP, "read": {**READ, "Output": "{% $a %}"}},
    }
    assert variable_references(machine) == {"read": ["a"]}
