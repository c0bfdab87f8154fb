"""Trials of one state: what comes of it, what each step gives, and that an execution would do the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.asl import run_local
from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.messages import TaskFailed, TaskSucceeded
from frontdesk.rules.asl.run import Facts
from frontdesk.rules.asl.trial.mocks import Mock
from frontdesk.rules.asl.trial.refused import RefusedError
from frontdesk.rules.asl.trial.subject import find_state
from frontdesk.rules.asl.trial.trial import Situation, Trial

FACTS = Facts(
    execution="arn:aws:states:r:a:express:m:e",
    name="e",
    machine="m",
    machine_name="m",
    express=True,
)
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
HANDLE = {"StartAt": "Handle", "States": {"Handle": {"Type": "Pass", "End": True}}}
MAP = {"Type": "Map", "ItemProcessor": HANDLE, "End": True}
DISTRIBUTED = MAP | {
    "ItemProcessor": HANDLE
    | {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
}
READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}


def begin(state, data=None, *, name=None, **situation):
    program, found = find_state(json.dumps(state), name)
    given = {} if data is None else data
    return Trial(
        program, found, Situation(given=given, facts=FACTS, **situation), now=1_000, seed=b"s" * 16
    )


def tried(state, data=None, **situation):
    """Try a state; the JSON texts of the answer are read."""
    return read(begin(state, data, **situation).told(steps=True))


def read(answer):
    if "output" in answer:
        answer["output"] = json.loads(answer["output"])
    answer["inspectionData"] = {
        name: json.loads(value) if isinstance(value, str) else value
        for name, value in answer["inspectionData"].items()
    }
    return answer


SOME = {"a": 1, "b": [1, 2], "now": "2016-03-14T01:59:00Z"}

ENDINGS = {
    "a wait ends at once": (
        {"Type": "Wait", "Seconds": 3600, "Next": "Then"},
        {"status": "SUCCEEDED", "output": SOME, "nextState": "Then"},
    ),
    "a wait until the past": (
        {"Type": "Wait", "TimestampPath": "$.now", "End": True},
        {"status": "SUCCEEDED", "output": SOME},
    ),
    "a wait without its field": (
        {"Type": "Wait", "SecondsPath": "$.none", "End": True},
        {
            "status": "FAILED",
            "error": "States.Runtime",
            "cause": "Invalid path '$.none' : No results for path: $['none']",
        },
    ),
    "a choice": (
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "One"}]},
        {"status": "SUCCEEDED", "output": SOME, "nextState": "One"},
    ),
    "a choice without a way": (
        {"Type": "Choice", "Choices": [{"Variable": "$.a", "NumericEquals": 2, "Next": "Two"}]},
        {
            "status": "FAILED",
            "error": "States.NoChoiceMatched",
            "cause": "Failed to transition out of the state. The state does not point to a next state.",
        },
    ),
    "a fail without a cause": (
        {"Type": "Fail", "Error": "No"},
        {"status": "FAILED", "error": "No"},
    ),
    "an expression that fails": (
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $none %}", "End": True},
        {
            "status": "FAILED",
            "error": "States.QueryEvaluationError",
            "cause": "The JSONata expression '$none' specified for the field 'Output' returned nothing (undefined).",
        },
    ),
}


@pytest.mark.parametrize(("state", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_what_comes_of_a_state(state, expected):
    answer = tried(state, SOME)
    del answer["inspectionData"]
    assert answer == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab$.", max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("abc", max_size=2), inner),
    max_leaves=6,
)
PATHS = st.sampled_from(["$", "$.a", "$.a.b", "$$.State.Name", None])
STATES = st.fixed_dictionaries(
    {"Type": st.just("Pass"), "End": st.just(True)},
    optional={
        "InputPath": PATHS,
        "OutputPath": PATHS,
        "ResultPath": st.sampled_from(["$", "$.a", "$.a.b", None]),
        "Parameters": st.fixed_dictionaries({"x.$": PATHS.filter(bool), "y": JSON}),
        "Result": JSON,
    },
)


@given(STATES, JSON)
def test_a_trial_gives_what_an_execution_gives(state, data):
    run = run_local(
        {"StartAt": "StateName", "States": {"StateName": state}}, {"in": data, "a": data}
    )
    answer = tried(state, {"in": data, "a": data})
    assert (answer["status"], answer.get("output"), answer.get("error")) == (
        run.status,
        run.output,
        run.error,
    )


def test_steps_stop_where_the_data_is_at_fault():
    state = {"Type": "Pass", "Parameters": {"x.$": "$.none"}, "InputPath": "$.a", "End": True}
    answer = tried(state, {"a": {"b": 1}})
    assert answer["status"] == "FAILED"
    assert answer["inspectionData"] == {"input": {"a": {"b": 1}}, "afterInputPath": {"b": 1}}


def test_variables_are_those_before_and_those_assigned():
    state = {"Type": "Pass", "Assign": {"n": 2, "seen.$": "$old"}, "End": True}
    answer = tried(state, variables={"old": 1, "n": 0})
    assert answer["inspectionData"]["variables"] == {"old": 1, "n": 2, "seen": 1}


def test_a_state_within_a_machine_is_found_at_any_depth():
    machine = {
        "StartAt": "Each",
        "States": {"Each": MAP | {"ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Pass", "Result": 7, "End": True}}}}},
    }  # fmt: skip
    assert tried(machine, name="In")["output"] == 7


# -- tasks ------------------------------------------------------------------------------------------


def test_a_real_task_says_what_it_asks_for_and_takes_the_answer():
    trial = begin(INVOKE | {"Parameters": {"FunctionName": "f"}, "ResultPath": "$.r"}, {"a": 1})
    assert not trial.is_over
    asked = trial.invoke
    assert (asked.resource, asked.arguments) == (INVOKE["Resource"], {"FunctionName": "f"})
    about = {"key": asked.key, "attempt": asked.attempt, "now": 2_000, "seed": b"t" * 16}
    trial.take(TaskSucceeded(**about, output={"Payload": 2}))
    assert trial.is_over
    assert read(trial.told(steps=True))["output"] == {"a": 1, "r": {"Payload": 2}}


def test_a_real_task_that_fails_is_caught_like_a_mocked_one():
    state = INVOKE | {"Catch": [{"ErrorEquals": ["No"], "Next": "Sorry"}]}
    trial = begin(state)
    asked = trial.invoke
    about = {"key": asked.key, "attempt": asked.attempt, "now": 2_000, "seed": b"t" * 16}
    trial.take(TaskFailed(**about, error="No", cause="why"))
    mocked = begin(state, mock=Mock(failure=Failure("No", "why")))
    assert trial.told(steps=True) == mocked.told(steps=True)
    assert trial.told(steps=False)["nextState"] == "Sorry"


def test_an_error_in_the_catcher_is_what_the_state_fails_with():
    catcher = {"ErrorEquals": ["No"], "Next": "Sorry", "ResultPath": "$.a.b"}
    answer = tried(INVOKE | {"Catch": [catcher]}, {"a": 1}, mock=Mock(failure=Failure("No", None)))
    assert (answer["status"], answer["error"]) == ("FAILED", "States.ResultPathMatchFailure")
    assert "output" not in answer


RETRY = [{"ErrorEquals": ["No"], "IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 2}]


@pytest.mark.parametrize(
    ("retries", "status", "handling"),
    [
        (0, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 3}),
        (1, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 4}),
        (2, "CAUGHT_ERROR", {"retryIndex": 0, "catchIndex": 1}),
    ],
)
def test_retries_are_counted_before_catchers_are_asked(retries, status, handling):
    catch = [{"ErrorEquals": ["Other"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "Next": "B"}]
    state = INVOKE | {"Retry": RETRY, "Catch": catch}
    answer = tried(state, mock=Mock(failure=Failure("No", "why")), retries=retries)
    assert (answer["status"], answer["inspectionData"]["errorDetails"]) == (status, handling)


def test_an_error_that_nobody_handles_has_no_details():
    answer = tried(INVOKE, mock=Mock(failure=Failure("No", "why")))
    assert "errorDetails" not in answer["inspectionData"]


def test_a_task_sees_its_token():
    state = INVOKE | {
        "Resource": f"{INVOKE['Resource']}.waitForTaskToken",
        "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
    }
    answer = tried(state, mock=Mock(result=1))
    assert answer["inspectionData"]["afterParameters"]["Payload"]["token"]


# -- Map and Parallel -------------------------------------------------------------------------------


def test_a_map_shows_the_inputs_of_its_iterations():
    state = MAP | {
        "ItemsPath": "$.all",
        "ItemSelector": {"n.$": "$$.Map.Item.Value", "of.$": "$.who"},
        "MaxConcurrency": 2,
        "ResultPath": "$.done",
    }
    data = {"all": [1, 2], "who": "me"}
    answer = tried(state, data, mock=Mock(result=["a", "b"]))
    assert answer["output"] == {**data, "done": ["a", "b"]}
    assert answer["inspectionData"] == {
        "input": data,
        "afterInputPath": data,
        "afterItemsPath": [1, 2],
        "afterItemSelector": [{"n": 1, "of": "me"}, {"n": 2, "of": "me"}],
        "afterResultSelector": ["a", "b"],
        "afterResultPath": {**data, "done": ["a", "b"]},
        "maxConcurrency": 2,
    }


@pytest.mark.parametrize(
    ("config", "content", "batches"),
    [
        pytest.param(
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "id,n\n1,x\n2,y\n3,z\n",
            [{"Items": [{"id": "1", "n": "x"}, {"id": "2", "n": "y"}]}, {"Items": [{"id": "3", "n": "z"}]}],
            id="CSV",
        ),
        pytest.param(
            {"InputType": "JSON", "ItemsPointer": "/all", "MaxItems": 1},
            '{"all": [1, 2]}',
            [{"Items": [1]}],
            id="JSON",
        ),
    ],
)  # fmt: skip
def test_a_map_reads_the_file_that_it_is_given(config, content, batches):
    state = DISTRIBUTED | {
        "ItemReader": READER | {"ReaderConfig": config},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
    }
    answer = tried(state, mock=Mock(result=[]), read=content)
    assert answer["inspectionData"]["afterItemBatcher"] == batches
    assert ("afterItemsPointer" in answer["inspectionData"]) == ("ItemsPointer" in config)


def test_items_of_a_map_know_their_file():
    state = DISTRIBUTED | {
        "ItemReader": READER | {"ReaderConfig": {"InputType": "JSON"}},
        "ItemSelector": {"from.$": "$$.Map.Item.Source"},
    }
    answer = tried(state, mock=Mock(result=[]), read="[1]")
    place = "/".join(READER["Parameters"].values())
    assert answer["inspectionData"]["afterItemSelector"] == [{"from": f"S3://{place}"}]


def test_a_file_that_cannot_be_read_fails_the_map():
    state = DISTRIBUTED | {"ItemReader": READER | {"ReaderConfig": {"InputType": "JSON"}}}
    answer = tried(state, mock=Mock(result=[]), read="[1")
    assert answer["error"] == "States.ItemReaderFailed"


@pytest.mark.parametrize(
    ("tolerated", "failed", "status"),
    [
        ({}, 0, "SUCCEEDED"),
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 1}, 1, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50}, 2, "FAILED"),
    ],
)
def test_a_map_bears_as_many_failures_as_it_says(tolerated, failed, status):
    answer = tried(DISTRIBUTED | tolerated, [1, 2, 3], mock=Mock(result=[0]), failed=failed)
    assert answer["status"] == status


def test_a_parallel_takes_one_result_for_each_branch():
    state = {"Type": "Parallel", "Branches": [HANDLE], "End": True}
    assert tried(state, mock=Mock(result=[5]))["output"] == [5]
    with pytest.raises(RefusedError, match="the same number of items"):
        begin(state, mock=Mock(result=[5, 6]))


# -- what is refused --------------------------------------------------------------------------------

REFUSED = {
    "an activity": (
        INVOKE | {"Resource": "arn:aws:states:us-east-1:1:activity:a"},
        "Activity when a mock is not specified",
    ),
    "a job": (
        INVOKE | {"Resource": "arn:aws:states:::states:startExecution.sync"},
        r"'\.sync' service integrations when a mock is not specified",
    ),
    "a Map": (MAP, "does not support Map or Parallel states"),
    "no JSON": ("{", "Expected|These fields|JSON"),
    "an unknown field": ({"Type": "Succeed", "Frobnicate": 1}, "SCHEMA_VALIDATION_FAILED: .*Frobnicate"),
    "a machine without the name of a state": (
        {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
        "SCHEMA_VALIDATION_FAILED",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("state", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_tried_is_refused(state, message):
    with pytest.raises(RefusedError, match=message) as refused:
        begin(state)
    assert refused.value.code == "InvalidDefinition"
