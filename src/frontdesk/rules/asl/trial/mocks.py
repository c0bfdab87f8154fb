"""Owns what stands in for the work of a state that is tried, and what its result must look like.

Source: AWS, "Testing state machines with TestState"; the answers of each service in its API reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from frontdesk.rules.asl.errors import Failure
from frontdesk.rules.asl.model import Json, MapState, ParallelState, State, TaskState
from frontdesk.rules.asl.resources import read_resource
from frontdesk.rules.asl.trial.refused import RefusedError


class Strictness(StrEnum):
    """How a result is held against what the service would answer."""

    STRICT = "STRICT"
    """Required fields are there, and every field is as it must be."""
    PRESENT = "PRESENT"
    """Fields that are there are as they must be."""
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Mock:
    """The outcome of work that is not done. failure: instead of the result."""

    result: Json = None
    failure: Failure | None = None
    strictness: Strictness = Strictness.STRICT


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of an answer. least, most: of a number. within: the fields of an object."""

    kind: str
    required: bool = False
    least: float = float("-inf")
    most: float = float("inf")
    within: "Mapping[str, _Field] | None" = None


_TEXT: Final = _Field("a string")
_NUMBER: Final = _Field("a number")
_NEEDED: Final = _Field("a string", required=True)

_STARTED: Final = {"ExecutionArn": _NEEDED, "StartDate": _NEEDED}
_ENDED: Final = {
    "ExecutionArn": _NEEDED,
    "StateMachineArn": _NEEDED,
    "StartDate": _NEEDED,
    "Status": _NEEDED,
    "Name": _TEXT,
    "StopDate": _TEXT,
}
_CONFIGURATION: Final = {
    "FunctionName": _TEXT,
    "FunctionArn": _TEXT,
    "Handler": _TEXT,
    "MemorySize": _Field("a number", least=128, most=10240),
    "Role": _TEXT,
    "Runtime": _TEXT,
    "Timeout": _Field("a number", least=1),
    "Version": _TEXT,
}

# Differs: [mock-shapes] AWS knows the answers of all of its services
_ANSWERS: Final[Mapping[tuple[str, str], Mapping[str, _Field]]] = {
    ("aws-sdk:lambda", "getFunction"): {
        "Configuration": _Field("an object", within=_CONFIGURATION)
    },
    ("http", "invoke"): {
        "Headers": _Field("an object"),
        "StatusCode": _NUMBER,
        "StatusText": _TEXT,
    },
    ("lambda", "invoke"): {
        "ExecutedVersion": _TEXT,
        "FunctionError": _TEXT,
        "LogResult": _TEXT,
        "StatusCode": _NUMBER,
    },
    ("sqs", "sendMessage"): {"MD5OfMessageBody": _TEXT, "MessageId": _TEXT},
    ("states", "startExecution"): _STARTED,
    ("states", "startExecution.sync"): _ENDED,
    ("states", "startExecution.sync:2"): _ENDED,
}

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "a number": (int, float),
    "a string": (str,),
    "an object": (dict,),
}


def check_mock(state: State, mock: Mock) -> None:
    """Hold a mock against the state that it is for. Raises: RefusedError."""
    if not isinstance(state, TaskState | MapState | ParallelState):
        kind = type(state).__name__.removesuffix("State")
        raise RefusedError(f"State type '{kind}' is not supported when a mock is specified")
    if mock.failure is not None:
        return
    if isinstance(state, TaskState):
        _check_answer(state, mock)
    elif isinstance(mock.result, list):
        _check_count(state, mock.result)
    elif not (isinstance(state, MapState) and state.result_writer is not None):
        raise RefusedError("Mocked result must be an array.")


def _check_count(state: State, result: list[Json]) -> None:
    if isinstance(state, ParallelState) and len(result) != len(state.branches):
        raise RefusedError(
            "Mocked result must contain the same number of items as number of Parallel branches."
        )


def _check_answer(state: TaskState, mock: Mock) -> None:
    resource = read_resource(state.resource)
    fields = _ANSWERS.get((resource.service, resource.action))
    if fields is None or mock.strictness is Strictness.NONE:
        return
    if not isinstance(mock.result, dict):
        raise _misfit("Mocked result must be an object")
    _check_fields(mock.result, fields, mock.strictness)


def _check_fields(
    found: Mapping[str, Any], fields: Mapping[str, _Field], strictness: Strictness
) -> None:
    for name, field in fields.items():
        if name in found:
            _check_field(name, found[name], field, strictness)
        elif field.required and strictness is Strictness.STRICT:
            raise _misfit(f"Required field '{name}' is missing")


def _check_field(name: str, value: Json, field: _Field, strictness: Strictness) -> None:
    if type(value) not in _TYPES[field.kind]:
        raise _misfit(f"Field '{name}' must be {field.kind}")
    if field.within is not None:
        _check_fields(value, field.within, strictness)
    elif field.kind == "a number":
        if value < field.least:
            raise _misfit(f"Field '{name}' is less than the minimum value")
        if value > field.most:
            raise _misfit(f"Field '{name}' exceeds the maximum value")


def _misfit(what: str) -> RefusedError:
    return RefusedError(f"Mock result schema validation error: {what}")
