"""Owns what the files of a distributed Map say: items read from them, results written to them.

Knows open files and texts, no path and no bucket.
Source: AWS, "ItemReader (Map)", "ResultWriter (Map)".
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO, Final, NamedTuple

import orjson

from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.errors import ITEM_READER_FAILED
from frontdesk.rules.asl.model import Json

# Differs: [item-file-size] AWS reads files of up to 10 GB: it has somewhere else to put their items
MOST_BYTES: Final = 64 * 1024**2
"""That are read of one file."""

Config = Mapping[str, Json]
"""A ReaderConfig or WriterConfig, checked where it is written out."""

_DELIMITERS: Final = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_URI: Final = "s3://"
_ARN: Final = "arn:aws:s3:::"


class Source(NamedTuple):
    """A file with items. config: how it is read."""

    bucket: str
    key: str
    config: Config


# -- items ------------------------------------------------------------------------------------------


def read_items(file: BinaryIO, config: Config) -> Json:
    """Read the items of a file: a list, or an object of JSON. Raises: StateError(States.ItemReaderFailed)."""
    kind = config.get("InputType")
    read = _KINDS.get(kind) if isinstance(kind, str) else None
    if read is None:
        # Differs: [parquet-items] AWS reads Parquet, too
        raise unreadable(f"InputType is not one of {', '.join(_KINDS)}, MANIFEST: {kind}")
    return _first(read(file, config), config)


def flattened(sources: Iterable[Json], config: Config) -> list[Json]:
    """Join the items of several files, in order."""
    parts = (one if isinstance(one, list) else [one] for one in sources)
    return list(islice(chain.from_iterable(parts), most_items(config)))


def most_items(config: Config) -> int | None:
    """Return how many items are wanted, None for all of them. Raises: StateError."""
    most = config.get("MaxItems")
    if most is None:
        return None
    if not isinstance(most, int | float) or most < 0 or most != int(most):
        raise unreadable(f"MaxItems is not a whole number from 0: {most}")
    return int(most) or None


def manifest_sources(file: BinaryIO, config: Config) -> list[Source]:
    """Read which files a manifest names. Raises: StateError."""
    if config.get("ManifestType") == "ATHENA_DATA":
        return [_by_uri(row[0], config) for row in csv.reader(_lines(file)) if row]
    inventory = _json(file, {})
    try:
        columns = [name.strip() for name in inventory["fileSchema"].split(",")]
        bucket = inventory["destinationBucket"].removeprefix(_ARN)
        if inventory["fileFormat"] != "CSV":
            raise unreadable(f"The manifest names files of {inventory['fileFormat']}, not of CSV")
        rows = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": columns}
        return [Source(bucket, one["key"], {**config, **rows}) for one in inventory["files"]]
    except (AttributeError, KeyError, TypeError):
        raise unreadable("The manifest is none of an S3 inventory") from None


def _by_uri(uri: str, config: Config) -> Source:
    bucket, slash, key = uri.strip().removeprefix(_URI).partition("/")
    if not uri.startswith(_URI) or not slash:
        raise unreadable(f"The manifest names something other than s3://BUCKET/KEY: {uri[:200]}")
    return Source(bucket, key, config)


def _lines(file: BinaryIO) -> Iterator[str]:
    """Give the lines of a file with their ends, in UTF-8, a byte order mark taken off."""
    left, mark = MOST_BYTES, "utf-8-sig"
    try:
        while line := file.readline(left + 1):
            left -= len(line)
            if left < 0:
                raise unreadable(f"The file has more than {MOST_BYTES} bytes")
            yield line.decode(mark)
            mark = "utf-8"
    except UnicodeDecodeError:
        raise unreadable("The file is not UTF-8") from None


def _csv(file: BinaryIO, config: Config) -> Iterator[Json]:
    written = config.get("CSVDelimiter", "COMMA")
    delimiter = _DELIMITERS.get(written) if isinstance(written, str) else None
    if delimiter is None:
        raise unreadable(f"CSVDelimiter is not one of {', '.join(_DELIMITERS)}: {written}")
    try:
        rows = filter(None, _rows(_lines(file), delimiter))
        if config.get("CSVHeaderLocation", "FIRST_ROW") == "FIRST_ROW":
            names: Sequence[Any] = next(rows, [])
        else:
            names = _headers(config)
        for row in rows:
            missing = [""] * (len(names) - len(row))
            yield dict(zip(names, [*row, *missing], strict=False))
    except csv.Error as error:
        raise unreadable(f"The file is not CSV: {error}") from None


_DOUBLED: Final = '""'


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """Read rows as AWS does: a backslash keeps what follows, doubled quotation marks are one in every field."""
    read: list[str] = []

    def reading() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line

    for row in csv.reader(reading(), delimiter=delimiter, escapechar="\\", strict=True):
        yield _without_doubled(row, "".join(read), delimiter)
        read.clear()


def _without_doubled(row: list[str], text: str, delimiter: str) -> list[str]:
    """Take doubled marks as one where Python's reader does not: in fields without marks around them.

    text: the row as it is written.
    """
    if _DOUBLED not in text:
        return row
    written = re.findall(_FIELD.format(re.escape(delimiter)), text, re.DOTALL)
    return [
        one if field.startswith('"') else one.replace(_DOUBLED, '"')
        for one, field in zip(row, written, strict=False)
    ]


_FIELD: Final = r"""("(?:[^"\\]|""|\\.)*"|(?:[^\\{0}]|\\.)*)(?:{0}|\r?\n|\Z)"""
"""One field of a row as it is written, and what ends it; to be given the delimiter."""


def _headers(config: Config) -> list[Json]:
    headers = config.get("CSVHeaders")
    if not isinstance(headers, list) or not all(isinstance(one, str) for one in headers):
        raise unreadable("CSVHeaders is not a list of texts")
    return headers


def _json_lines(file: BinaryIO, _config: Config) -> Iterator[Json]:
    for number, line in enumerate(_lines(file), 1):
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise unreadable(f"Line {number} is not JSON: {error}") from None


def _json(file: BinaryIO, config: Config) -> Any:
    try:
        value = orjson.loads("".join(_lines(file)))
    except orjson.JSONDecodeError as error:
        raise unreadable(f"The file is not JSON: {error}") from None
    pointer = config.get("ItemsPointer", "")
    for part in str(pointer).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (IndexError, KeyError, TypeError, ValueError):
            raise unreadable(f"ItemsPointer leads to nothing: {pointer}") from None
    return value


def _first(items: Any, config: Config) -> Json:
    most = most_items(config)
    match items:
        case dict():
            return dict(islice(items.items(), most))
        case str() | int() | float() | None:
            raise unreadable("The items are neither an array nor an object")
        case _:
            return list(islice(items, most))


_KINDS: Final[dict[str, Callable[[BinaryIO, Config], Any]]] = {
    "CSV": _csv,
    "JSON": _json,
    "JSONL": _json_lines,
}


def unreadable(cause: str) -> StateError:
    """Make the error of items that cannot be read."""
    return StateError(ITEM_READER_FAILED, cause)


# -- results ----------------------------------------------------------------------------------------


class ResultFile(NamedTuple):
    """One of the files that a result writer writes. name: without its folder."""

    status: str
    name: str
    data: bytes


_FILES: Final = {
    "SUCCEEDED": ("SUCCEEDED",),
    "FAILED": ("FAILED", "ABORTED"),
    "PENDING": ("PENDING",),
}
"""The file of each status, and what is in it."""


def result_files(executions: Sequence[Mapping[str, Json]], config: Config) -> list[ResultFile]:
    """Write what became of the children of a Map, a file for each status that there is."""
    lines = config.get("OutputType", "JSON") == "JSONL"
    files = []
    for status, held in _FILES.items():
        ended = [one for one in executions if one["Status"] in held]
        if ended:
            kept = transformed(ended, config.get("Transformation", NONE), _describing(ended))
            data = "\n".join(map(json_text, kept)) + "\n" if lines else json_text(kept)
            name = f"{status}_0.{'jsonl' if lines else 'json'}"
            files.append(ResultFile(status, name, data.encode()))
    return files


def manifest(bucket: str, folder: str, map_run: str, files: Sequence[ResultFile]) -> bytes:
    """Write which files there are."""
    listed = {
        status: [
            {"Key": f"{folder}{file.name}", "Size": len(file.data)}
            for file in files
            if file.status == status
        ]
        for status in ("FAILED", "PENDING", "SUCCEEDED")
    }
    told = {"DestinationBucket": bucket, "MapRunArn": map_run, "ResultFiles": listed}
    return json_text(told).encode()


def _describing(executions: Sequence[Mapping[str, Json]]) -> Callable[[int], Json]:
    return lambda index: described(executions[index])


NONE: Final = "NONE"
"""The Transformation that describes each execution."""

COMPACT: Final = "COMPACT"
"""The Transformation to outputs alone."""


def transformed(
    executions: Sequence[Mapping[str, Json]], transformation: Json, describe: Callable[[int], Json]
) -> list[Json]:
    """Apply a Transformation: NONE, COMPACT or FLATTEN. What did not succeed is described, whatever it is.

    executions: Status of each, and its Output. describe: writes one, by its index, see `described`.
    """
    kept: list[Json] = []
    for index, one in enumerate(executions):
        if transformation == NONE or one["Status"] != "SUCCEEDED":
            kept.append(describe(index))
        elif transformation == COMPACT or not isinstance(one["Output"], list):
            kept.append(one["Output"])
        else:
            kept += one["Output"]
    return kept


def described(execution: Mapping[str, Json]) -> dict[str, Json]:
    """Describe what became of a child.

    execution: ExecutionArn, Name, StateMachineArn, Input, Status, and Output, or Error and Cause.
    """
    # Differs: [result-entries] AWS adds the dates of each child execution, and whether it can be redriven
    told = dict(execution)
    for name in ("Input", "Output"):
        if name in told:
            told |= {name: json_text(told[name]), f"{name}Details": {"Included": True}}
    return dict(sorted(told.items()))
