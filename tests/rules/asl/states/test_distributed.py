"""Distributed Map: children, batches, tolerated failures, readers and writers."""

import json

import pytest

from frontdesk.asl import TaskError, run_local
from frontdesk.rules.asl.messages import (
    CancelTask,
    ChildFailed,
    ChildSucceeded,
    Fail,
    Finish,
    StartChild,
    TaskFailed,
    TaskSucceeded,
)
from tests.rules.asl.machines import Played, machine, task

READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "Parameters": {"Bucket.$": "$.from", "Key": "k"},
}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}


def distributed(*, each=None, **fields):
    processor = machine(Each=each or {"Type": "Pass", "End": True})
    processor["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return machine(Map={"Type": "Map", "ItemProcessor": processor, "End": True} | fields)


@pytest.mark.parametrize(
    ("fields", "given", "output"),
    [
        ({}, [1, 2], [1, 2]),
        ({}, [], []),
        ({}, {"a": 1}, [{"Key": "a", "Value": 1}]),
        ({"QueryLanguage": "JSONata"}, {"a": 1}, [{"Key": "a", "Value": 1}]),
        (
            {"QueryLanguage": "JSONata", "Items": "{% $states.input.i %}"},
            {"i": {"a": 1}},
            [{"Key": "a", "Value": 1}],
        ),
        ({"ItemSelector": {"s.$": "$$.Map.Item.Source"}}, [1], [{"s": "STATE_DATA"}]),
        (
            {"ItemSelector": {"k.$": "$$.Map.Item.Key", "i.$": "$$.Map.Item.Index"}},
            {"a": 1, "b": 2},
            [{"k": "a", "i": 0}, {"k": "b", "i": 1}],
        ),
        ({"ItemBatcher": {"MaxItemsPerBatch": 2}}, [1, 2, 3], [{"Items": [1, 2]}, {"Items": [3]}]),
        (
            {"ItemBatcher": {"MaxInputBytesPerBatch": 20, "BatchInput": {"b": 1}}},
            ["x"],
            [{"BatchInput": {"b": 1}, "Items": ["x"]}],
        ),
        (
            {"ItemsPath": "$.i", "ItemBatcher": {"MaxItemsPerBatchPath": "$.n"}},
            {"i": [1, 2], "n": 1},
            [{"Items": [1]}, {"Items": [2]}],
        ),
    ],
)
def test_items_become_inputs_of_children(fields, given, output):
    assert run_local(distributed(**fields), given).output == output


def test_batches_keep_to_their_bytes():
    run = run_local(distributed(ItemBatcher={"MaxInputBytesPerBatch": 30}), ["12345"] * 4)
    assert run.output == [{"Items": ["12345", "12345"]}, {"Items": ["12345", "12345"]}]


def test_children_have_own_histories():
    run = run_local(distributed(), [1, 2])
    assert [one["type"] for one in run.history] == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]


FAILED = "described"


def fails_at(*bad):
    def each(item):
        if item in bad:
            raise TaskError("Bad")
        return item

    return {"f": each}


@pytest.mark.parametrize(
    ("fields", "bad", "output"),
    [
        ({}, [1], None),
        ({"ToleratedFailureCount": 1}, [1], [0, FAILED, 2, 3]),
        ({"ToleratedFailureCount": 1}, [1, 2], None),
        ({"ToleratedFailurePercentage": 50}, [1, 2], [0, FAILED, FAILED, 3]),
        ({"ToleratedFailurePercentage": 49.9}, [1, 2], None),
        ({"ToleratedFailureCount": 3, "ToleratedFailurePercentage": 25}, [1, 2], None),
        ({"ToleratedFailureCount": 1, "ToleratedFailurePercentage": 100}, [1, 2], None),
        ({"ToleratedFailurePercentage": 100}, [0, 1, 2, 3], [FAILED] * 4),
    ],
)
def test_tolerated_failures(fields, bad, output):
    run = run_local(distributed(each=task(), **fields), [0, 1, 2, 3], fails_at(*bad))
    if output is not None:
        told = [FAILED if isinstance(one, dict) else one for one in run.output]
        assert told == output
        return
    assert (run.error, run.cause) == (
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    )
    assert [one["type"] for one in run.history[-3:]] == [
        "MapRunFailed",
        "MapStateFailed",
        "ExecutionFailed",
    ]


@pytest.mark.parametrize(
    ("fields", "given", "error", "cause"),
    [
        (
            {"ToleratedFailurePercentagePath": "$.p", "ItemsPath": "$.i"},
            {"p": 100.5, "i": [1]},
            "States.Runtime",
            "ToleratedFailurePercentage must be between 0 and 100.",
        ),
        (
            {"ToleratedFailurePercentagePath": "$.p", "ItemsPath": "$.i"},
            {"p": -1, "i": [1]},
            "States.Runtime",
            "ToleratedFailurePercentage cannot be negative.",
        ),
        (
            {"QueryLanguage": "JSONata", "ToleratedFailurePercentage": "{% -1 %}"},
            [1],
            "States.QueryEvaluationError",
            "The ToleratedFailurePercentage field must be a number from 0 to 100, but was: -1",
        ),
        (
            {"QueryLanguage": "JSONata", "ToleratedFailureCount": "{% -1 %}"},
            [1],
            "States.QueryEvaluationError",
            "The ToleratedFailureCount field must be an integer that is not negative, but was: -1",
        ),
        (
            {"ItemBatcher": {"MaxItemsPerBatchPath": "$.n"}, "ItemsPath": "$.i"},
            {"n": 0, "i": [1]},
            "States.Runtime",
            "MaxItemsPerBatch must be positive.",
        ),
    ],
)
def test_bounds_out_of_range(fields, given, error, cause):
    run = run_local(distributed(**fields), given)
    assert (run.error, run.cause.partition("). ")[2]) == (error, cause)


def test_so_many_children_run_at_once():
    played = Played(distributed(MaxConcurrency=2), [1, 2, 3])
    assert [one.input for one in played.of(StartChild)] == [1, 2]
    first = played.of(StartChild)[0]
    played.answer(first, ChildSucceeded, index=0, output="a")
    assert played.answer(first, ChildSucceeded, index=0, output="told twice") == []
    for index, output in ((2, "c"), (1, "b")):
        played.answer(first, ChildSucceeded, index=index, output=output)
    assert played.last(Finish).output == ["a", "b", "c"]


def test_a_failure_that_is_told_twice_counts_once():
    played = Played(distributed(ToleratedFailureCount=1), [1, 2])
    first = played.of(StartChild)[0]
    played.answer(first, ChildFailed, index=0, error="E", cause="it is 1")
    played.answer(first, ChildFailed, index=0, error="E", cause="told twice")
    played.answer(first, ChildSucceeded, index=1, output="b")
    failed, output = played.last(Finish).output
    assert (failed["Error"], failed["Cause"], output) == ("E", "it is 1", "b")


@pytest.mark.parametrize("transformation", ["NONE", "COMPACT", "FLATTEN"])
def test_what_failed_is_described_whatever_the_transformation(transformation):
    writer = {"WriterConfig": {"Transformation": transformation}}
    definition = distributed(each=task(), ToleratedFailureCount=1, ResultWriter=writer)
    run = run_local(definition, [{"a": 1}], fails_at({"a": 1}), machine_name="m")
    (told,) = run.output
    arn = run.history[3]["mapRunStartedEventDetails"]["mapRunArn"]
    place, _, id_ = arn.rpartition(":")
    assert told == {
        "Cause": told["Cause"],
        "Error": "Bad",
        "ExecutionArn": f"{place.replace(':mapRun:', ':execution:')}:{id_}.0",
        "Input": '{"a":1}',
        "InputDetails": {"Included": True},
        "Name": f"{id_}.0",
        "StateMachineArn": place.replace(":mapRun:", ":stateMachine:"),
        "Status": "FAILED",
    }


def test_results_can_be_described_without_being_written():
    writer = {"WriterConfig": {"Transformation": "NONE"}}
    (told,) = run_local(distributed(ResultWriter=writer), [[1]]).output
    assert (told["Status"], told["Output"]) == ("SUCCEEDED", "[1]")
    assert told["OutputDetails"] == {"Included": True}


def test_a_child_has_the_arn_that_its_result_tells():
    each = {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id"}, "End": True}
    writer = {"WriterConfig": {"Transformation": "NONE"}}
    (told,) = run_local(distributed(each=each, ResultWriter=writer), [1]).output
    assert json.loads(told["Output"])["id"] == told["ExecutionArn"]


def test_a_child_input_over_the_quota_gives_the_others_up():
    caught = {"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Handle"}
    definition = distributed(Catch=[caught])
    definition["States"]["Handle"] = {"Type": "Wait", "Seconds": 9, "End": True}
    played = Played(definition, ["small", "x" * 262_144])
    (child,) = played.of(StartChild)
    assert [one.key for one in played.of(CancelTask)] == [child.key]
    assert played.answer(child, ChildSucceeded, index=0, output=1) == []
    assert len(played.run.waiting) == 1


def test_items_are_read_by_a_task():
    asked = []

    def read(arguments):
        asked.append(arguments)
        return [1, 2]

    run = run_local(distributed(ItemReader=READER), {"from": "b"}, {READER["Resource"]: read})
    assert (asked, run.output) == ([{"Bucket": "b", "Key": "k"}], [1, 2])
    assert run.history[2]["mapStateStartedEventDetails"] == {"length": 0}


@pytest.mark.parametrize(
    ("resource", "place", "source"),
    [
        ("s3:getObject", {"Bucket": "b", "Key": "in/k.json"}, "S3://b/in/k.json"),
        ("s3:listObjectsV2", {"Bucket": "b", "Prefix": "in/"}, "S3://b"),
        ("s3:listObjectsV2", {"Bucket": "b"}, "S3://b"),
    ],
)
def test_items_know_where_they_were_read(resource, place, source):
    reader = {"Resource": f"arn:aws:states:::{resource}", "Parameters": place}
    selector = {"s.$": "$$.Map.Item.Source", "k.$": "$$.Map.Item.Value"}
    definition = distributed(ItemReader=reader, ItemSelector=selector)
    run = run_local(definition, {}, {reader["Resource"]: lambda _: [5]})
    assert run.output == [{"s": source, "k": 5}]


@pytest.mark.parametrize("read", [lambda _: "no items", lambda _: 1 / 0])
def test_items_that_cannot_be_read(read):
    run = run_local(distributed(ItemReader=READER), {"from": "b"}, {READER["Resource"]: read})
    assert run.error == "States.ItemReaderFailed"


def test_results_are_written_by_a_task():
    written = []

    def write(given):
        written.append(given)
        return {"Bucket": "b", "Key": "p/manifest.json"}

    run = run_local(distributed(ResultWriter=WRITER), [1], {WRITER["Resource"]: write})
    (result,) = written[0]["Results"]
    names = [result.pop(name) for name in ("ExecutionArn", "Name", "StateMachineArn")]
    assert result == {"Status": "SUCCEEDED", "Input": 1, "Output": 1}
    assert names[0].endswith(f":{names[1]}")
    assert written[0]["Arguments"] == {"Bucket": "b", "Prefix": "p"}
    assert run.output["ResultWriterDetails"] == {"Bucket": "b", "Key": "p/manifest.json"}
    assert run.output["MapRunArn"] == run.history[3]["mapRunStartedEventDetails"]["mapRunArn"]


@pytest.mark.parametrize(
    ("answer", "values"), [(TaskSucceeded, {"output": {}}), (TaskFailed, {"error": "E"})]
)
def test_a_map_that_fails_has_its_results_written_first(answer, values):
    played = Played(distributed(ResultWriter=WRITER, MaxConcurrency=3), [1, 2, 3, 4])
    first = played.of(StartChild)[0]
    played.answer(first, ChildSucceeded, index=0, output="a")
    played.answer(first, ChildFailed, index=1, error="E", cause="c")
    assert [one.map_run for one in played.of(CancelTask)] == [first.map_run]
    assert "MapRunFailed" not in played.types
    told = played.invoke.results["Executions"]
    assert [one["Status"] for one in told] == ["SUCCEEDED", "FAILED", "ABORTED", "ABORTED"]
    assert played.answer(first, ChildFailed, index=2, error="stopped") == []
    played.answer(played.invoke, answer, **values)
    assert played.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert played.last(Fail).error == "States.ExceedToleratedFailureThreshold"


def test_items_whose_child_never_began_are_pending():
    played = Played(distributed(ResultWriter=WRITER, MaxConcurrency=1), [1, 2])
    played.answer(played.of(StartChild)[0], ChildFailed, index=0, error="E")
    told = played.invoke.results["Executions"]
    assert [(one["Status"], one["Input"]) for one in told] == [("FAILED", 1), ("PENDING", 2)]


def test_results_that_cannot_be_written():
    run = run_local(distributed(ResultWriter=WRITER), [1], {WRITER["Resource"]: lambda _: 1 / 0})
    assert run.error == "States.ResultWriterFailed"


def test_results_are_flattened():
    writer = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    assert run_local(distributed(ResultWriter=writer), [[1, 2], [3]]).output == [1, 2, 3]


def test_retry_runs_the_children_again():
    calls = []

    def each(item):
        calls.append(item)
        if len(calls) == 1:
            raise TaskError("Bad")
        return item

    retry = [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"]}]
    run = run_local(distributed(each=task(), Retry=retry), [1], {"f": each})
    assert (run.output, calls) == ([1], [1, 1])


def test_children_do_not_see_outer_variables():
    each = {"Type": "Pass", "Parameters": {"v.$": "$outer"}, "End": True}
    run = run_local(distributed(each=each), [1], variables={"outer": 1})
    assert run.error == "States.ExceedToleratedFailureThreshold"
