"""Models of parameter mapping: what is changed on the way to the backend and back."""

import re
from collections.abc import Iterator
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from frontdesk.config.models.model import HintedError, Model, OneOrMore, mapped_parts
from frontdesk.rules.http.path import normalise
from frontdesk.rules.lang.selectors import Selector

# Differs: [reserved-port] AWS does not keep X-Forwarded-Port, Proxy-Connection and Trailer for itself.
_RESERVED = re.compile(
    r"access-control-.*|apigw-.*|authorization|connection|content-(encoding|length|location)"
    r"|forwarded|keep-alive|origin|proxy-(authenticate|authorization|connection)|te|trailers?"
    r"|transfer-encoding|upgrade|x-amzn?-.*|x-forwarded-(for|host|port|proto)|via",
    re.IGNORECASE,
)
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


def _one_line(value: str) -> str:
    if any(character < " " or character == "\x7f" for character in value):
        raise ValueError("expected a value without control characters")
    return value


def of_request(value: str) -> str:
    """Refuse selectors of the response."""
    if any(source.startswith("response.") for source in _sources(value)):
        raise HintedError(
            "expected a value that is known before the response",
            "a request is mapped from $request, $context and $stageVariables",
        )
    return value


def _of_response(value: str) -> str:
    if any(source.startswith("request.") for source in _sources(value)):
        raise HintedError(
            "expected a value of the response",
            "a response is mapped from $response, $context and $stageVariables",
        )
    return value


def _sources(value: str) -> Iterator[str]:
    return (part.source for part in mapped_parts(value) if isinstance(part, Selector))


def _path(value: str) -> str:
    static = "".join(part for part in mapped_parts(value) if isinstance(part, str))
    if normalise("/" + static) is None:
        raise ValueError("expected a path of URL characters, others percent-encoded")
    return value


HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_one_line)]
Header = Annotated[HeaderName, AfterValidator(_mappable)]
Parameter = Annotated[str, Field(min_length=1)]
RequestValue = Annotated[HeaderValue, AfterValidator(of_request)]
"""Static text, one `$request.…`, `$context.…`, `$stageVariables.…`, or several in braces:
`${request.path.a}-${request.path.b}`."""
ResponseValue = Annotated[HeaderValue, AfterValidator(_of_response)]
"""The same with `$response.…` in place of `$request.…`."""

Text = TypeVar("Text", bound=str)


class HeaderMapping(Model, Generic[Text]):
    """Changes to header fields."""

    set: dict[Header, Text] = Field(default_factory=dict)
    """Replaces the field, or adds it."""

    append: dict[Header, Text] = Field(default_factory=dict)
    """Adds a value to the field."""

    remove: Annotated[tuple[Header, ...], OneOrMore()] = ()
    """Drops the field."""


class QueryMapping(Model):
    """Changes to query parameters."""

    set: dict[Parameter, RequestValue] = Field(default_factory=dict)
    """Replaces the parameter, or adds it."""

    append: dict[Parameter, RequestValue] = Field(default_factory=dict)
    """Adds a value to the parameter."""

    remove: Annotated[tuple[Parameter, ...], OneOrMore()] = ()
    """Drops the parameter."""


class RequestMapping(Model):
    """Changes to the request before it is passed on."""

    headers: HeaderMapping[RequestValue] = HeaderMapping()
    """Header fields."""

    query: QueryMapping = QueryMapping()
    """Query parameters."""

    path: Annotated[RequestValue, Field(min_length=1), AfterValidator(_path)] | None = None
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

    headers: HeaderMapping[ResponseValue] = HeaderMapping()
    """Header fields."""


def _short_status(value: object) -> object:
    return {"status": value} if isinstance(value, (int, str)) else value


StatusField = Annotated[
    StatusMapping,
    BeforeValidator(_short_status, json_schema_input_type=Status | StatusMapping),
]


class ResponseMapping(Model):
    """Changes to the integration's answer."""

    headers: HeaderMapping[ResponseValue] = HeaderMapping()
    """Header fields of every answer."""

    status: dict[StatusKey, StatusField] = Field(default_factory=dict)
    """By the status of the integration: the status to answer instead, or {status, headers}."""
