"""Owns the tasks that read and write files: readers and writers of distributed Maps, `s3:getObject` and `putObject`.

What files say is `rules.asl.item_files`, where they are is `buckets`. Everything blocks, and runs in threads.
Source: AWS, "ItemReader (Map)", "ResultWriter (Map)"; Amazon S3 API Reference.
"""

import asyncio
import gzip
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from mimetypes import guess_type
from pathlib import Path
from typing import BinaryIO, Final, cast

from frontdesk.durable.tasks.buckets import BucketError, Buckets, Listed
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.performing import Perform, Performing
from frontdesk.durable.tasks.refusals import text_argument
from frontdesk.durable.tasks.task import Doer, Task
from frontdesk.rules.asl.data.errors import DATA_LIMIT_EXCEEDED, StateError
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.errors import RESULT_WRITER_FAILED
from frontdesk.rules.asl.item_files import (
    Source,
    flattened,
    manifest,
    manifest_sources,
    most_items,
    read_items,
    result_files,
    unreadable,
)
from frontdesk.rules.asl.model import Json

MOST_BYTES: Final = 262_144
"""Of a file that is the result of a task."""


class FileTasks:
    """Tasks on the folders of `buckets`. Used on one event loop.

    rows: who does what, by service and action.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._buckets = Buckets({})
        blocking = {
            ("aws-sdk:s3", "getObject"): self._get,
            ("aws-sdk:s3", "putObject"): self._put,
            ("s3", "getObject"): self._read,
            ("s3", "listObjectsV2"): self._list,
            ("s3", "putObject"): self._write,
        }
        self.rows: Mapping[tuple[str, str], Doer] = {
            row: Performing(jobs, _in_thread(perform)) for row, perform in blocking.items()
        }

    def adopt(self, folders: Mapping[str, Path]) -> None:
        """Take the buckets of the file."""
        self._buckets = Buckets(folders)

    # -- readers and writers of distributed Maps ------------------------------------------------------

    def _read(self, task: Task) -> Json:
        config = task.invoke.options
        source = Source(text_argument(task, "Bucket"), text_argument(task, "Key"), config)
        if config.get("InputType") != "MANIFEST" and "ManifestType" not in config:
            return self._items(source)
        try:
            file, _ = self._buckets.open(source.bucket, source.key)
        except BucketError as error:
            raise unreadable(error.message) from None
        with file:
            sources = manifest_sources(file, config)
        return flattened(map(self._items, sources), config)

    def _items(self, source: Source) -> Json:
        """Read the items of one file. Raises: StateError(States.ItemReaderFailed)."""
        try:
            file, _ = self._buckets.open(source.bucket, source.key)
            with file:
                if source.key.endswith(".gz"):
                    unpacked = cast("BinaryIO", gzip.GzipFile(fileobj=file))
                    return read_items(unpacked, source.config)
                return read_items(file, source.config)
        except BucketError as error:
            raise unreadable(error.message) from None
        except StateError as error:
            raise unreadable(f"{source.key}: {error.cause}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise unreadable(f"{source.key}: {error}") from None

    def _list(self, task: Task) -> Json:
        config, bucket = task.invoke.options, text_argument(task, "Bucket")
        prefix = _argument(task, "Prefix")
        try:
            listed = self._buckets.list(bucket, prefix)
            if config.get("Transformation") == "LOAD_AND_FLATTEN":
                sources = (Source(bucket, one.key, config) for one in listed)
                return flattened(map(self._items, sources), config)
            return [_object(one) for one in islice(listed, most_items(config))]
        except BucketError as error:
            raise unreadable(error.message) from None

    def _write(self, task: Task) -> Json:
        bucket, prefix = text_argument(task, "Bucket"), _argument(task, "Prefix")
        results = task.invoke.results
        if not isinstance(results, dict):
            raise StateError(RESULT_WRITER_FAILED, "Only a distributed Map has results to write")
        # Named after the map run, so that what is written again after a crash is the same files.
        run = results["MapRunArn"].rpartition(":")[2]
        folder = f"{prefix.rstrip('/')}/{run}/".lstrip("/")
        files = result_files(results["Executions"], task.invoke.options)
        key = f"{folder}manifest.json"
        try:
            for file in files:
                self._buckets.put(bucket, f"{folder}{file.name}", file.data)
            self._buckets.put(bucket, key, manifest(bucket, folder, results["MapRunArn"], files))
        except BucketError as error:
            raise StateError(RESULT_WRITER_FAILED, error.message) from None
        return {"Bucket": bucket, "Key": key}

    # -- plain tasks ----------------------------------------------------------------------------------

    def _get(self, task: Task) -> Json:
        key = text_argument(task, "Key")
        try:
            file, listed = self._buckets.open(text_argument(task, "Bucket"), key)
            with file:
                body = file.read(MOST_BYTES + 1)
        except BucketError as error:
            raise _refused(error) from None
        if len(body) > MOST_BYTES:
            raise StateError(DATA_LIMIT_EXCEEDED, f"The object is larger than {MOST_BYTES} bytes")
        modified = datetime.fromtimestamp(listed.modified, UTC)
        return {
            "Body": body.decode("utf-8", "replace"),
            "ContentLength": len(body),
            "ContentType": guess_type(key)[0] or "application/octet-stream",
            "ETag": listed.tag,
            "LastModified": modified.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _put(self, task: Task) -> Json:
        bucket, key = text_argument(task, "Bucket"), text_argument(task, "Key")
        body = task.invoke.arguments.get("Body", "")
        data = body if isinstance(body, str) else json_text(body)
        try:
            listed = self._buckets.put(bucket, key, data.encode())
        except BucketError as error:
            raise _refused(error) from None
        return {"ETag": listed.tag}


def _in_thread(perform: Callable[[Task], Json]) -> Perform:
    async def run(task: Task) -> Json:
        return await asyncio.to_thread(perform, task)

    return run


def _argument(task: Task, name: str) -> str:
    """Return an argument that may be left out."""
    return text_argument(task, name) if name in task.invoke.arguments else ""


def _object(listed: Listed) -> dict[str, Json]:
    return {
        "Etag": listed.tag,
        "Key": listed.key,
        "LastModified": listed.modified,
        "Size": listed.size,
        "StorageClass": "STANDARD",
    }


def _refused(error: BucketError) -> StateError:
    return StateError(f"S3.{error.code}Exception", error.message)
