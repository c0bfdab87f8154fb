"""Owns what a state hands to a function, and what it makes of the answer. Pure: knows nobody who runs it.

Source: AWS, "Invoke an AWS Lambda function with Step Functions"; recorded executions.
"""

from contextlib import suppress
from typing import Any, Final, NamedTuple

import orjson

from frontdesk.rules.asl.model import Json
from frontdesk.rules.asl.resources import FUNCTION
from frontdesk.rules.asl.sdk import sdk_metadata
from frontdesk.rules.lang.compact_json import JsonTextError, to_json

UNKNOWN: Final = "Lambda.Unknown"
"""The error of a function that tells none."""


class FunctionName(NamedTuple):
    """What names a function. qualifier: a version, an alias, or "" for $LATEST."""

    name: str
    qualifier: str


class FunctionFailure(NamedTuple):
    """How a task fails whose function did, or could not be called."""

    error: str
    cause: str


def read_function(text: str) -> FunctionName:
    """Read which function is meant by a name, an ARN, or a part of one: the last parts count."""
    found = FUNCTION.fullmatch(text)
    name, _, qualifier = (found[1] if found else text).partition(":")
    return FunctionName(name, qualifier)


def invoked_payload(arguments: Any) -> Json:
    """Return what `lambda:invoke` hands to the function. A text that holds JSON is read first."""
    payload = arguments.get("Payload")
    if payload is None:
        return {}
    if isinstance(payload, str):
        return _read(payload)
    return payload


def returned_payload(payload: bytes) -> Json:
    """Return what a function has given: its JSON, or its text where it is none; None for nothing."""
    return _read(payload.decode("utf-8", "replace")) if payload else None


def _read(text: str) -> Json:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return text


def invocation_result(
    payload: Json, request_id: str, version: str = "$LATEST", status: int = 200
) -> dict[str, Any]:
    """Return what `lambda:invoke` gives for a function's answer. version: the one that ran; "": none did."""
    more = {"X-Amz-Executed-Version": version} if version else {}
    result = {
        "ExecutedVersion": version,
        "Payload": payload,
        **sdk_metadata(request_id, "application/json", status=status, more=more),
        "StatusCode": status,
    }
    if not version:
        del result["ExecutedVersion"]
    return result


def function_failure(payload: bytes) -> FunctionFailure:
    """Return how a task fails whose function did. payload: its error object."""
    document, text = returned_payload(payload), payload.decode("utf-8", "replace")
    if not isinstance(document, dict) or not isinstance(document.get("errorType"), str):
        return FunctionFailure(
            UNKNOWN,
            "The cause could not be determined because Lambda did not return an error type. "
            f"Returned payload: {text}",
        )
    with suppress(JsonTextError):  # nested too deep to be written: it stays as it came
        text = to_json(document)
    return FunctionFailure(document["errorType"], text)
