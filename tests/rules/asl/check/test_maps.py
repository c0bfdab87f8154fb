"""What can be wrong with a distributed Map: reader, batcher, writer, labels."""

import pytest

from frontdesk.rules.asl.check import check
from frontdesk.rules.asl.diagnostics import Code

PASS = {"Type": "Pass", "End": True}
INNER = {"StartAt": "In", "States": {"In": PASS}}


def machine(**states):
    return {"StartAt": "X", "States": states}


def told(document):
    return [str(one) for one in check(document)]


def failed(message, location):
    return f"SCHEMA_VALIDATION_FAILED: {message} at {location}"


DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
MAP = {"Type": "Map", "ItemProcessor": INNER | DISTRIBUTED, "End": True}
READER = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}

DISTRIBUTED_FAULTS = {
    "reader's service": (
        {"ItemReader": READER | {"Resource": "arn:aws:states:::s3:putObject"}},
        (
            "INVALID_RESOURCE: The resource provided arn:aws:states:::s3:putObject is not recognized."
            " at /States/X/ItemReader/Resource"
        ),
    ),
    "reader's type": (
        {"ItemReader": READER | {"ReaderConfig": {"InputType": "XML"}}},
        failed(
            "The field 'InputType' should have one of these values: [CSV, JSON, JSONL, MANIFEST, PARQUET]",
            "/States/X/ItemReader/ReaderConfig/InputType",
        ),
    ),
    "headers that are not given": (
        {"ItemReader": READER | {"ReaderConfig": {"CSVHeaderLocation": "GIVEN"}}},
        failed("These fields are required: [CSVHeaders]", "/States/X/ItemReader/ReaderConfig"),
    ),
    "files of a list without their type": (
        {
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Parameters": {"Bucket": "b"},
                "ReaderConfig": {"Transformation": "LOAD_AND_FLATTEN"},
            }
        },
        failed("These fields are required: [InputType]", "/States/X/ItemReader/ReaderConfig"),
    ),
    "the type of an inventory": (
        {
            "ItemReader": READER
            | {"ReaderConfig": {"ManifestType": "S3_INVENTORY", "InputType": "CSV"}}
        },
        failed(
            "Field 'InputType' is not supported when 'ManifestType' is 'S3_INVENTORY'",
            "/States/X/ItemReader/ReaderConfig/InputType",
        ),
    ),
    "a batcher without a bound": (
        {"ItemBatcher": {"BatchInput": {}}},
        failed(
            "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
            "/States/X/ItemBatcher",
        ),
    ),
    "a batch over the quota": (
        {"ItemBatcher": {"MaxInputBytesPerBatch": 262_145}},
        failed(
            "The field 'MaxInputBytesPerBatch' must not be greater than 262144",
            "/States/X/ItemBatcher/MaxInputBytesPerBatch",
        ),
    ),
    "writer's transformation": (
        {"ResultWriter": {"WriterConfig": {"Transformation": "SHRINK"}}},
        failed(
            "The field 'Transformation' should have one of these values: [NONE, COMPACT, FLATTEN]",
            "/States/X/ResultWriter/WriterConfig/Transformation",
        ),
    ),
    "a writer that writes nowhere": (
        {"ResultWriter": {}},
        failed(
            "One of these fields is required: [Resource, WriterConfig]",
            "/States/X/ResultWriter",
        ),
    ),
    "a writer without a bucket": (
        {"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject"}},
        failed("These fields are required: [Parameters]", "/States/X/ResultWriter"),
    ),
    "a bucket without a writer": (
        {"ResultWriter": {"Parameters": {"Bucket": "b"}, "WriterConfig": {}}},
        failed("These fields are required: [Resource]", "/States/X/ResultWriter"),
    ),
    "a writer without a bucket, in JSONata": (
        {"QueryLanguage": "JSONata", "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject"}},
        failed("These fields are required: [Arguments]", "/States/X/ResultWriter"),
    ),
}


@pytest.mark.parametrize(
    ("fields", "expected"), DISTRIBUTED_FAULTS.values(), ids=DISTRIBUTED_FAULTS
)
def test_distributed_maps(fields, expected):
    assert told(machine(X=MAP | fields)) == [expected]


@pytest.mark.parametrize("label", ["", "a b", "l" * 41, "a<", "a\x07", "a\x9f", "a/*"])
def test_labels(label):
    (found,) = check(machine(X=MAP | {"Label": label}))
    assert (found.code, found.location) == (Code.INVALID_LABEL_NAME, "/States/X/Label")


def test_labels_are_there_once():
    other = {**MAP, "ItemProcessor": {"StartAt": "In2", "States": {"In2": PASS}, **DISTRIBUTED}}
    first = {**MAP, "Label": "rows", "Next": "Y"}
    del first["End"]
    found = told(machine(X=first, Y={**other, "Label": "rows"}))
    assert found == ['DUPLICATE_LABEL_NAME: Duplicate label "rows" at /States/Y/Label']
