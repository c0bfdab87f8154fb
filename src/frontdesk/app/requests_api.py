"""Owns the operator's requests about the clients' requests, on the admin listener.

GET  /api/requests?last=200   rows of the last ones that were watched, newest first; also kind=, method=, status=5xx,
                              api=, route=, key=, q=TEXT. Asking has requests watched for a minute. Kinds: request,
                              unrouted (ended before a route was found), message (of a WebSocket connection).
GET  /api/requests/ID         all of one: fields and bodies with secrets masked, stages, attempts
POST /api/requests/replay     {"method", "path", "headers": [[name, value]], "body", "host"}: send it to the door
                              again, as a new request from here

Answers 200; 404 for a request that is not kept, 422 with why nothing was sent, 502 where the door does not answer.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from frontdesk.app.actions import NotFoundError, find_action, json_reply, query_of, refused
from frontdesk.app.door_calls import Door, DoorCall, DoorError, send
from frontdesk.app.live_requests import FAILED, KEPT, LiveRequests
from frontdesk.base.errors import FrontdeskError
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.rules.redaction import MASK

PATH: Final = "/api/requests"

_USUAL: Final = 200

_STATUS: Final = re.compile("[1-5]([0-9]{2}|[xX]{2})")
"""What a list can be asked for: one status, or all of a class."""

_EQUAL: Final = ("kind", "method", "api", "route", "key")
"""What a list can be asked for: rows that say the same."""


Action = Callable[[Exchange, str], Awaitable[object]]


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
            return json_reply(200, await action(ex, request_id))
        except DoorError as error:
            return refused(error, 502)
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, ex: Exchange, _id: str) -> object:
        query = query_of(ex)
        text = query.get("last", str(_USUAL))
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= KEPT):
            raise FrontdeskError(f"expected last from 1 to {KEPT}, found: {text}")
        status = query.get("status", "")
        if status and not _STATUS.fullmatch(status):
            raise FrontdeskError(f"expected a status such as 404, or 4xx, found: {status}")
        rows = self._live.last(KEPT + FAILED)
        return {"requests": [row for row in rows if _fits(row, query)][: int(text)]}

    async def _show(self, _ex: Exchange, request_id: str) -> object:
        found = self._live.find(request_id)
        if found is None:
            message = f"this request is not kept: {request_id}"
            hint = (
                f"the last {KEPT} that were watched are, and of those before {FAILED} that failed"
            )
            raise NotFoundError(message, hint=hint)
        return found

    async def _replay(self, ex: Exchange, _id: str) -> object:
        return await send(self._door(), _asked(ex.body))


def _fits(row: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    """Tell whether a row is one of those that are asked for."""
    status = query.get("status", "").lower().rstrip("x")
    said = " ".join(
        str(row[name])
        for name in ("method", "path", "route", "id", "client", "connection", "outcome")
    )
    return (
        str(row["status"]).startswith(status)
        and all(row[name] == query.get(name, row[name]) for name in _EQUAL)
        and query.get("q", "").lower() in said.lower()
    )


def _asked(body: bytes | bytearray) -> DoorCall:
    """Read what is to be sent. Raises: FrontdeskError."""
    try:
        call = DoorCall.read(orjson.loads(body))
    except ValueError as error:
        raise FrontdeskError('expected a body such as {"method": "GET", "path": "/"}') from error
    # What was masked is not known any more.
    return call._replace(headers=[each for each in call.headers if each[1] != MASK])
