"""The way of data through states of every type, in both query languages."""

import pytest

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.flow import (
    Conclusion,
    catch,
    choose,
    conclude,
    prepare,
)
from frontdesk.rules.asl.data.scope import LARGEST_PAYLOAD, Scope
from frontdesk.rules.asl.model import ABSENT
from frontdesk.rules.asl.parse import parse_machine
from frontdesk.rules.lang.chance import Chance

RAW = {"order": {"id": 7}, "list": [1, 2]}
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"
ENDING = {
    "Choice": {"Choices": [{"Variable": "$.order", "IsPresent": True, "Next": "End"}], "Default": "End"},
    "Map": {"ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, "End": True},
    "Parallel": {"Branches": [{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}], "End": True},
    "Pass": {"End": True},
    "Succeed": {},
    "Task": {"Resource": FUNCTION, "End": True},
    "Wait": {"Seconds": 1, "End": True},
}  # fmt: skip


def state(kind, language="JSONPath", **fields):
    document = {"Type": kind, "QueryLanguage": language, **ENDING[kind], **fields}
    needed = {"End": {"Type": "Succeed"}} if kind == "Choice" or "Catch" in fields else {}
    machine = parse_machine({"StartAt": "S", "States": {"S": document, **needed}})
    assert not isinstance(machine, list), machine
    return machine.states["S"]


def scope(**variables):
    return Scope(
        lambda: {"State": {"Name": "S"}, "Map": {"Item": {"Value": 2}}}, variables, 0, Chance(b"")
    )


def through(state, raw, result=ABSENT, **variables):
    """Bring an input through a state. result: of its work; absent of states without."""
    prepared = prepare(state, raw, scope(**variables))
    return conclude(state, raw, prepared if result is ABSENT else result, scope(**variables))


@pytest.mark.parametrize(
    ("kind", "fields", "prepared"),
    [
        ("Task", {}, RAW),
        ("Task", {"InputPath": "$.order"}, {"id": 7}),
        ("Task", {"InputPath": None}, {}),
        ("Task", {"InputPath": "$.order", "Parameters": {"n.$": "$.id"}}, {"n": 7}),
        ("Task", {"Parameters": {}}, {}),
        ("Parallel", {"Parameters": {"n.$": "$.order.id"}}, {"n": 7}),
        ("Pass", {"Result": None, "Parameters": {"a": 1}}, None),
        ("Pass", {"Parameters": {"a": 1}}, {"a": 1}),
        ("Wait", {"InputPath": "$.list"}, [1, 2]),
        ("Succeed", {"InputPath": "$.list"}, [1, 2]),
        ("Choice", {"InputPath": "$.list"}, [1, 2]),
        ("Map", {"InputPath": "$.list"}, [1, 2]),
    ],
)
def test_paths_prepare(kind, fields, prepared):
    assert prepare(state(kind, **fields), RAW, scope()) == prepared


@pytest.mark.parametrize(
    ("kind", "fields", "prepared"),
    [
        ("Task", {}, RAW),
        ("Task", {"Arguments": {"n": "{% $states.input.order.id + $x %}"}}, {"n": 8}),
        ("Task", {"Arguments": "{% $states.input.list %}"}, [1, 2]),
        ("Parallel", {"Arguments": {"a": 1}}, {"a": 1}),
        ("Pass", {}, RAW),
        ("Wait", {}, RAW),
    ],
)
def test_expressions_prepare(kind, fields, prepared):
    assert prepare(state(kind, "JSONata", **fields), RAW, scope(x=1)) == prepared


@pytest.mark.parametrize(
    ("kind", "fields", "output"),
    [
        ("Task", {}, {"out": 1}),
        ("Task", {"ResultPath": "$.r"}, {**RAW, "r": {"out": 1}}),
        ("Task", {"InputPath": "$.order", "ResultPath": "$.r"}, {**RAW, "r": {"out": 1}}),
        ("Task", {"ResultPath": None}, RAW),
        ("Task", {"ResultSelector": {"n.$": "$.out"}, "ResultPath": "$.order.r"}, {"order": {"id": 7, "r": {"n": 1}}, "list": [1, 2]}),
        ("Task", {"ResultPath": "$.r", "OutputPath": "$.r.out"}, 1),
        ("Task", {"OutputPath": None}, {}),
        ("Parallel", {"ResultSelector": {"n.$": "$.out"}}, {"n": 1}),
        ("Map", {"ResultPath": "$.r", "OutputPath": "$.r"}, {"out": 1}),
    ],
)  # fmt: skip
def test_paths_conclude_work(kind, fields, output):
    assert through(state(kind, **fields), RAW, {"out": 1}) == Conclusion(output, {})


@pytest.mark.parametrize(
    ("kind", "fields", "output"),
    [
        ("Pass", {}, RAW),
        ("Pass", {"Result": {"a": 1}, "ResultPath": "$.r"}, {**RAW, "r": {"a": 1}}),
        ("Pass", {"Result": {"a.$": "$.order"}}, {"a.$": "$.order"}),
        ("Pass", {"InputPath": "$.order", "ResultPath": "$.r"}, {**RAW, "r": {"id": 7}}),
        ("Pass", {"InputPath": "$.order", "OutputPath": "$.id"}, 7),
        ("Wait", {"InputPath": "$.order", "OutputPath": "$.id"}, 7),
        ("Succeed", {"InputPath": "$.order"}, {"id": 7}),
        ("Succeed", {"OutputPath": "$$.State.Name"}, "S"),
    ],
)
def test_paths_conclude_what_has_no_work(kind, fields, output):
    assert through(state(kind, **fields), RAW) == Conclusion(output, {})


@pytest.mark.parametrize(
    ("kind", "fields", "result", "output"),
    [
        ("Task", {}, 5, 5),
        ("Task", {"Output": {"r": "{% $states.result %}", "id": "{% $states.input.order.id %}"}}, 5, {"r": 5, "id": 7}),
        ("Map", {"Output": "{% $sum($states.result) %}"}, [1, 2], 3),
        ("Parallel", {}, [1, 2], [1, 2]),
        ("Pass", {}, ABSENT, RAW),
        ("Pass", {"Output": "{% $x %}"}, ABSENT, 1),
        ("Pass", {"Output": None}, ABSENT, None),
        ("Wait", {"Output": {"a": "b"}}, ABSENT, {"a": "b"}),
        ("Succeed", {"Output": "{% $states.input.list %}"}, ABSENT, [1, 2]),
    ],
)  # fmt: skip
def test_expressions_conclude(kind, fields, result, output):
    assert through(state(kind, "JSONata", **fields), RAW, result, x=1) == Conclusion(output, {})


@pytest.mark.parametrize(
    ("kind", "fields", "result", "assigned"),
    [
        ("Task", {"Assign": {"a.$": "$.out"}, "ResultPath": "$.r"}, {"out": 1}, {"a": 1}),
        ("Task", {"Assign": {"a.$": "$"}, "ResultSelector": {"n.$": "$.out"}}, {"out": 1}, {"a": {"out": 1}}),
        ("Pass", {"Assign": {"a.$": "$.x"}, "Result": {"x": 1}, "ResultPath": "$.r"}, ABSENT, {"a": 1}),
        ("Pass", {"Assign": {"a.$": "$.p"}, "Parameters": {"p": 1}, "ResultPath": "$.r"}, ABSENT, {"a": 1}),
        ("Wait", {"Assign": {"a.$": "$.order.id", "b": {"c": "$.x"}}}, ABSENT, {"a": 7, "b": {"c": "$.x"}}),
        ("Pass", {"Assign": {}}, ABSENT, {}),
    ],
)  # fmt: skip
def test_paths_assign_from_the_result(kind, fields, result, assigned):
    assert through(state(kind, **fields), RAW, result).assigned == assigned


def test_expressions_assign_from_result_and_input():
    task = state(
        "Task",
        "JSONata",
        Assign={"a": "{% $states.result + $x %}", "x": "{% $states.input.order.id %}"},
    )
    assert through(task, RAW, 1, x=2).assigned == {"a": 3, "x": 7}


@pytest.mark.parametrize(
    ("language", "fields"),
    [
        ("JSONPath", {"Result": {"q": 1}, "Assign": {"answer": "new", "old.$": "$answer"}, "OutputPath": "$answer"}),
        ("JSONata", {"Assign": {"answer": "new", "old": "{% $answer %}"}, "Output": "{% $answer %}"}),
    ],
)  # fmt: skip
def test_variables_are_as_before_the_state(language, fields):
    found = through(state("Pass", language, **fields), RAW, answer="before")
    assert found == Conclusion("before", {"answer": "new", "old": "before"})


ERROR = {"Error": "E", "Cause": "why"}


@pytest.mark.parametrize(
    ("catcher", "conclusion"),
    [
        ({}, Conclusion(ERROR, {})),
        ({"ResultPath": "$.e"}, Conclusion({**RAW, "e": ERROR}, {})),
        ({"ResultPath": None}, Conclusion(RAW, {})),
        ({"Assign": {"why.$": "$.Cause"}, "ResultPath": "$.e"}, Conclusion({**RAW, "e": ERROR}, {"why": "why"})),
    ],
)  # fmt: skip
def test_paths_catch(catcher, conclusion):
    task = state(
        "Task",
        InputPath="$.order",
        ResultSelector={"n.$": "$.nothing"},
        OutputPath="$.nothing",
        Assign={"never": 1},
        Catch=[{"ErrorEquals": ["E"], "Next": "End", **catcher}],
    )
    assert catch(task, task.catch[0], RAW, ERROR, scope()) == conclusion


@pytest.mark.parametrize(
    ("catcher", "conclusion"),
    [
        ({}, Conclusion(ERROR, {})),
        (
            {"Output": "{% $states.input.order.id %}", "Assign": {"why": "{% $states.errorOutput.Cause %}"}},
            Conclusion(7, {"why": "why"}),
        ),
    ],
)  # fmt: skip
def test_expressions_catch(catcher, conclusion):
    fields = {"Output": "never", "Assign": {"never": 1}}
    task = state(
        "Task", "JSONata", Catch=[{"ErrorEquals": ["E"], "Next": "End", **catcher}], **fields
    )
    assert catch(task, task.catch[0], RAW, ERROR, scope()) == conclusion


def test_paths_choose():
    choice = state(
        "Choice",
        Choices=[{"Variable": "$.order", "IsPresent": True, "Next": "End", "Assign": {"by.$": "$.order.id"}}],
        Assign={"by": "default"},
        OutputPath="$.order",
    )  # fmt: skip
    assert choose(choice, choice.choices[0], RAW, scope()) == Conclusion({"id": 7}, {"by": 7})
    assert choose(choice, None, RAW, scope()) == Conclusion({"id": 7}, {"by": "default"})


def test_expressions_choose():
    choice = state(
        "Choice",
        "JSONata",
        Choices=[
            {"Condition": True, "Next": "End", "Assign": {"by": "rule"}, "Output": "of the rule"},
            {"Condition": True, "Next": "End"},
        ],
        Assign={"by": "default"},
        Output="of the state",
    )
    assert choose(choice, choice.choices[0], RAW, scope()) == Conclusion(
        "of the rule", {"by": "rule"}
    )
    assert choose(choice, choice.choices[1], RAW, scope()) == Conclusion(RAW, {})
    assert choose(choice, None, RAW, scope()) == Conclusion("of the state", {"by": "default"})


def test_an_output_over_the_quota_fails():
    with pytest.raises(StateError) as caught:
        through(state("Pass"), "x" * LARGEST_PAYLOAD)
    assert caught.value.cause.startswith(
        "The state/task 'S' returned a result with a size exceeding"
    )
