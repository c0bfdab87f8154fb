"""AWS's shapes of events; the order is in the recorded executions."""

import pytest

from frontdesk.rules.asl.history import HistoryEvent, aws_event

OUT = {"output": {"a": [1, None]}}


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
