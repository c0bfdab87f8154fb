"""Owns what is particular to a Map: its processor's mode, reader, batcher and writer, tolerated failures.

Knows no other state; what the processor runs is judged by `machine`.
"""

from collections.abc import Mapping
from typing import Final

from frontdesk.rules.asl.check.fields import (
    A,
    Field,
    Fields,
    P,
    at_most_one,
    check_fields,
    exactly_one,
)
from frontdesk.rules.asl.check.nesting import PROCESSORS
from frontdesk.rules.asl.check.spot import Spot
from frontdesk.rules.asl.check.tasks import service_action
from frontdesk.rules.asl.check.templates import expressions, payload
from frontdesk.rules.asl.check.values import (
    Check,
    number,
    one_of,
    reference_path,
    text,
    texts,
    whole,
)
from frontdesk.rules.asl.data.expressions import is_expression
from frontdesk.rules.asl.diagnostics import Code
from frontdesk.rules.asl.model import ExecutionType, Json, Mode, QueryLanguage
from frontdesk.rules.asl.resources import read_resource

_READERS: Final = ("s3:getObject", "s3:listObjectsV2")
_WRITERS: Final = ("s3:putObject",)
MOST_BYTES: Final = 262_144
"""Bytes of a batch: AWS's limit of an input."""

_PATH: Final = Field(reference_path, P)


def _items(value: Json, spot: Spot) -> None:
    expressions(value, spot)
    if not isinstance(value, list | dict) and not is_expression(value):
        spot.tell("Expected a list, an object or a JSONata expression")


def _processor(value: Json, spot: Spot) -> None:
    spot.expects(value, dict)


def _object_of(fields: Fields) -> Field:
    def check(value: Json, spot: Spot) -> None:
        check_fields(value, fields, spot)

    return Field(check)


def _resource_of(allowed: tuple[str, ...]) -> Check:
    def check(value: Json, spot: Spot) -> None:
        if not spot.expects(value, str):
            return
        names = [f"arn:aws:states:::{one}" for one in allowed]
        if service_action(read_resource(value)) not in allowed:
            spot.tell(
                f"The resource provided {value} is not recognized.",
                code=Code.INVALID_RESOURCE,
                hint=f"write {' or '.join(names)}",
            )

    return check


_ASKED: Final[Fields] = {"Arguments": Field(expressions, A), "Parameters": Field(payload, P)}
_READER_CONFIG: Final[Fields] = {
    "CSVDelimiter": Field(one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "CSVHeaderLocation": Field(one_of("FIRST_ROW", "GIVEN")),
    "CSVHeaders": Field(texts),
    "InputType": Field(one_of("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")),
    "ItemsPointer": Field(text),
    "ManifestType": Field(one_of("ATHENA_DATA", "S3_INVENTORY")),
    "MaxItems": Field(whole(0, computed=True)),
    "MaxItemsPath": _PATH,
    "Transformation": Field(one_of("NONE", "LOAD_AND_FLATTEN")),
}
_READER: Final[Fields] = {
    **_ASKED,
    "ReaderConfig": _object_of(_READER_CONFIG),
    "Resource": Field(_resource_of(_READERS), required=True),
}
_BATCHER: Final[Fields] = {
    "BatchInput": Field(payload),
    "MaxInputBytesPerBatch": Field(whole(1, MOST_BYTES, computed=True)),
    "MaxInputBytesPerBatchPath": _PATH,
    "MaxItemsPerBatch": Field(whole(1, computed=True)),
    "MaxItemsPerBatchPath": _PATH,
}
_WRITER_CONFIG: Final[Fields] = {
    "OutputType": Field(one_of("JSON", "JSONL")),
    "Transformation": Field(one_of("NONE", "COMPACT", "FLATTEN")),
}
_WRITER: Final[Fields] = {
    **_ASKED,
    "Resource": Field(_resource_of(_WRITERS)),
    "WriterConfig": _object_of(_WRITER_CONFIG),
}
_PROCESSOR_CONFIG: Final[Fields] = {
    "ExecutionType": Field(one_of(*ExecutionType)),
    "Mode": Field(one_of(*Mode)),
}

MAP_FIELDS: Final[Fields] = {
    "ItemBatcher": _object_of(_BATCHER),
    "ItemProcessor": Field(_processor),
    "ItemReader": _object_of(_READER),
    "ItemSelector": Field(payload),
    "Items": Field(_items, A),
    "ItemsPath": _PATH,
    "Iterator": Field(_processor),
    "Label": Field(text),
    "MaxConcurrency": Field(whole(0, computed=True)),
    "MaxConcurrencyPath": _PATH,
    "Parameters": Field(payload, P),
    "ResultWriter": _object_of(_WRITER),
    "ToleratedFailureCount": Field(whole(0, computed=True)),
    "ToleratedFailureCountPath": _PATH,
    "ToleratedFailurePercentage": Field(number(0, 100, computed=True)),
    "ToleratedFailurePercentagePath": _PATH,
}
"""Those that no other state has."""

_DISTRIBUTED_ONLY: Final = ("ItemBatcher", "ItemReader", "Label", "ResultWriter")
_OR_PATH: Final = (
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)


def processor_config(value: Json, spot: Spot) -> None:
    """Judge the mode that a Map's processor has."""
    if not check_fields(value, _PROCESSOR_CONFIG, spot):
        return
    if value.get("Mode") == Mode.DISTRIBUTED:
        if "ExecutionType" not in value:
            spot.tell("These fields are required: [ExecutionType]")
        if spot.express:
            spot.at("Mode").tell("Express state machine does not support Map in DISTRIBUTED mode")
    elif "ExecutionType" in value:
        spot.at("ExecutionType").tell("Field 'ExecutionType' is only supported in DISTRIBUTED mode")


def check_map(state: Mapping[str, Json], spot: Spot) -> None:
    """Judge what fields of a Map say together."""
    exactly_one(state, spot, *PROCESSORS)
    at_most_one(state, spot, "ItemSelector", "Parameters")
    for name in _OR_PATH:
        at_most_one(state, spot, name, f"{name}Path")
    for name, judge in _PARTS.items():
        if isinstance(state.get(name), dict):
            judge(state[name], spot.at(name))
    if _mode(state) != Mode.DISTRIBUTED:
        for name in _DISTRIBUTED_ONLY:
            if name in state:
                spot.at(name).tell(f"Field '{name}' is only supported in DISTRIBUTED mode")


def _batch(batcher: Mapping[str, Json], spot: Spot) -> None:
    bounds = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
    for name in bounds:
        at_most_one(batcher, spot, name, f"{name}Path")
    if not any(field.removesuffix("Path") in bounds for field in batcher):
        spot.tell(f"One of these fields is required: [{', '.join(bounds)}]")


def _source(reader: Mapping[str, Json], spot: Spot) -> None:
    config = reader.get("ReaderConfig")
    if not isinstance(config, dict):
        return
    here = spot.at("ReaderConfig")
    at_most_one(config, here, "MaxItems", "MaxItemsPath")
    if config.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in config:
        here.tell("These fields are required: [CSVHeaders]")
    if config.get("Transformation") == "LOAD_AND_FLATTEN" and "InputType" not in config:
        here.tell("These fields are required: [InputType]")
    if config.get("ManifestType") == "S3_INVENTORY" and "InputType" in config:
        here.at("InputType").tell(
            "Field 'InputType' is not supported when 'ManifestType' is 'S3_INVENTORY'",
            hint="an inventory's files are CSV",
        )


def _export(writer: Mapping[str, Json], spot: Spot) -> None:
    asked = "Arguments" if spot.language is QueryLanguage.JSONATA else "Parameters"
    place = [name for name in ("Resource", asked) if name in writer]
    if len(place) == 1:
        (missing,) = {"Resource", asked} - set(place)
        spot.tell(f"These fields are required: [{missing}]")
    elif not place and "WriterConfig" not in writer:
        spot.tell("One of these fields is required: [Resource, WriterConfig]")


_PARTS: Final = {"ItemBatcher": _batch, "ItemReader": _source, "ResultWriter": _export}


def _mode(state: Mapping[str, Json]) -> Json:
    for name in PROCESSORS:
        processor = state.get(name)
        config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
        if isinstance(config, dict):
            return config.get("Mode")
    return Mode.INLINE
