"""What the files of distributed Maps say."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl import item_files
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.item_files import (
    ResultFile,
    Source,
    flattened,
    manifest,
    manifest_sources,
    read_items,
    result_files,
)


def read(data, kind="CSV", **config):
    data = data if isinstance(data, bytes) else data.encode()
    return read_items(io.BytesIO(data), {"InputType": kind, **config})


GIVEN = {"CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"]}


@pytest.mark.parametrize(
    ("text", "config", "items"),
    [
        ("a,b\n1,2\n3,4\n", {}, [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("a,b\r\n1,2", {"CSVHeaderLocation": "FIRST_ROW"}, [{"a": "1", "b": "2"}]),
        ("1,2\n", GIVEN, [{"a": "1", "b": "2"}]),
        ("a;b\n1;2\n", {"CSVDelimiter": "SEMICOLON"}, [{"a": "1", "b": "2"}]),
        ("a|b\n1|2\n", {"CSVDelimiter": "PIPE"}, [{"a": "1", "b": "2"}]),
        ("a b\n1 2\n", {"CSVDelimiter": "SPACE"}, [{"a": "1", "b": "2"}]),
        ("a\tb\n1\t2\n", {"CSVDelimiter": "TAB"}, [{"a": "1", "b": "2"}]),
        ('a,b\n"x\ny","say ""hi"""\n', {}, [{"a": "x\ny", "b": 'say "hi"'}]),
        ("a,b\n1\n1,2,3\n\n", {}, [{"a": "1", "b": ""}, {"a": "1", "b": "2"}]),
        ("\ufeffa,b\n\xe4,2\n", {}, [{"a": "\xe4", "b": "2"}]),
        ("a,b\n1,2\n3,4\n", {"MaxItems": 1}, [{"a": "1", "b": "2"}]),
        ("a,b\n1,2\n", {"MaxItems": 0}, [{"a": "1", "b": "2"}]),
        ("a,b\nC:\\\\x,\\q\n", {}, [{"a": "C:\\x", "b": "q"}]),
        ('a,b\n1\\,2,"say \\"hi\\""\n', {}, [{"a": "1,2", "b": 'say "hi"'}]),
        ('a,b\n{""k"":""v""},"x""""y"\n', {}, [{"a": '{"k":"v"}', "b": 'x""y'}]),
        ('a|b\n"1|""\n2"|""\n', {"CSVDelimiter": "PIPE"}, [{"a": '1|"\n2', "b": ""}]),
        ('a|b\nx""|y\\|""\n', {"CSVDelimiter": "PIPE"}, [{"a": 'x"', "b": 'y|"'}]),
        ("a|b\n1\\|2|3\n", {"CSVDelimiter": "PIPE"}, [{"a": "1|2", "b": "3"}]),
        ("a,b\n", {}, []),
        ("", {}, []),
    ],
)
def test_csv(text, config, items):
    assert read(text, **config) == items


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"))


@given(st.lists(st.fixed_dictionaries({"a": TEXTS, "b": TEXTS})))
def test_what_a_writer_of_csv_writes_is_read(rows):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["a", "b"], quoting=csv.QUOTE_ALL, escapechar="\\")
    writer.writeheader()
    writer.writerows(rows)
    assert read(text.getvalue()) == rows


@pytest.mark.parametrize(
    ("kind", "text", "config", "items"),
    [
        ("JSONL", '{"a": 1}\n\n[2]\n"x"', {}, [{"a": 1}, [2], "x"]),
        ("JSONL", "1\n2\n3\n", {"MaxItems": 2}, [1, 2]),
        ("JSON", "[1, 2, 3]", {}, [1, 2, 3]),
        ("JSON", "[1, 2, 3]", {"MaxItems": 2.0}, [1, 2]),
        ("JSON", '{"a": 1, "b": 2}', {"MaxItems": 1}, {"a": 1}),
        ("JSON", '{"a": {"b/c": [{"~d": [7]}]}}', {"ItemsPointer": "/a/b~1c/0/~0d"}, [7]),
    ],
)
def test_json(kind, text, config, items):
    assert read(text, kind, **config) == items


@pytest.mark.parametrize(
    ("kind", "data", "config", "cause"),
    [
        ("CSV", 'a,b\n"x', {}, "not CSV"),
        ("CSV", b"a\n\xff\n", {}, "not UTF-8"),
        ("CSV", "a\n1\n", {"MaxItems": -1}, "MaxItems"),
        ("CSV", "a\n1\n", {"MaxItems": "5"}, "MaxItems"),
        ("CSV", "a\n1\n", {"CSVDelimiter": ","}, "CSVDelimiter"),
        ("CSV", "a\n1\n", {"CSVHeaderLocation": "GIVEN"}, "CSVHeaders"),
        ("JSONL", "1\n{\n", {}, "Line 2 is not JSON"),
        ("JSON", "{", {}, "not JSON"),
        ("JSON", "5", {}, "neither an array nor an object"),
        ("JSON", "{}", {"ItemsPointer": "/a"}, "leads to nothing: /a"),
        ("JSON", "[1]", {"ItemsPointer": "/x"}, "leads to nothing"),
        ("PARQUET", "PAR1", {}, "InputType is not one of CSV, JSON, JSONL, MANIFEST: PARQUET"),
        (None, "", {}, "InputType"),
    ],
)
def test_what_cannot_be_read(kind, data, config, cause):
    with pytest.raises(StateError, match=cause) as caught:
        read(data, kind, **config)
    assert caught.value.name == "States.ItemReaderFailed"


@pytest.mark.parametrize("kind", ["CSV", "JSON", "JSONL"])
def test_a_file_is_read_no_further_than_the_limit(monkeypatch, kind):
    monkeypatch.setattr(item_files, "MOST_BYTES", 10)
    assert read(b"1\n" * 20, "JSONL", MaxItems=5) == [1] * 5
    with pytest.raises(StateError, match="more than 10 bytes"):
        read(b"1" * 1000, kind)


def test_items_of_several_files_are_joined():
    read_so_far = []

    def files():
        for items in ([1, 2], {"a": 1}, [3]):
            read_so_far.append(items)
            yield items

    assert flattened(files(), {}) == [1, 2, {"a": 1}, 3]
    read_so_far.clear()
    assert flattened(files(), {"MaxItems": 2}) == [1, 2]
    assert read_so_far == [[1, 2]]


def test_the_manifest_of_an_inventory():
    told = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::inventories",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz", "size": 5}, {"key": "data/2.csv.gz"}],
    }
    sources = manifest_sources(io.BytesIO(json.dumps(told).encode()), {"MaxItems": 7})
    config = {
        "MaxItems": 7,
        "InputType": "CSV",
        "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": ["Bucket", "Key", "Size"],
    }
    assert sources == [
        Source("inventories", "data/1.csv.gz", config),
        Source("inventories", "data/2.csv.gz", config),
    ]


def test_the_manifest_of_athena():
    config = {"ManifestType": "ATHENA_DATA", "InputType": "JSONL"}
    text = b'"s3://results/a/1.jsonl"\ns3://results/a/2.jsonl\n'
    assert manifest_sources(io.BytesIO(text), config) == [
        Source("results", "a/1.jsonl", config),
        Source("results", "a/2.jsonl", config),
    ]


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("[]", {}),
        ("{}", {}),
        ('{"fileSchema": "a", "destinationBucket": "b", "fileFormat": "ORC", "files": []}', {}),
        ('{"fileSchema": 5, "destinationBucket": "b", "fileFormat": "CSV", "files": []}', {}),
        ("/etc/passwd", {"ManifestType": "ATHENA_DATA"}),
        ("s3://bucket", {"ManifestType": "ATHENA_DATA"}),
    ],
)
def test_what_is_no_manifest(text, config):
    with pytest.raises(StateError, match="manifest"):
        manifest_sources(io.BytesIO(text.encode()), config)


# -- results ----------------------------------------------------------------------------------------

EXECUTIONS = [
    {"Status": "SUCCEEDED", "Input": {"a": 1}, "Output": [1, 2]},
    {"Status": "FAILED", "Input": 2, "Error": "E", "Cause": "c"},
    {"Status": "SUCCEEDED", "Input": 3, "Output": 3},
]
FAILED = {
    "Cause": "c",
    "Error": "E",
    "Input": "2",
    "InputDetails": {"Included": True},
    "Status": "FAILED",
}
SUCCEEDED = {
    "Input": '{"a":1}',
    "InputDetails": {"Included": True},
    "Output": "[1,2]",
    "OutputDetails": {"Included": True},
    "Status": "SUCCEEDED",
}


@pytest.mark.parametrize(
    ("transformation", "succeeded"),
    [("NONE", SUCCEEDED), ("COMPACT", [1, 2]), ("FLATTEN", 1)],
)
def test_a_file_for_each_status(transformation, succeeded):
    for kind, lines in (("json", "JSON"), ("jsonl", "JSONL")):
        config = {"Transformation": transformation, "OutputType": lines}
        good, bad = result_files(EXECUTIONS, config)
        assert (good.name, bad.name) == (f"SUCCEEDED_0.{kind}", f"FAILED_0.{kind}")
        if kind == "json":
            assert json.loads(bad.data) == [FAILED]
            assert json.loads(good.data)[0] == succeeded
        else:
            assert [json.loads(line) for line in bad.data.splitlines()] == [FAILED]
            assert json.loads(good.data.splitlines()[0]) == succeeded


def test_flattened_outputs():
    (good, _) = result_files(EXECUTIONS, {"Transformation": "FLATTEN"})
    assert json.loads(good.data) == [1, 2, 3]


def test_what_was_stopped_is_told_with_what_failed():
    stopped = {"Status": "ABORTED", "Input": 1}
    (file,) = result_files([EXECUTIONS[1], stopped], {"Transformation": "COMPACT"})
    assert [one["Status"] for one in json.loads(file.data)] == ["FAILED", "ABORTED"]


def test_those_that_never_began():
    (pending,) = result_files([{"Status": "PENDING", "Input": 1}], {})
    assert (pending.status, pending.name) == ("PENDING", "PENDING_0.json")


def test_a_manifest_names_the_files():
    files = [ResultFile("SUCCEEDED", "SUCCEEDED_0.json", b"[]")]
    assert json.loads(manifest("b", "p/u/", "arn:run", files)) == {
        "DestinationBucket": "b",
        "MapRunArn": "arn:run",
        "ResultFiles": {
            "FAILED": [],
            "PENDING": [],
            "SUCCEEDED": [{"Key": "p/u/SUCCEEDED_0.json", "Size": 2}],
        },
    }
