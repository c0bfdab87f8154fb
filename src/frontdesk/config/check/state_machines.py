"""Finds what definitions of state machines use."""

from collections.abc import Iterator

import orjson

from frontdesk.config.load import Loaded
from frontdesk.rules.asl.invocations import read_function
from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.resources import Kind, read_resource


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
