"""Everything that can be wrong with a definition: code, message and location, all at once.

Those marked recorded are what AWS answered (2023 to 2025); the others follow its documentation.
"""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl.check import check
from frontdesk.rules.asl.diagnostics import Code, Severity
from frontdesk.rules.asl.model import Machine
from frontdesk.rules.asl.parse import parse_machine

LAMBDA = "arn:aws:states:::lambda:invoke"
PASS = {"Type": "Pass", "End": True}
INNER = {"StartAt": "In", "States": {"In": PASS}}
ORDER = {"ErrorEquals": ["Order.Failed"], "Next": "Y"}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
MAP = {"Type": "Map", "ItemProcessor": INNER | DISTRIBUTED, "End": True}


def machine(*, state=None, language="JSONPath", **states):
    """Make a machine that starts at X, with Y to go to where X does not end it."""
    given = {"X": state, **states} if state is not None else states
    whole = {"StartAt": next(iter(given)), "States": given}
    return whole if language == "JSONPath" else {"QueryLanguage": language, **whole}


def told(document, **how):
    return [str(one) for one in check(document, **how)]


def failed(message, location):
    return f"SCHEMA_VALIDATION_FAILED: {message} at {location}"


def task(**fields):
    return {"Type": "Task", "Resource": LAMBDA, "End": True, **fields}


WHOLE = {
    "no object (recorded)": (
        [],
        "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object",
    ),
    "nothing (recorded)": ({}, failed("These fields are required: [States, StartAt]", "/")),
    "no states (recorded)": ({"StartAt": "X"}, failed("These fields are required: [States]", "/")),
    "no start (recorded)": (
        {"States": {"X": PASS}},
        failed("These fields are required: [StartAt]", "/"),
    ),
    "unknown field": (
        machine(X=PASS) | {"Stats": 1},
        failed("Field 'Stats' is not supported", "/Stats"),
    ),
    "version": (
        machine(X=PASS) | {"Version": "2.0"},
        failed("The field 'Version' should have one of these values: [1.0]", "/Version"),
    ),
    "timeout": (
        machine(X=PASS) | {"TimeoutSeconds": 0},
        failed("The field 'TimeoutSeconds' must not be less than 1", "/TimeoutSeconds"),
    ),
    "timeout is no integer": (
        machine(X=PASS) | {"TimeoutSeconds": True},
        failed("Expected value of type Integer", "/TimeoutSeconds"),
    ),
    "no state": ({"StartAt": "X", "States": {}}, failed("Value cannot be empty", "/States")),
    "a state that is none": (
        machine(X=PASS, Y=3),
        failed("Expected value of type Object", "/States/Y"),
    ),
    "start at nothing": (
        {"StartAt": "Y", "States": {"X": PASS}},
        "MISSING_TRANSITION_TARGET: Missing 'StartAt' target: Y at /StartAt",
        'MISSING_TRANSITION_TARGET: State "X" is not reachable. at /States/X',
    ),
    "next to nothing, and not reachable (recorded)": (
        machine(pass1={"Type": "Pass", "Next": "pass3"}, pass2=PASS),
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: pass3 at /States/pass1/Next",
        'MISSING_TRANSITION_TARGET: State "pass2" is not reachable. at /States/pass2',
    ),
    "no end": (
        machine(X={"Type": "Pass", "Next": "X"}),
        "MISSING_END_STATE: No state ends the state machine at /",
    ),
    "a name twice, over nesting": (
        machine(X={"Type": "Parallel", "Branches": [INNER, INNER], "End": True}),
        'DUPLICATE_STATE_NAME: Duplicate state name "In" at /States/X/Branches[1]/States/In',
    ),
    "an empty name": (
        machine(**{"": PASS}),
        "INVALID_STATE_NAME: State name must have 1 to 80 characters at /States/",
    ),
    "a name of 81 characters": (
        machine(**{"x" * 81: PASS}),
        f"INVALID_STATE_NAME: State name must have 1 to 80 characters at /States/{'x' * 81}",
    ),
    "JSONPath in JSONata (recorded)": (
        machine(state=PASS | {"QueryLanguage": "JSONPath"}, language="JSONata"),
        failed(
            "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
            "/States/X",
        ),
    ),
}


@pytest.mark.parametrize(
    ("document", "expected"), [(one, rest) for one, *rest in WHOLE.values()], ids=WHOLE
)
def test_whole_machines(document, expected):
    assert told(document) == expected


STATES = {
    "no type": ({"End": True}, "", "These fields are required: [Type]"),
    "type (recorded)": (
        {"Type": "Tusk", "End": True},
        "/Type",
        (
            "The field 'Type' should have one of these values:"
            " [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]"
        ),
    ),
    "neither next nor end": ({"Type": "Pass"}, "", "One of these fields is required: [Next, End]"),
    "next and end": (
        {"Type": "Pass", "Next": "X", "End": True},
        "",
        "Only one of these fields can be specified: [Next, End]",
    ),
    "end false": ({"Type": "Pass", "End": False}, "/End", "The field 'End' must be true"),
    "no retry at a pass": (PASS | {"Retry": []}, "/Retry", "Field 'Retry' is not supported"),
    "end at a succeed": ({"Type": "Succeed", "End": True}, "/End", "Field 'End' is not supported"),
    "output path at a fail": (
        {"Type": "Fail", "OutputPath": "$"},
        "/OutputPath",
        "Field 'OutputPath' is not supported",
    ),
    "jsonata's field": (
        PASS | {"Output": 1},
        "/Output",
        "Field 'Output' is not supported when 'QueryLanguage' is 'JSONPath'",
    ),
    "path": (PASS | {"InputPath": "a.b"}, "/InputPath", "Value is not a valid JSONPath"),
    "reference path": (
        PASS | {"ResultPath": "$.a[*]"},
        "/ResultPath",
        "Value is not a Reference Path: it must lead to one node",
    ),
    "negative index": (
        PASS | {"ResultPath": "$.a[-1]"},
        "/ResultPath",
        "Value is not a Reference Path: it must lead to one node",
    ),
    "result into the context": (
        PASS | {"ResultPath": "$$.a"},
        "/ResultPath",
        "Value is not a Reference Path: it must lead into the state's own data",
    ),
    "intrinsic (recorded)": (
        PASS | {"Parameters": {"parsed.$": 'States.StringToJson(\'{"a":"b \\" c"}\')'}},
        "/Parameters",
        "The value for the field 'parsed.$' must be a valid JSONPath or a valid intrinsic function call",
    ),
    "intrinsic without name": (
        PASS | {"Parameters": {"a": [{"b.$": "States.Nothing()"}]}},
        "/Parameters",
        "The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call",
    ),
    "number behind a dollar": (
        PASS | {"Parameters": {"a.$": 1}},
        "/Parameters",
        "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call",
    ),
    "a name with and without dollar": (
        PASS | {"Parameters": {"a.$": "$.a", "a": 1}},
        "/Parameters",
        "The fields 'a' and 'a.$' cannot both be specified",
    ),
    "timestamp without T (recorded)": (
        {"Type": "Wait", "Timestamp": "2016-12-05 21:29:29Z", "End": True},
        "/Timestamp",
        "String does not match RFC3339 timestamp",
    ),
    "hour 25 (recorded)": (
        {"Type": "Wait", "Timestamp": "2016-12-05T25:29:29Z", "End": True},
        "/Timestamp",
        "String does not match RFC3339 timestamp",
    ),
    "two waits": (
        {"Type": "Wait", "Seconds": 1, "SecondsPath": "$.s", "End": True},
        "",
        "Only one of these fields can be specified: [Seconds, SecondsPath]",
    ),
    "no wait": (
        {"Type": "Wait", "End": True},
        "",
        "One of these fields is required: [Seconds, Timestamp, SecondsPath, TimestampPath]",
    ),
    "seconds as a path": (
        {"Type": "Wait", "Seconds": "$.s", "End": True},
        "/Seconds",
        "Expected value of type Integer",
    ),
    "too many seconds": (
        {"Type": "Wait", "Seconds": 100_000_000, "End": True},
        "/Seconds",
        "The field 'Seconds' must not be greater than 99999999",
    ),
    "error twice": (
        {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"},
        "",
        "Only one of these fields can be specified: [Error, ErrorPath]",
    ),
    "error path as a call that gives no text": (
        {"Type": "Fail", "ErrorPath": "States.ArrayLength($.e)"},
        "/ErrorPath",
        "Value is not a valid intrinsic function call",
    ),
    "cause path as a call": (
        {"Type": "Fail", "CausePath": "States.Format('{}'"},
        "/CausePath",
        "Value is not a valid intrinsic function call",
    ),
    "no branches (recorded)": (
        {"Type": "Parallel", "Branches": [], "End": True},
        "/Branches",
        "Value cannot be empty",
    ),
    "a branch that is none": (
        {"Type": "Parallel", "Branches": [3], "End": True},
        "/Branches[0]",
        "Expected value of type Object",
    ),
    "credentials without role (recorded)": (
        task(Credentials={}),
        "/Credentials",
        "The field 'RoleArn' is required but was missing",
    ),
    "heartbeat": (
        task(HeartbeatSeconds=60, TimeoutSeconds=60),
        "/HeartbeatSeconds",
        "HeartbeatSeconds must be smaller than TimeoutSeconds",
    ),
    "which machine": (
        task(
            Resource="arn:aws:states:::states:startExecution",
            Parameters={"StateMachineArn": "arn:aws:sqs:::queue"},
        ),
        "/Parameters/StateMachineArn",
        "Value is not a valid state machine ARN",
    ),
    "no error names": (
        task(Retry=[{"ErrorEquals": []}]),
        "/Retry[0]/ErrorEquals",
        "Value cannot be empty",
    ),
    "all errors beside another": (
        task(Retry=[{"ErrorEquals": ["States.ALL", "E"]}]),
        "/Retry[0]/ErrorEquals",
        "'States.ALL' must be the only error name in 'ErrorEquals'",
    ),
    "all errors first": (
        task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}]),
        "/Retry[0]/ErrorEquals",
        "'States.ALL' must be in the last element of 'Retry'",
    ),
    "backoff": (
        task(Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}]),
        "/Retry[0]/BackoffRate",
        "The field 'BackoffRate' must not be less than 1",
    ),
    "longest delay": (
        task(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 9, "MaxDelaySeconds": 9}]),
        "/Retry[0]/MaxDelaySeconds",
        "MaxDelaySeconds must be greater than IntervalSeconds",
    ),
    "jitter": (
        task(Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "SOME"}]),
        "/Retry[0]/JitterStrategy",
        "The field 'JitterStrategy' should have one of these values: [NONE, FULL]",
    ),
    "a catcher without a target": (
        task(Catch=[{"ErrorEquals": ["E"]}]),
        "/Catch[0]",
        "These fields are required: [Next]",
    ),
    "states is no variable": (
        PASS | {"Assign": {"states": 1}},
        "/Assign",
        "Variable name is not valid: states",
    ),
    "two processors": (
        {
            "Type": "Map",
            "ItemProcessor": INNER,
            "Iterator": {**INNER, "States": {"In": PASS}},
            "End": True,
        },
        "",
        "Only one of these fields can be specified: [ItemProcessor, Iterator]",
    ),
    "reader inline": (
        {
            "Type": "Map",
            "ItemProcessor": INNER,
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject"},
            "End": True,
        },
        "/ItemReader",
        "Field 'ItemReader' is only supported in DISTRIBUTED mode",
    ),
    "mode": (
        {"Type": "Map", "ItemProcessor": INNER | {"ProcessorConfig": {"Mode": "FAR"}}, "End": True},
        "/ItemProcessor/ProcessorConfig/Mode",
        "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]",
    ),
    "tolerated percentage": (
        {"Type": "Map", "ItemProcessor": INNER, "ToleratedFailurePercentage": 101, "End": True},
        "/ToleratedFailurePercentage",
        "The field 'ToleratedFailurePercentage' must not be greater than 100",
    ),
}


@pytest.mark.parametrize(("state", "place", "message"), STATES.values(), ids=STATES)
def test_single_states(state, place, message):
    found = told(machine(X=state))
    assert failed(message, f"/States/X{place}") in found
    others = [one for one in found if not one.startswith("SCHEMA_VALIDATION_FAILED")]
    assert others == DUPLICATED * ("Iterator" in state)


DUPLICATED = ['DUPLICATE_STATE_NAME: Duplicate state name "In" at /States/X/Iterator/States/In']

RESOURCES = {
    "lambda:invoke": (LAMBDA, True),
    "with a token": (f"{LAMBDA}.waitForTaskToken", True),
    "lambda as a job": (f"{LAMBDA}.sync", False),
    "a child's result": ("arn:aws:states:::states:startExecution.sync:2", True),
    "http": ("arn:aws:states:::http:invoke", True),
    "http as a job": ("arn:aws:states:::http:invoke.sync", False),
    "an action that is none": ("arn:aws:states:::sqs:sendLetter", False),
    "another service": ("arn:aws:states:::glue:startJobRun.sync", True),
    "any api": ("arn:aws:states:::aws-sdk:s3:listBuckets", True),
    "another partition": ("arn:aws-cn:states:::sqs:sendMessage", True),
    "a function": ("arn:aws:lambda:eu-west-1:111111111111:function:pay", True),
    "a version": ("arn:aws:lambda:eu-west-1:111111111111:function:pay:$LATEST", True),
    "an incomplete function": ("arn:aws:lambda::function:pay", True),
    "an activity": ("arn:aws:states:eu-west-1:111111111111:activity:sign", True),
    "a bare name": ("pay", False),
    "nothing": ("", False),
    "a machine": ("arn:aws:states::stateMachine:apiProxyStateMachine", False),
}


@pytest.mark.parametrize(("resource", "known"), RESOURCES.values(), ids=RESOURCES)
def test_resources(resource, known):
    found = check(machine(X=task(Resource=resource)))
    assert [(one.code, one.location) for one in found] == (
        [] if known else [(Code.INVALID_RESOURCE, "/States/X/Resource")]
    )


def test_an_incomplete_arn_of_a_state_machine_is_enough():
    start = task(
        Resource="arn:aws:states:::states:startExecution",
        Parameters={"StateMachineArn": "arn:aws:states::stateMachine:apiProxyStateMachine"},
    )
    assert told(machine(X=start)) == []


EXPRESS = {
    "token (recorded)": (
        task(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken"),
        "Express state machine does not support '.waitForTaskToken' service integration ",
        "/Resource",
    ),
    "job (recorded)": (
        task(Resource="arn:aws:states:::states:startExecution.sync"),
        "Express state machine does not support '.sync' service integration",
        "/Resource",
    ),
    "activity": (
        task(Resource="arn:aws:states:eu-west-1:111111111111:activity:sign"),
        "Express state machine does not support activities",
        "/Resource",
    ),
    "distributed": (
        MAP,
        "Express state machine does not support Map in DISTRIBUTED mode",
        "/ItemProcessor/ProcessorConfig/Mode",
    ),
}


@pytest.mark.parametrize(("state", "message", "place"), EXPRESS.values(), ids=EXPRESS)
def test_express_machines(state, message, place):
    assert told(machine(X=state)) == []
    assert told(machine(X=state), express=True) == [failed(message, f"/States/X{place}")]


@pytest.mark.parametrize(("state", "message", "place"), EXPRESS.values(), ids=EXPRESS)
@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_express_items(state, message, place, kind):
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    each = MAP | {"ItemProcessor": {**config, "StartAt": "Y", "States": {"Y": state}}}
    found = [failed(message, f"/States/X/ItemProcessor/States/Y{place}")]
    assert told(machine(X=each)) == (found if kind == "EXPRESS" else [])


def choice(rule, **more):
    return machine(
        X={"Type": "Choice", "Choices": [rule], "Default": "Y", **more}, Y={"Type": "Succeed"}
    )


A_TEST = {"Variable": "$.a", "IsNull": True}

CHOICES = {
    "no operator": ({"Variable": "$.a"}, "", "A comparison operator is required"),
    "no variable": ({"IsNull": True}, "", "These fields are required: [Variable]"),
    "operator": (
        {"Variable": "$.a", "StringEqual": "x"},
        "/StringEqual",
        "Field 'StringEqual' is not supported",
    ),
    "two operators": (
        {"Variable": "$.a", "IsNull": True, "IsString": True},
        "",
        "Only one of these fields can be specified: [IsNull, IsString]",
    ),
    "string": (
        {"Variable": "$.a", "StringEquals": 1},
        "/StringEquals",
        "Expected value of type String",
    ),
    "number": (
        {"Variable": "$.a", "NumericEquals": "1"},
        "/NumericEquals",
        "Expected value of type Number",
    ),
    "boolean": (
        {"Variable": "$.a", "BooleanEquals": 1},
        "/BooleanEquals",
        "Expected value of type Boolean",
    ),
    "timestamp": (
        {"Variable": "$.a", "TimestampEquals": "today"},
        "/TimestampEquals",
        "String does not match RFC3339 timestamp",
    ),
    "presence": (
        {"Variable": "$.a", "IsPresent": "yes"},
        "/IsPresent",
        "Expected value of type Boolean",
    ),
    "path": (
        {"Variable": "$.a", "NumericEqualsPath": "b"},
        "/NumericEqualsPath",
        "Value is not a Reference Path",
    ),
    "no tests": ({"And": []}, "/And", "Value cannot be empty"),
    "next below": ({"Not": {**A_TEST, "Next": "Y"}}, "/Not/Next", "Field 'Next' is not supported"),
    "deep": (
        {"Or": [A_TEST, {"Not": {"Variable": "$.a", "IsNul": True}}]},
        "/Or[1]/Not/IsNul",
        "Field 'IsNul' is not supported",
    ),
    "and with or": (
        {"And": [A_TEST], "Or": [A_TEST]},
        "",
        "Field 'And' cannot be combined with: [Or]",
    ),
    "jsonata": (
        {"Condition": True},
        "/Condition",
        "Field 'Condition' is not supported when 'QueryLanguage' is 'JSONPath'",
    ),
}


@pytest.mark.parametrize(("rule", "place", "message"), CHOICES.values(), ids=CHOICES)
def test_choice_rules(rule, place, message):
    assert told(choice({**rule, "Next": "Y"})) == [failed(message, f"/States/X/Choices[0]{place}")]


def test_a_rule_needs_a_target_that_is_there():
    assert told(choice(A_TEST)) == [
        failed("These fields are required: [Next]", "/States/X/Choices[0]")
    ]
    assert told(choice(A_TEST | {"Next": "Z"})) == [
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/X/Choices[0]/Next"
    ]


JSONATA = {
    "syntax": (
        PASS | {"Output": "{% 1 + %}"},
        "/Output",
        "Value is not a valid JSONata expression: S0207: Unexpected end of expression",
    ),
    "bare name": (
        PASS | {"Output": {"a": ["{% customer.name %}"]}},
        "/Output/a[0]",
        "JSONata expression cannot use 'customer' at its top level",
    ),
    "dollar": (
        PASS | {"Output": "{% $.a %}"},
        "/Output",
        "JSONata expression cannot use '$' at its top level",
    ),
    "two dollars": (
        PASS | {"Output": "{% $$.a %}"},
        "/Output",
        "JSONata expression cannot use '$$' at its top level",
    ),
    "no result yet": (
        task(Arguments="{% $states.result %}"),
        "/Arguments",
        "'$states.result' is not available here",
    ),
    "no result at all": (
        PASS | {"Output": "{% $states.result %}"},
        "/Output",
        "'$states.result' is not available here",
    ),
    "no error": (
        task(Output="{% $states.errorOutput %}"),
        "/Output",
        "'$states.errorOutput' is not available here",
    ),
    "path field": (
        PASS | {"InputPath": "$.a"},
        "/InputPath",
        "Field 'InputPath' is not supported when 'QueryLanguage' is 'JSONata'",
    ),
    "condition": (
        {"Type": "Choice", "Choices": [{"Condition": "yes", "Next": "X"}], "Default": "X"},
        "/Choices[0]/Condition",
        "Expected a boolean or a JSONata expression",
    ),
    "items": (
        {"Type": "Map", "ItemProcessor": INNER, "Items": "$.a", "End": True},
        "/Items",
        "Expected a list, an object or a JSONata expression",
    ),
}


@pytest.mark.parametrize(("state", "place", "message"), JSONATA.values(), ids=JSONATA)
def test_jsonata(state, place, message):
    found = told(machine(state=state, language="JSONata"))
    assert [one for one in found if "MISSING_END" not in one] == [
        failed(message, f"/States/X{place}")
    ]


GOOD_JSONATA = {
    "result": task(Output="{% $states.result.a %}", Assign={"r": "{% $states.result %}"}),
    "error": task(
        Catch=[{"ErrorEquals": ["E"], "Next": "Y", "Output": "{% $states.errorOutput.Cause %}"}]
    ),
    "names further in": PASS | {"Output": "{% $states.input.items[price > 3].(name & '!') %}"},
    "a literal": PASS | {"Output": " {% not one %}"},
    "computed numbers": task(TimeoutSeconds="{% $n * 2 %}", HeartbeatSeconds="{% $n %}"),
}


@pytest.mark.parametrize("state", GOOD_JSONATA.values(), ids=GOOD_JSONATA)
def test_jsonata_that_may_be(state):
    states = {"X": state} | ({"Y": {"Type": "Succeed"}} if "Catch" in state else {})
    assert told(machine(language="JSONata", **states)) == []


WARNINGS = {
    "a path without dollar": (
        {"Parameters": {"deep": [{"id": "$.order.id"}]}},
        Code.NO_DOLLAR,
        "/States/X/Parameters",
        "The value of 'id' looks like a JSONPath. Instead of 'id', use 'id.$' to evaluate it as a JSONPath at runtime.",
    ),
    "a call without dollar": (
        {"Parameters": {"id": "States.UUID()"}},
        Code.NO_DOLLAR,
        "/States/X/Parameters",
        "The value of 'id' looks like an Intrinsic Function. Instead of 'id', use 'id.$' to evaluate it as an Intrinsic Function at runtime.",
    ),
    "a result with paths": (
        {"Result": {"id.$": "$.order.id"}},
        Code.PASS_RESULT_IS_STATIC,
        "/States/X/Result",
        "The value of 'id.$' will not evaluate as a JSONPath or Intrinsic Function at runtime. Instead of 'Result', use 'Parameters' to evaluate it as a JSONPath or Intrinsic Function at runtime.",
    ),
}


@pytest.mark.parametrize(("fields", "code", "location", "message"), WARNINGS.values(), ids=WARNINGS)
def test_warnings(fields, code, location, message):
    (found,) = check(machine(X=PASS | fields))
    assert (found.severity, found.code, found.location) == (Severity.WARNING, code, location)
    assert found.message == message


def test_a_warning_stands_where_its_value_does():
    (found,) = check(machine(X=PASS | {"Parameters": {"deep": [{"id": "$.order.id"}]}}))
    assert found.place == ("States", "X", "Parameters", "deep", 0, "id")


def test_a_cause_that_looks_like_a_path():
    (found,) = check(machine(X={"Type": "Fail", "Cause": "$.error.Cause"}))
    assert (found.code, found.location) == (Code.NO_PATH, "/States/X/Cause")
    assert found.message == (
        "The value of 'Cause' looks like a JSONPath. Instead of 'Cause', use 'CausePath' to evaluate it as"
        " a JSONPath at runtime."
    )


def nested(outer, inner, **container):
    branch = {"StartAt": "In", "States": {"In": PASS | {"Assign": inner}}}
    parallel = {"Type": "Parallel", "Branches": [branch], "End": True, **container}
    return machine(X={"Type": "Pass", "Assign": outer, "Next": "P"}, P=parallel)


def test_an_inner_scope_cannot_assign_what_an_outer_one_does():
    assert told(nested({"n": 1}, {"n": 2})) == [
        failed(
            "Variable 'n' is assigned in an outer scope and cannot be assigned here",
            "/States/P/Branches[0]/States/In/Assign",
        )
    ]
    assert told(nested({"n": 1}, {"m.$": "$.m"})) == []


def test_a_state_assigns_after_its_branches_have_ended():
    """Recorded: a Parallel and its branch assign one name."""
    assert told(nested({"m": 1}, {"n": 2}, Assign={"n": 3})) == []


def test_errors_come_before_warnings_and_all_at_once():
    faulty = machine(
        X={"Type": "Pass", "Parameters": {"a": "$.a"}, "Next": "Y"},
        Y={"Type": "Wait", "Seconds": -1, "Next": "Z", "Extra": 1},
    )
    assert [one.code for one in check(faulty)] == [
        Code.MISSING_TRANSITION_TARGET,
        Code.MISSING_END_STATE,
        Code.SCHEMA_VALIDATION_FAILED,
        Code.SCHEMA_VALIDATION_FAILED,
        Code.NO_DOLLAR,
    ]


def test_hints_name_what_was_meant():
    (found,) = check(machine(X={"Type": "Pass", "Next": "Sucess"}, Success={"Type": "Succeed"}))[:1]
    assert found.hint == "did you mean 'Success'?"
    (found,) = check(machine(state=PASS | {"Parameters": {}}, language="JSONata"))
    assert found.hint == "write Arguments or Output"


def test_deep_documents_are_refused_before_anything_walks_them():
    deep = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert told(machine(X=PASS | {"Result": deep})) == [
        "TOO_DEEPLY_NESTED: Nested more than 100 deep at /"
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "Type",
        "Next",
        "End",
        "Default",
        "Choices",
        "Catch",
        "Retry",
        "Branches",
        "ItemProcessor",
        "Iterator",
        "Seconds",
        "Resource",
        "Assign",
        "Parameters",
        "Output",
        "InputPath",
        "ResultPath",
        "ItemReader",
        "ItemBatcher",
        "Label",
        "QueryLanguage",
        "Credentials",
    ]
)
TYPES = st.sampled_from(["Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map"])


@given(st.dictionaries(FIELDS, JSON, max_size=6), TYPES | JSON, JSON)
def test_no_document_is_too_strange(fields, kind, start):
    document = {"StartAt": start, "States": {"X": {**fields, "Type": kind}}}
    before = copy.deepcopy(document)
    for one in check(document):
        assert one.message
        assert one.location.startswith("/")
    assert document == before


MACHINES = [
    json.loads(path.read_text())
    for path in sorted((Path(__file__).parents[1] / "graph" / "machines").glob("*.json"))
]


def places(value, place=()):
    yield place
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in members:
        yield from places(item, (*place, key))


@given(st.data())
def test_one_strange_value_anywhere_is_told_or_read(data):
    document = copy.deepcopy(data.draw(st.sampled_from(MACHINES)))
    *way, last = data.draw(st.sampled_from([one for one in places(document) if one]))
    holder = document
    for key in way:
        holder = holder[key]
    holder[last] = data.draw(JSON)
    read = parse_machine(document)
    assert isinstance(read, Machine) or any(one.severity is Severity.ERROR for one in read)
