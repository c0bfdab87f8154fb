"""Models of parameter mapping: what is changed on the way to the backend and back."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from frontdesk.config.models.model import Model, OneOrMore, mapped_value

_RESERVED = re.compile(
    r"access-control-.*|apigw-.*|authorization|connection|content-(encoding|length|location)"
    r"|forwarded|keep-alive|origin|proxy-(authenticate|authorization)|te|trailers"
    r"|transfer-encoding|upgrade|x-amzn?-.*|x-forwarded-(for|host|port|proto)|via",
    re.IGNORECASE,
)
# Differs: the port too, which AWS does not send to HTTP backends.
"""Source: AWS, "Transform API requests and responses for HTTP APIs", reserved headers."""

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError("expected a header name")
    return name


def _mappable(name: str) -> str:
    if _RESERVED.fullmatch(name):
        raise ValueError("expected a header that may be mapped; this one is the gateway's")
    return name


def _value(value: str) -> str:
    if any(character < " " or character == "\x7f" for character in value):
        raise ValueError("expected a value without control characters")
    return mapped_value(value)


HeaderName = Annotated[str, AfterValidator(_header_name)]
Header = Annotated[HeaderName, AfterValidator(_mappable)]
Parameter = Annotated[str, Field(min_length=1)]
Value = Annotated[str, AfterValidator(_value)]
"""Static text, one `$request.…`, `$response.…`, `$context.…`, `$stageVariables.…`, or several in
braces: `${request.path.a}-${request.path.b}`."""


class HeaderMapping(Model):
    """Changes to header fields."""

    set: dict[Header, Value] = Field(default_factory=dict)
    """Replaces the field, or adds it."""

    append: dict[Header, Value] = Field(default_factory=dict)
    """Adds a value to the field."""

    remove: Annotated[tuple[Header, ...], OneOrMore()] = ()
    """Drops the field."""


class QueryMapping(Model):
    """Changes to query parameters."""

    set: dict[Parameter, Value] = Field(default_factory=dict)
    """Replaces the parameter, or adds it."""

    append: dict[Parameter, Value] = Field(default_factory=dict)
    """Adds a value to the parameter."""

    remove: Annotated[tuple[Parameter, ...], OneOrMore()] = ()
    """Drops the parameter."""


class RequestMapping(Model):
    """Changes to the request before it is passed on."""

    headers: HeaderMapping = HeaderMapping()
    """Header fields."""

    query: QueryMapping = QueryMapping()
    """Query parameters."""

    path: Annotated[Value, Field(min_length=1)] | None = None
    """Replaces the path, such as `/v2/${request.path.proxy}`."""


def _status(value: object) -> int:
    text = str(value)
    if text.isascii() and text.isdecimal() and 200 <= int(text) <= 599:
        return int(text)
    raise ValueError("expected an HTTP status from 200 to 599")


Status = Annotated[
    int,
    PlainValidator(_status),
    WithJsonSchema({"type": "integer", "minimum": 200, "maximum": 599}),
]
StatusKey = Annotated[
    int, PlainValidator(_status), WithJsonSchema({"type": "string", "pattern": "^[2-5][0-9][0-9]$"})
]


class StatusMapping(Model):
    """Changes to answers of one integration status."""

    # Differs: [status-number] AWS takes a selector, too.
    status: Status | None = None
    """Status to answer instead."""

    headers: HeaderMapping = HeaderMapping()
    """Header fields."""


def _short_status(value: object) -> object:
    return {"status": value} if isinstance(value, (int, str)) else value


StatusField = Annotated[
    StatusMapping,
    BeforeValidator(_short_status, json_schema_input_type=Status | StatusMapping),
]


class ResponseMapping(Model):
    """Changes to the integration's answer."""

    headers: HeaderMapping = HeaderMapping()
    """Header fields of every answer."""

    status: dict[StatusKey, StatusField] = Field(default_factory=dict)
    """By the status of the integration: the status to answer instead, or {status, headers}."""
