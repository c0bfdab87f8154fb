"""AWS's shapes of events; the order is in the recorded executions."""

import pytest

from frontdesk.asl import TaskError, run_local
from frontdesk.rules.asl.history import HistoryEvent, aws_event, read_aws_event
from tests.rules.asl.machines import machine, task

OUT = {"output": {"a": [1, None]}}
RETRY = {"Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}]}


@pytest.mark.parametrize(
    ("event_type", "details", "name", "written"),
    [
        (
            "ExecutionStarted",
            {"input": {}, "roleArn": "r"},
            "executionStartedEventDetails",
            {"input": "{}", "inputDetails": {"truncated": False}, "roleArn": "r"},
        ),
        (
            "WaitStateEntered",
            {"name": "W", "input": "é"},
            "stateEnteredEventDetails",
            {"name": "W", "input": '"é"', "inputDetails": {"truncated": False}},
        ),
        (
            "MapStateExited",
            {"name": "M", **OUT},
            "stateExitedEventDetails",
            {"name": "M", "output": '{"a":[1,null]}', "outputDetails": {"truncated": False}},
        ),
        (
            "PassStateExited",
            {"name": "P", "output": 1, "assignedVariables": {"v": {"x": 1}, "w": None}},
            "stateExitedEventDetails",
            {
                "name": "P",
                "output": "1",
                "outputDetails": {"truncated": False},
                "assignedVariables": {"v": '{"x":1}', "w": "null"},
                "assignedVariablesDetails": {"truncated": False},
            },
        ),
        (
            "TaskScheduled",
            {"resourceType": "lambda", "resource": "invoke", "region": "r", "parameters": {"a": 1}},
            "taskScheduledEventDetails",
            {
                "resourceType": "lambda",
                "resource": "invoke",
                "region": "r",
                "parameters": '{"a":1}',
            },
        ),
        (
            "LambdaFunctionFailed",
            {"error": "E", "cause": "c"},
            "lambdaFunctionFailedEventDetails",
            {"error": "E", "cause": "c"},
        ),
        ("MapStateStarted", {"length": 2}, "mapStateStartedEventDetails", {"length": 2}),
        ("ExecutionAborted", {}, "executionAbortedEventDetails", {}),
        ("ExecutionFailed", {}, "executionFailedEventDetails", {}),
        (
            "EvaluationFailed",
            {"error": "E", "cause": "c", "state": "S", "location": "Output"},
            "evaluationFailedEventDetails",
            {"error": "E", "cause": "c", "state": "S", "location": "Output"},
        ),
    ],
)
def test_details(event_type, details, name, written):
    event = HistoryEvent(5, 4, 1_700_000_000_123, event_type, details)
    assert aws_event(event) == {
        "timestamp": 1_700_000_000.123,
        "type": event_type,
        "id": 5,
        "previousEventId": 4,
        name: written,
    }


@pytest.mark.parametrize("event_type", ["LambdaFunctionStarted", "ParallelStateFailed", "TaskStateAborted", "MapRunSucceeded"])  # fmt: skip
def test_events_without_details(event_type):
    assert sorted(aws_event(HistoryEvent(1, 0, 0, event_type))) == [
        "id",
        "previousEventId",
        "timestamp",
        "type",
    ]


def test_data_is_left_out_where_it_is_not_wanted():
    event = HistoryEvent(1, 0, 0, "PassStateExited", {"name": "P", **OUT})
    assert aws_event(event, data=False)["stateExitedEventDetails"] == {"name": "P"}


def test_what_is_written_is_read_back():
    def busy(_given):
        raise TaskError("Busy", "later")

    caught = {"Catch": [{"ErrorEquals": ["Busy"], "Next": "P"}]}
    definition = machine(
        Map={"Type": "Map", "ItemProcessor": machine(Do=task(**RETRY)), "Next": "P"} | caught,
        P={"Type": "Pass", "Assign": {"v": {"x": [1]}}, "End": True},
    )
    events = run_local(definition, [1, "\u00e9"], {"f": busy}).events
    assert [read_aws_event(aws_event(event)) for event in events] == list(events)


def test_times_of_the_aws_cli_are_read():
    written = {"timestamp": "2026-01-31T09:15:30.123000+01:00", "type": "WaitStateAborted", "id": 7}
    assert read_aws_event(written) == HistoryEvent(7, 0, 1769847330123, "WaitStateAborted")


@pytest.mark.parametrize(
    "written",
    [
        {},
        [],
        None,
        {"id": 1, "type": "WaitStateAborted"},
        {"id": 1, "type": "X", "timestamp": "soon"},
        {"id": 1, "type": "X", "timestamp": 1, "xEventDetails": {"input": "{"}},
    ],
    ids=repr,
)
def test_what_is_no_event_is_refused(written):
    with pytest.raises(ValueError, match="no event of a history"):
        read_aws_event(written)
