"""Owns the operator's requests about the clients' requests, on the admin listener.

GET  /api/requests?last=200   rows of the last ones that were watched, newest first; also method=, status=5xx, api=,
                              route=, key=, q=TEXT. Asking has requests watched for a minute.
GET  /api/requests/ID         all of one: fields and bodies with secrets masked, stages, attempts
POST /api/requests/replay     {"method", "path", "headers": [[name, value]], "body", "host"}: send it to the door
                              again, as a new request from here

Answers 200; 404 for a request that is not kept, 422 with why nothing was sent, 502 where the door does not answer.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import orjson

from frontdesk.app.actions import find_action, query_of
from frontdesk.app.live_requests import KEPT, LiveRequests
from frontdesk.base.addresses import Address
from frontdesk.base.errors import FrontdeskError
from frontdesk.gateway.admin import FRESH
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.replies import JSON
from frontdesk.rules.redaction import MASK

PATH: Final = "/api/requests"

_USUAL: Final = 200
_WITHIN: Final = 35.0
"""Seconds for an answer: longer than any integration may take."""
_SHOWN: Final = 65_536
"""Bytes of an answer that are told."""

_OURS: Final = frozenset(
    ("connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade")
)
"""Fields that the new request has of its own."""

_EQUAL: Final = ("method", "api", "route", "key")
"""What a list can be asked for: rows that say the same."""


class Door(NamedTuple):
    """Where clients connect. tls: whether by TLS."""

    address: Address
    tls: bool


Action = Callable[[Exchange, str], Awaitable[tuple[int, object]]]


class RequestsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, live: LiveRequests, door: Callable[[], Door | None]) -> None:
        """door: gives where to send a request again; None where nobody is let in yet."""
        self._live = live
        self._door = door
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", PATH): self._list,
            ("POST", f"{PATH}/replay"): self._replay,
            ("GET", f"{PATH}/*"): self._show,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path == PATH or ex.path.startswith(f"{PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        request_id = unquote(ex.path[len(PATH) + 1 :])
        place = ex.path if request_id in ("", "replay") else f"{PATH}/*"
        action = find_action(self._actions, ex, place)
        return action if isinstance(action, Reply) else self._answer(ex, action, request_id)

    async def _answer(self, ex: Exchange, action: Action, request_id: str) -> Reply:
        try:
            status, document = await action(ex, request_id)
        except FrontdeskError as error:
            status, document = 422, {"message": error.message, "hint": error.hint}
        return Reply(status, [JSON, FRESH], orjson.dumps(document))

    async def _list(self, ex: Exchange, _id: str) -> tuple[int, object]:
        query = query_of(ex)
        text = query.get("last", str(_USUAL))
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= KEPT):
            raise FrontdeskError(f"expected last from 1 to {KEPT}, found: {text}")
        rows = self._live.last(KEPT)
        return 200, {"requests": [row for row in rows if _fits(row, query)][: int(text)]}

    async def _show(self, _ex: Exchange, request_id: str) -> tuple[int, object]:
        found = self._live.find(request_id)
        if found is None:
            message = f"this request is not kept: {request_id}"
            hint = f"the last {KEPT} that were watched are"
            return 404, {"message": message, "hint": hint}
        return 200, found

    async def _replay(self, ex: Exchange, _id: str) -> tuple[int, object]:
        asked = _asked(ex.body)
        door = self._door()
        if door is None:
            raise FrontdeskError("nobody is let in yet", hint="try again")
        try:
            return 200, await asyncio.to_thread(_sent, door, *asked)
        except (OSError, HTTPException) as error:
            message = f"the door does not answer: {error}"
            hint = "a listener that asks for certificates is not reached from here"
            return 502, {"message": message, "hint": hint}


def _fits(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Tell whether a row is one of those that are asked for."""
    status = query.get("status", "").lower().rstrip("x")
    said = " ".join(
        str(row[name]) for name in ("method", "path", "route", "id", "client", "outcome")
    )
    return (
        str(row["status"]).startswith(status)
        and all(row[name] == query.get(name, row[name]) for name in _EQUAL)
        and query.get("q", "").lower() in said.lower()
    )


def _asked(body: bytes) -> tuple[str, str, Mapping[str, str], bytes]:
    """Read what is to be sent: method, target, header fields, body. Raises: FrontdeskError."""
    try:
        given = orjson.loads(body)
        method, path = str(given["method"]).upper(), str(given["path"])
        pairs: Sequence[Sequence[str]] = given.get("headers") or ()
        headers = {str(name): str(value) for name, value in pairs}
        sent = str(given.get("body") or "").encode()
        host = str(given.get("host") or "")
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise FrontdeskError('expected a body such as {"method": "GET", "path": "/"}') from error
    if not (path.startswith("/") and path.isascii() and path.isprintable() and " " not in path):
        raise FrontdeskError(f"expected a path such as /orders?page=2, found: {path[:80]!r}")
    kept = {
        name: value
        for name, value in headers.items()
        if name.lower() not in _OURS and value != MASK  # what was masked is not known any more
    }
    return method, path, {**kept, **({"Host": host} if host else {})}, sent


def _sent(
    door: Door, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """Send a request to ourselves, and tell the answer. Raises: OSError, HTTPException."""
    host, port = door.address.from_here
    connection = HTTPConnection(host, port, timeout=_WITHIN)
    if door.tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is ourselves
        connection = HTTPSConnection(host, port, timeout=_WITHIN, context=context)
    try:
        try:
            connection.request(method, target, body=body or None, headers=dict(headers))
        except ValueError as error:  # of a field or the method
            raise FrontdeskError(f"this cannot be sent: {error}") from error
        answer = connection.getresponse()
        told = answer.read(_SHOWN)
        return {
            "status": answer.status,
            "headers": answer.getheaders(),
            "body": told.decode("utf-8", "replace"),
            "whole": not answer.read(1),
        }
    finally:
        connection.close()
