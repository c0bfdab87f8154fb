"""Owns what is done when an answer is not the end: the request that a redirect makes, and fallbacks."""

from collections.abc import Awaitable, Mapping
from typing import Any, Final

import orjson

from frontdesk.base.streams import Fields
from frontdesk.client.session.answers import Answer
from frontdesk.client.session.errors import Attempt, CallError, StatusError
from frontdesk.client.session.requests import Base, Request
from frontdesk.rules.http.redirects import redirect
from frontdesk.rules.redaction import SecretNames

Fallback = Any
"""A JSON value, an Answer, or `function(error, request)` that returns one, awaitable or not."""

RAISE: Final = object()
"""The fallback of calls that have none: their errors are raised."""

_SECRET: Final = SecretNames()
_FIELDS: Final[Fields] = [(b"content-type", b"application/json"), (b"x-frontdesk-fallback", b"1")]


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the header fields that strangers may see."""
    return {name: value for name, value in headers.items() if name not in _SECRET}


def redirected(request: Request, status: int, fields: Fields) -> Request | None:
    """Return the request that a redirect makes of one; None: it is not followed.

    To another origin it takes no field that tells of credentials.
    """
    location = next((value for name, value in fields if name.lower() == b"location"), b"")
    after = redirect(request.url, request.method, status, location.decode("latin-1"))
    if after is None or (after.keeps_body and not isinstance(request.body, bytes)):
        return None
    try:
        origin, target, _ = Base("").locate(after.url, None, None)
    except ValueError:
        return None
    headers = dict(request.headers) if after.same_origin else without_secrets(request.headers)
    if not after.keeps_body:
        headers = {name: headers[name] for name in headers if name.lower() != "content-type"}
    body = request.body if after.keeps_body else b""
    made = Request(after.method, origin, target, headers, body)
    made.idempotency_key = request.idempotency_key
    return made


async def fallen_back(
    fallback: Fallback, failed: Answer | CallError, request: Request, attempts: list[Attempt]
) -> Answer:
    """Return what is answered instead, marked as such."""
    if isinstance(failed, Answer):
        message = f"{request.method} {request.shown_url} answered {failed.status}"
        failed = StatusError(message, attempts=tuple(attempts), answer=failed)
    given = fallback(failed, request) if callable(fallback) else fallback
    if isinstance(given, Awaitable):
        given = await given
    if not isinstance(given, Answer):
        given = Answer(request, 200, list(_FIELDS), orjson.dumps(given))
    given.fallback = True
    return given
