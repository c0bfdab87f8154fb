"""Finds what definitions of state machines use."""

from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from frontdesk.base.errors import Position
from frontdesk.config.load import Loaded
from frontdesk.config.validation import did_you_mean, shown
from frontdesk.rules.asl.arns import connection_name
from frontdesk.rules.asl.invocations import read_function
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.resources import Kind, read_resource

DONE: Final = frozenset(
    (
        "aws-sdk:lambda:invoke",
        "aws-sdk:lambda:invoke.waitForTaskToken",
        "aws-sdk:s3:getObject",
        "aws-sdk:s3:putObject",
        "events:putEvents",
        "events:putEvents.waitForTaskToken",
        "http:invoke",
        "lambda:invoke",
        "lambda:invoke.waitForTaskToken",
        "s3:getObject",
        "s3:listObjectsV2",
        "s3:putObject",
        "sns:publish",
        "sns:publish.waitForTaskToken",
        "sqs:sendMessage",
        "sqs:sendMessage.waitForTaskToken",
        "states:startExecution",
        "states:startExecution.sync",
        "states:startExecution.sync:2",
        "states:startExecution.waitForTaskToken",
    )
)
"""What tasks of services somebody does here."""


def uses(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """Yield section and name of the entries that definitions name: functions."""
    for text in loaded.definitions.values():
        for name in _functions(orjson.loads(text)):
            yield "functions", name


def _functions(value: Json) -> Iterator[str]:
    """Yield the functions of tasks: a Resource that is one, or the FunctionName of `lambda:invoke`."""
    if isinstance(value, list):
        for item in value:
            yield from _functions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Resource" and isinstance(item, str):
                resource = read_resource(item)
                if resource.kind is Kind.FUNCTION:
                    yield read_function(resource.name).name
            elif key == "FunctionName" and isinstance(item, str):
                yield read_function(item).name
            else:
                yield from _functions(item)


def unknown_entries(loaded: Loaded) -> Iterator[tuple[Position, str]]:
    """Connections and buckets that definitions name and the file does not have, and tasks that nobody does."""
    config = loaded.config
    there = {"connections": {*config.connections}, "buckets": {*config.buckets}}
    for machine, text in loaded.definitions.items():
        definition = orjson.loads(text)
        where = loaded.tree.position(("state_machines", machine, "definition"))
        for section, name in dict.fromkeys(_entries(definition)):
            if name not in there[section]:
                told = f"a task names {shown(name)}, which is not under {section}"
                yield where, _meant(told, name, there[section])
        for name in dict.fromkeys(_services(definition)):
            if name not in DONE:
                yield where, _meant(f"nobody here does the task {shown(name)}", name, DONE)


def _meant(told: str, name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, known)
    return f"{told}: {hint}" if hint else told


def _services(value: Json) -> Iterator[str]:
    """Yield service and action of the tasks, readers and writers of services."""
    if isinstance(value, list):
        for item in value:
            yield from _services(item)
    elif isinstance(value, dict):
        text = value.get("Resource")
        resource = read_resource(text) if isinstance(text, str) else None
        if resource is not None and resource.kind is Kind.SERVICE:
            yield f"{resource.service}:{resource.action}"
        for item in value.values():
            yield from _services(item)


def _entries(value: Json) -> Iterator[tuple[str, str]]:
    """Yield section and name of what tasks, readers and writers name, as far as it is written out."""
    if isinstance(value, list):
        for item in value:
            yield from _entries(item)
    elif isinstance(value, dict):
        text = value.get("Resource")
        service = read_resource(text).service if isinstance(text, str) else ""
        asked = value.get("Parameters", value.get("Arguments"))
        if isinstance(asked, dict):
            if service == "http":
                for place in ("Authentication", "InvocationConfig"):
                    yield from _named("connections", asked.get(place), "ConnectionArn")
            elif service in ("s3", "aws-sdk:s3"):
                yield from _named("buckets", asked, "Bucket")
        for item in value.values():
            yield from _entries(item)


def _named(section: str, asked: Json, key: str) -> Iterator[tuple[str, str]]:
    name = asked.get(key) if isinstance(asked, dict) else None
    if isinstance(name, str) and not name.startswith("{%"):
        yield section, connection_name(name) if section == "connections" else name
