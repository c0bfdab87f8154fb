"""Owns what one request to the Lambda API asks for: names, parameters, JSON members.

Source: AWS Lambda API Reference, "Common Errors", and the shapes FunctionName and Qualifier.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from frontdesk.aws.wire import ApiError
from frontdesk.gateway.pipeline.exchange import Exchange

_PREFIX = r"(?:(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?\d{12}:)?(?:function:)?"
_TARGET = re.compile(
    rf"{_PREFIX}(?P<name>[A-Za-z0-9_-]{{1,140}})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{{1,128}}))?",
    re.ASCII,
)


class Target(NamedTuple):
    """A function, and "" or one of its versions and aliases."""

    name: str
    qualifier: str


class Asked(NamedTuple):
    """One request.

    names: the variable parts of the path, percent-decoded. query: its parameters.
    """

    ex: Exchange
    names: Mapping[str, str]
    query: Mapping[str, str]

    @property
    def target(self) -> Target:
        """The function that the path and `Qualifier` name; of an ARN only its last part counts.

        Raises: ApiError.
        """
        return parse_target(self.names["function"], self.query.get("Qualifier", ""))

    def header(self, name: bytes, default: str = "") -> str:
        """Return a header field. name: in lower case."""
        return self.ex.headers.get(name, default.encode()).decode("latin-1")

    def members(self) -> dict[str, Any]:
        """Read the members of the body that are not null. Raises: ApiError."""
        try:
            body = orjson.loads(self.ex.body or b"{}")
        except ValueError as error:
            raise _unreadable(f"Could not parse request body into json: {error}") from None
        if not isinstance(body, dict):
            raise _unreadable("Could not parse request body into json: expected an object")
        return {name: value for name, value in body.items() if value is not None}


def parse_target(text: str, qualifier: str = "") -> Target:
    """Read a function name, a full or partial ARN, each perhaps with a qualifier. Raises: ApiError."""
    found = _TARGET.fullmatch(text)
    if found is None:
        raise invalid_members(
            f"Value '{text[:140]}' at 'functionName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z0-9-_]+"
        )
    own = found["qualifier"] or ""
    if own and qualifier and own != qualifier:
        raise ApiError(
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    return Target(found["name"], own or qualifier)


def invalid_members(*faults: str) -> ApiError:
    """Make the error of members that do not fit their constraints."""
    errors = "error" if len(faults) == 1 else "errors"
    return ApiError(
        400,
        "ValidationException",
        f"{len(faults)} validation {errors} detected: {'; '.join(faults)}",
    )


def _unreadable(message: str) -> ApiError:
    return ApiError(400, "InvalidRequestContentException", message)
