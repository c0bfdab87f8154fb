"""Owns how the result of a function becomes an HTTP response, for payload formats 1.0 and 2.0 and REST APIs.

Nothing that a function returns can break out of its header: every name and value is checked here.
Source: AWS, "Create AWS Lambda proxy integrations for HTTP APIs", Lambda function response.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
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


class Response(NamedTuple):
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
    return head._replace(body=body) if isinstance(head, Response) else head


def _load(payload: bytes) -> Any:
    try:
        return orjson.loads(payload or b"null")
    except orjson.JSONDecodeError:
        return Malformed("result is not JSON")


_Headers = list[tuple[str, Any]]


def _single(result: Mapping[str, Any]) -> _Headers | Malformed:
    headers = result.get("headers")
    if headers is None:
        return []
    if isinstance(headers, dict):
        return list(headers.items())
    return Malformed("headers is not an object of scalars")


def _single_as_several(result: Mapping[str, Any]) -> _Headers | Malformed:
    """Read `headers`, each in the spelling that `multiValueHeaders` has for it."""
    headers = _single(result)
    if isinstance(headers, Malformed):
        return headers
    spelled = {name.lower(): name for name in result.get("multiValueHeaders") or ()}
    return [(spelled.get(name.lower(), name), value) for name, value in headers]


def _several(result: Mapping[str, Any]) -> _Headers | Malformed:
    headers = result.get("multiValueHeaders") or {}
    if isinstance(headers, dict) and all(isinstance(found, list) for found in headers.values()):
        return [(name, value) for name, values in headers.items() for value in values]
    return Malformed("multiValueHeaders is not an object of lists")


def _cookies(result: Mapping[str, Any]) -> _Headers | Malformed:
    cookies = result.get("cookies")
    if not cookies:
        return []
    if isinstance(cookies, list):
        return [("set-cookie", cookie) for cookie in cookies]
    return Malformed("cookies is not a list")


def _response(
    result: Mapping[str, Any],
    readers: Iterable[Callable[[Mapping[str, Any]], _Headers | Malformed]],
    default_type: Field,
) -> Response | Malformed:
    status = _status(result["statusCode"])
    if status is None:
        return Malformed("statusCode is no number from 200 to 599")
    body = _body(result)
    if isinstance(body, Malformed):
        return body
    fields: Fields = []
    has_type = status in _NO_CONTENT
    for read in readers:
        headers = read(result)
        if isinstance(headers, Malformed):
            return headers
        for name, value in headers:
            key, text = _name(name), _header_text(value)
            if key is None or text is None:
                return Malformed("header that cannot be sent")
            spelled, lower = key
            if lower not in NOT_ANSWERED:
                has_type = has_type or lower == b"content-type"
                fields.append((spelled, text))
    if not has_type:
        fields.append(default_type)
    return Response(status, fields, body)


def _status(value: Any) -> int | None:
    if type(value) is int:
        return value if 200 <= value <= 599 else None
    if isinstance(value, bool):
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return int(text) if _STATUS.fullmatch(text) else None


UNDECODABLE = Malformed("body is not base64 although isBase64Encoded")


def _body(result: Mapping[str, Any]) -> bytes | Malformed:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        return Malformed("body is not a string")
    if result.get("isBase64Encoded") is not True:
        return body.encode()
    try:
        return a2b_base64(body.encode(), strict_mode=True)
    except Base64Error:
        return UNDECODABLE


@lru_cache(maxsize=1024)
def _name(name: str) -> tuple[bytes, bytes] | None:
    """Encode a header name: as spelled, and in lower case. None when it is no token."""
    if not _NAME.fullmatch(name):
        return None
    spelled = name.encode("ascii")
    return spelled, spelled.lower()


def _header_text(value: Any) -> bytes | None:
    """Write a JSON scalar as a header value in UTF-8; None when it has no safe form."""
    if not isinstance(value, str):
        return orjson.dumps(value) if isinstance(value, bool | int | float) else None
    if value.isascii() and value.isprintable():
        return value.strip(" ").encode()
    return None if _UNFIT.search(value) else value.strip(" \t").encode()
