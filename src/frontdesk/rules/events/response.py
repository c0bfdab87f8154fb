"""Owns how the result of a function becomes an HTTP response, for payload formats 1.0 and 2.0 and REST APIs.

Nothing that a function returns can break out of its header: every name and value is checked here.
Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs", Lambda function response.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from frontdesk.base.streams import Field, Fields
from frontdesk.rules.http.hop_by_hop import NOT_ANSWERED

_JSON: Field = (b"content-type", b"application/json")
_TEXT: Field = (b"content-type", b"text/plain; charset=utf-8")
_BYTES: Field = (b"content-type", b"application/octet-stream")

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # controls but the tab: RFC 9110 §5.5
# Differs: [function-status] AWS documents no range.
_STATUS = re.compile(r"[2-5]\d\d")
_NO_CONTENT = (204, 304)


@dataclass(slots=True)
class Response:
    """A response as a function meant it, fit to be sent. fields: without framing and hop-by-hop."""

    status: int
    fields: Fields
    body: bytes


class Malformed(NamedTuple):
    """A result that is no response: the client gets 500, the log gets `reason`."""

    reason: str


def parse_v2(payload: bytes, default_type: Field = _TEXT) -> Response | Malformed:
    """Read a result of payload format 2.0.

    payload: JSON text. An object with "statusCode" is {statusCode, headers: {str: scalar}, cookies: [str],
    body: str, isBase64Encoded: bool}. Anything else becomes the body of a 200 of type application/json:
    a string as it is, other values as compact JSON. default_type: of a body whose headers name none.
    """
    result = _load(payload)
    if isinstance(result, Malformed):
        return _gathered(payload) or result
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode() if isinstance(result, str) else orjson.dumps(result)
        return Response(200, [_JSON], body)
    return _response(result, (_single, _cookies), default_type)


def parse_output(payload: bytes) -> Response | Malformed:
    """Read the output of a state machine, as a result of payload format 2.0 with more JSON.

    A body that is no text is sent as JSON, and so is an output without "statusCode", whatever it is.
    """
    result = _load(payload)
    if isinstance(result, Malformed):
        return result
    if not isinstance(result, dict) or "statusCode" not in result:
        return Response(200, [_JSON], payload)
    body = result.get("body")
    if body is None or isinstance(body, str):
        return _response(result, (_single, _cookies), _TEXT)
    result["body"] = orjson.dumps(body).decode()
    return _response(result, (_single, _cookies), _JSON)


def parse_function_url(payload: bytes) -> Response | Malformed:
    """Read a result at a function URL: format 2.0, with another default type, as recorded."""
    return parse_v2(payload, _JSON)


def parse_v1(payload: bytes) -> Response | Malformed:
    """Read a result of payload format 1.0.

    payload: a JSON object {statusCode, headers: {str: scalar}, multiValueHeaders: {str: [scalar]}, body:
    str, isBase64Encoded: bool}. A name in both maps is sent from both, the list first.
    """
    result = _load(payload)
    if isinstance(result, Malformed):
        return _gathered(payload) or result
    if not isinstance(result, dict) or "statusCode" not in result:
        return Malformed("no statusCode")
    return _response(result, (_several, _single), _TEXT)


def parse_rest(payload: bytes, *, binary: bool = False) -> Response | Malformed:
    """Read a result of an AWS_PROXY integration of a REST API.

    payload: as in format 1.0, but the status is 200 unless given, and there are no other members. A name
    in both maps is sent from both, the list first, in the spelling of the list. binary: whether the client
    asked for a binary type; for all others, base64 is the text that it is.
    Source: AWS, "Output format of a Lambda function for proxy integration"; recorded.
    """
    result = _load(payload)
    if not isinstance(result, dict) or not set(result) <= _REST_MEMBERS:
        return Malformed("result is not an object of statusCode, headers, body and their like")
    if not binary:
        result["isBase64Encoded"] = False
    return _response({"statusCode": 200, **result}, (_several, _single_as_several), _JSON)


_REST_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})


def parse_metadata(metadata: bytes) -> Response | Malformed:
    """Read what a streamed response begins with: a response without its body.

    metadata: a JSON object {statusCode: 200 unless given, headers, multiValueHeaders, cookies}.
    Source: AWS, "Set up a Lambda proxy integration with payload response streaming".
    """
    result = _load(metadata)
    if not isinstance(result, dict):
        return Malformed("metadata of the stream are no JSON object")
    result = {"statusCode": 200, **result, "body": None}
    return _response(result, (_several, _single, _cookies), _BYTES)


END_OF_METADATA = b"\0" * 8
MAX_METADATA = 16 * 1024
"""Bytes within which the metadata of a stream must end."""


def _gathered(payload: bytes) -> Response | Malformed | None:
    """Read a streamed response that has been gathered: JSON never contains NUL."""
    metadata, end, body = payload.partition(END_OF_METADATA)
    head = parse_metadata(metadata) if end else None
    return replace(head, body=body) if isinstance(head, Response) else head


def _load(payload: bytes) -> Any:
    try:
        return orjson.loads(payload or b"null")
    except orjson.JSONDecodeError:
        return Malformed("result is not JSON")


_UNSENDABLE = Malformed("header that cannot be sent")


class _UnfitError(Exception):
    """A result is no response."""

    def __init__(self, found: Malformed) -> None:
        super().__init__(found.reason)
        self.found = found


_Headers = Iterable[tuple[str, Any]]


def _single(result: Mapping[str, Any]) -> _Headers:
    headers = result.get("headers")
    if headers is None:
        return ()
    if isinstance(headers, dict):
        return headers.items()
    raise _UnfitError(Malformed("headers is not an object of scalars"))


def _single_as_several(result: Mapping[str, Any]) -> _Headers:
    """Read `headers`, each in the spelling that `multiValueHeaders` has for it."""
    spelled = {name.lower(): name for name in result.get("multiValueHeaders") or ()}
    return [(spelled.get(name.lower(), name), value) for name, value in _single(result)]


def _several(result: Mapping[str, Any]) -> _Headers:
    headers = result.get("multiValueHeaders") or {}
    if isinstance(headers, dict) and all(isinstance(found, list) for found in headers.values()):
        return [(name, value) for name, values in headers.items() for value in values]
    raise _UnfitError(Malformed("multiValueHeaders is not an object of lists"))


def _cookies(result: Mapping[str, Any]) -> _Headers:
    cookies = result.get("cookies")
    if not cookies:
        return ()
    if isinstance(cookies, list):
        return [("set-cookie", cookie) for cookie in cookies]
    raise _UnfitError(Malformed("cookies is not a list"))


def _response(
    result: Mapping[str, Any],
    readers: Iterable[Callable[[Mapping[str, Any]], _Headers]],
    default_type: Field,
) -> Response | Malformed:
    try:
        status, body = _status(result["statusCode"]), _body(result)
        fields: Fields = []
        has_type = status in _NO_CONTENT
        for read in readers:
            for name, value in read(result):
                spelled, lower = _name(name)
                text = _header_text(value)
                if lower not in NOT_ANSWERED:
                    has_type = has_type or lower == b"content-type"
                    fields.append((spelled, text))
    except _UnfitError as unfit:
        return unfit.found
    if not has_type:
        fields.append(default_type)
    return Response(status, fields, body)


def _status(value: Any) -> int:
    """Read a number, or the text of one: in JSON `true` is neither."""
    if type(value) is int:
        status = value
    else:
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        status = int(text) if _STATUS.fullmatch(text) else 0
    if 200 <= status <= 599:
        return status
    raise _UnfitError(Malformed("statusCode is no number from 200 to 599"))


UNDECODABLE = Malformed("body is not base64 although isBase64Encoded")


def _body(result: Mapping[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise _UnfitError(Malformed("body is not a string"))
    if result.get("isBase64Encoded") is not True:
        return body.encode()
    try:
        return a2b_base64(body.encode(), strict_mode=True)
    except Base64Error:
        raise _UnfitError(UNDECODABLE) from None


@lru_cache(maxsize=1024)
def _name(name: str) -> tuple[bytes, bytes]:
    """Encode a header name: as spelled, and in lower case."""
    if not _NAME.fullmatch(name):
        raise _UnfitError(_UNSENDABLE)
    spelled = name.encode("ascii")
    return spelled, spelled.lower()


def _header_text(value: Any) -> bytes:
    """Write a JSON scalar as a header value in UTF-8."""
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value.strip(" ").encode()
        if not _UNFIT.search(value):
            return value.strip(" \t").encode()
    elif isinstance(value, bool | int | float):
        return orjson.dumps(value)
    raise _UnfitError(_UNSENDABLE)
