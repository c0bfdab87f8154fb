"""Owns every answer that the gateway itself makes for HTTP APIs: status, body, in AWS's words.

Client-facing bodies come from this table only; the cause goes to the log, never to the client.
Source: api-gateway.md §8 (error catalogue).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import orjson

from frontdesk.base.streams import Field, Fields
from frontdesk.gateway.pipeline.exchange import Reply

JSON: Field = (b"content-type", b"application/json")
SOON: Field = (b"retry-after", b"1")
"""For answers that do not know when to ask again."""

NO_MEMBERS: Final[Mapping[str, object]] = {}

MESSAGES: dict[int, bytes] = {
    400: b'{"message":"Bad Request"}',
    401: b'{"message":"Unauthorized"}',
    403: b'{"message":"Forbidden"}',
    404: b'{"message":"Not Found"}',
    405: b'{"message":"Method Not Allowed"}',
    408: b'{"message":"Request Timeout"}',
    409: b'{"message":"Conflict"}',
    413: b'{"message":"Request Entity Too Large"}',
    414: b'{"message":"Request-URI Too Long"}',
    415: b'{"message":"Unsupported Media Type"}',
    417: b'{"message":"Expectation Failed"}',
    426: b'{"message":"Upgrade Required"}',
    429: b'{"message":"Too Many Requests"}',
    431: b'{"message":"Request Header Fields Too Large"}',
    500: b'{"message":"Internal Server Error"}',
    501: b'{"message":"Not Implemented"}',
    502: b'{"message":"Bad Gateway"}',
    503: b'{"message":"Service Unavailable"}',
    504: b'{"message":"Gateway Timeout"}',
    505: b'{"message":"HTTP Version Not Supported"}',
    508: b'{"message":"Loop Detected"}',
}

LIMIT_EXCEEDED = "Limit Exceeded"
"""What is said beyond a quota, in place of the words for 429."""


def problem(
    status: int,
    kind: str,
    detail: str,
    cause: str,
    *extra: Field,
    members: Mapping[str, object] = NO_MEMBERS,
) -> Reply:
    """Make an answer of ours in the form of RFC 9457.

    kind: its type, `urn:frontdesk:problem:{kind}`. detail: a sentence for the caller. cause, extra: see
    `refusal`. members: what it says beyond the standard's members.
    """
    told = {
        "type": f"urn:frontdesk:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    fields: Fields = [(b"content-type", b"application/problem+json"), *extra]
    return Reply(status, fields, orjson.dumps(told), made="gateway", cause=cause)


def refusal(
    status: int, cause: str, *extra: Field, message: str = "", close: bool = False
) -> Reply:
    """Make the gateway's own answer for `status`, with a fresh field list that tails may extend.

    cause: for the log (`route`, `jwt:expired`, `throttle:stage`, …). extra: further fields. message: see Reply.
    """
    fields: Fields = [JSON, *extra]
    body = MESSAGES.get(status) or MESSAGES[500]
    return Reply(status, fields, body, made="gateway", cause=cause, message=message, close=close)
