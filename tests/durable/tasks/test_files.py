"""Tasks on folders that stand for buckets."""

import asyncio
import gzip
import json
import os

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.files import FileTasks
from frontdesk.durable.tasks.jobs import Jobs
from tests.durable.tasks.asking import Answers, a_task

CLOCK = SystemClock()
RUN = "arn:aws:states:eu-west-1:123456789012:mapRun:orders/Each:0a1b"


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    (folder / "in" / "2026").mkdir(parents=True)
    (folder / "in" / "people.csv").write_text("name,age\nada,36\ngrace,85\n")
    (folder / "in" / "2026" / "a.json").write_text("[1, 2]")
    (folder / "in" / "2026" / "b.json").write_text("[3]")
    (folder / "in-.txt").write_text("x")
    (tmp_path / "secret.json").write_text('["s3cret"]')
    return folder


@pytest.fixture
async def do(data):
    jobs = Jobs(CLOCK, Wheel(CLOCK.monotonic()))
    tasks = FileTasks(jobs)
    tasks.adopt({"b": data, "none": data / "none"})

    async def do(service, arguments, **more):
        answers, (name, action) = Answers(), service.rsplit(":", 1)
        task = a_task(f"arn:aws:states:::{service}", arguments, **more)
        tasks.rows[name, action].do(task, answers)
        await answers.until()
        ((kind, *what),) = answers.all
        return what[0] if kind == "succeeded" else tuple(what)

    yield do
    await jobs.stop()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read(do, key, **config):
    return do("s3:getObject", {"Bucket": "b", "Key": key}, options=config)


async def test_items_of_a_file(do):
    people = await read(do, "in/people.csv", InputType="CSV")
    assert people == [{"name": "ada", "age": "36"}, {"name": "grace", "age": "85"}]


async def test_items_of_a_packed_file(do, data):
    (data / "x.jsonl.gz").write_bytes(gzip.compress(b"1\n2\n"))
    assert await read(do, "x.jsonl.gz", InputType="JSONL") == [1, 2]
    (data / "y.jsonl.gz").write_bytes(gzip.compress(b"1\n2\n" * 999)[:-9])
    error, cause = await read(do, "y.jsonl.gz", InputType="JSONL")
    assert (error, cause.split(":")[0]) == ("States.ItemReaderFailed", "y.jsonl.gz")


async def test_items_of_the_files_of_an_inventory(do, data):
    (data / "1.csv.gz").write_bytes(gzip.compress(b'"photos","a.png"\n"photos","b.png"\n'))
    manifest = {
        "destinationBucket": "arn:aws:s3:::b",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [{"key": "1.csv.gz"}],
    }
    (data / "manifest.json").write_text(json.dumps(manifest))
    assert await read(do, "manifest.json", InputType="MANIFEST", MaxItems=1) == [
        {"Bucket": "photos", "Key": "a.png"}
    ]


async def test_items_of_the_files_of_a_query(do, data):
    (data / "query.csv").write_text('"s3://b/in/2026/a.json"\n"s3://b/in/2026/b.json"\n')
    config = {"ManifestType": "ATHENA_DATA", "InputType": "JSON"}
    assert await read(do, "query.csv", **config) == [1, 2, 3]


async def test_files_as_items(do, data):
    items = await do("s3:listObjectsV2", {"Bucket": "b", "Prefix": "in"})
    assert [item["Key"] for item in items] == [
        "in-.txt",
        "in/2026/a.json",
        "in/2026/b.json",
        "in/people.csv",
    ]
    stat = (data / "in-.txt").stat()
    assert items[0] == {
        "Etag": items[0]["Etag"],
        "Key": "in-.txt",
        "LastModified": int(stat.st_mtime),
        "Size": 1,
        "StorageClass": "STANDARD",
    }
    assert len({item["Etag"] for item in items}) == 4


@pytest.mark.parametrize(
    ("prefix", "config", "keys"),
    [
        (None, {"MaxItems": 2}, ["in-.txt", "in/2026/a.json"]),
        ("in/2026/", {}, ["in/2026/a.json", "in/2026/b.json"]),
        ("in/2026/b", {}, ["in/2026/b.json"]),
        ("out/", {}, []),
        ("../", {}, []),
        ("/", {}, []),
    ],
)
async def test_some_of_the_files(do, prefix, config, keys):
    arguments = {"Bucket": "b"} | ({} if prefix is None else {"Prefix": prefix})
    items = await do("s3:listObjectsV2", arguments, options=config)
    assert [item["Key"] for item in items] == keys


async def test_items_of_all_files_of_a_list(do):
    config = {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"}
    arguments = {"Bucket": "b", "Prefix": "in/2026/"}
    assert await do("s3:listObjectsV2", arguments, options=config) == [1, 2, 3]


@pytest.mark.parametrize(
    "key",
    [
        "../secret.json",
        "in/../../secret.json",
        "/etc/passwd",
        "out/secret.json",
        "link.json",
        "a\0b",
    ],
)
async def test_no_key_leaves_the_folder(do, data, key):
    (data / "out").symlink_to(data.parent)
    (data / "link.json").symlink_to(data.parent / "secret.json")
    error, cause = await read(do, key, InputType="JSON")
    assert error == "States.ItemReaderFailed"
    assert cause.startswith("The key ")
    error, _ = await do("aws-sdk:s3:putObject", {"Bucket": "b", "Key": key, "Body": "x"})
    assert error == "S3.InvalidKeyException"
    assert (data.parent / "secret.json").read_text() == '["s3cret"]'
    items = await do("s3:listObjectsV2", {"Bucket": "b"})
    assert not {"link.json", "out/secret.json"} & {item["Key"] for item in items}


async def test_a_pipe_in_the_folder_is_no_file(do, data):
    os.mkfifo(data / "pipe")
    for task, options in (("s3:getObject", {"InputType": "JSON"}), ("aws-sdk:s3:getObject", {})):
        async with asyncio.timeout(30):
            _, told = await do(task, {"Bucket": "b", "Key": "pipe"}, options=options)
        assert told == "The specified key does not exist: pipe"
    items = await do("s3:listObjectsV2", {"Bucket": "b"})
    assert "pipe" not in {item["Key"] for item in items}


async def test_a_link_within_the_folder_is_a_file(do, data):
    (data / "last.json").symlink_to("in/2026/a.json")
    assert await read(do, "last.json", InputType="JSON") == [1, 2]


@pytest.mark.parametrize(
    ("bucket", "key", "cause"),
    [
        ("b", "gone.csv", "The specified key does not exist: gone.csv"),
        ("b", "in", "The specified key does not exist: in"),
        ("b", "in-.txt/x", "The specified key does not exist: in-.txt/x"),
        ("b", "k" * 300, "File name too long"),
        ("c", "x.csv", "The specified bucket does not exist: c; add it to buckets"),
    ],
)
async def test_what_is_not_there(do, bucket, key, cause):
    given = {"Bucket": bucket, "Key": key}
    error, told = await do("s3:getObject", given, options={"InputType": "CSV"})
    assert error == "States.ItemReaderFailed"
    assert cause in told
    assert (await do("s3:getObject", {"Bucket": bucket}))[0] == "States.Runtime"


RESULTS = {
    "MapRunArn": RUN,
    "Executions": [
        {"Status": "SUCCEEDED", "Input": 1, "Output": {"a": 1}},
        {"Status": "FAILED", "Input": 2, "Error": "E", "Cause": "c"},
    ],
}


@pytest.mark.parametrize(
    ("prefix", "folder"),
    [("out", "out/0a1b/"), ("out/", "out/0a1b/"), ("", "0a1b/"), (None, "0a1b/")],
)
async def test_results_are_written(do, data, prefix, folder):
    arguments = {"Bucket": "b"} | ({} if prefix is None else {"Prefix": prefix})
    for _ in range(2):  # after a crash it may be done again
        written = await do(
            "s3:putObject", arguments, results=RESULTS, options={"Transformation": "COMPACT"}
        )
        assert written == {"Bucket": "b", "Key": f"{folder}manifest.json"}
    manifest = json.loads((data / written["Key"]).read_text())
    assert manifest["MapRunArn"] == RUN
    (good,) = manifest["ResultFiles"]["SUCCEEDED"]
    (bad,) = manifest["ResultFiles"]["FAILED"]
    assert json.loads((data / good["Key"]).read_text()) == [{"a": 1}]
    assert (data / bad["Key"]).stat().st_size == bad["Size"]
    assert names(data / folder) == [
        "FAILED_0.json",
        "SUCCEEDED_0.json",
        "manifest.json",
    ]


async def test_results_make_the_bucket(do, data):
    await do("s3:putObject", {"Bucket": "none"}, results=RESULTS)
    assert (data / "none" / "0a1b" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ({"Bucket": "c"}, "does not exist"),
        ({"Bucket": "b", "Prefix": "../x"}, "is no path"),
        ({"Bucket": "b", "Prefix": "in/people.csv"}, "Not a directory"),
    ],
)
async def test_results_that_cannot_be_written(do, arguments, cause):
    error, told = await do("s3:putObject", arguments, results=RESULTS)
    assert (error, cause in told) == ("States.ResultWriterFailed", True), told


async def test_a_file_is_a_task_s_result(do, data):
    put = await do("aws-sdk:s3:putObject", {"Bucket": "b", "Key": "x/y.json", "Body": {"ä": 1}})
    got = await do("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "x/y.json"})
    assert got["Body"] == '{"ä":1}'
    assert (got["ContentLength"], got["ContentType"]) == (8, "application/json")
    assert put == {"ETag": got["ETag"]}
    await do("aws-sdk:s3:putObject", {"Bucket": "b", "Key": "x/y.json", "Body": "text"})
    assert (data / "x" / "y.json").read_text() == "text"
    assert names(data / "x") == ["y.json"]


async def test_a_file_that_is_too_large_or_not_there(do, data):
    (data / "large").write_bytes(b"x" * 262_145)
    assert (await do("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "large"}))[0] == (
        "States.DataLimitExceeded"
    )
    assert await do("aws-sdk:s3:getObject", {"Bucket": "b", "Key": "gone"}) == (
        "S3.NoSuchKeyException",
        "The specified key does not exist: gone",
    )


async def test_a_write_that_fails_leaves_what_was_there(do, data, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    error, cause = await do("aws-sdk:s3:putObject", {"Bucket": "b", "Key": "in-.txt", "Body": "yy"})
    assert (error, "No space left" in cause) == ("S3.InternalErrorException", True)
    assert (data / "in-.txt").read_text() == "x"
    assert names(data) == ["in", "in-.txt"]
