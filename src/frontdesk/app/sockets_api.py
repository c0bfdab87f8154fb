"""Owns the operator's requests about WebSocket connections, on the admin listener.

GET  /api/sockets?most=200              who is connected: how many of each API's stage and in each group, the latest
GET  /api/sockets/ID                    one connection
POST /api/sockets/ID/send    {"message"}                          send a text to it
POST /api/sockets/ID/close                                        close it with 1001
POST /api/socket-groups/send {"api", "stage", "group", "message"}  send a text to all members

Answers 200; 404 for a connection that is gone, 422 for what cannot be done, 503 where another process does not answer.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote

from frontdesk.app.actions import (
    NotFoundError,
    find_action,
    json_object,
    json_reply,
    query_of,
    refused,
)
from frontdesk.base.errors import FrontdeskError
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.sockets.pushes import Pushes

PATH: Final = "/api/sockets"
GROUPS: Final = "/api/socket-groups/send"

LARGEST: Final = 128 * 1024
"""Bytes of a message. Source: AWS, "Quotas for configuring and running a WebSocket API"."""

_USUAL: Final = 200
_MOST: Final = 1000

Action = Callable[[Exchange, str], Awaitable[object]]

_BODY: Final = 'expected a body such as {"message": "…"}'


class SocketsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(self, pushes: Callable[[], Pushes]) -> None:
        """pushes: gives the way to all connections."""
        self._pushes = pushes
        self.actions: dict[tuple[str, str], Action] = {
            ("GET", PATH): self._list,
            ("GET", f"{PATH}/*"): self._show,
            ("POST", f"{PATH}/*/send"): self._send,
            ("POST", f"{PATH}/*/close"): self._close,
            ("POST", GROUPS): self._send_all,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in (PATH, GROUPS) or ex.path.startswith(f"{PATH}/")

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        if ex.path in (PATH, GROUPS):
            name, place = "", ex.path
        else:
            name, slash, rest = ex.path.removeprefix(f"{PATH}/").partition("/")
            place = f"{PATH}/*{slash}{rest}"
        action = find_action(self.actions, ex, place)
        return action if isinstance(action, Reply) else self._answer(ex, action, unquote(name))

    async def _answer(self, ex: Exchange, action: Action, name: str) -> Reply:
        try:
            return json_reply(200, await action(ex, name))
        except FrontdeskError as error:
            return refused(error)

    async def _list(self, ex: Exchange, _id: str) -> object:
        text = query_of(ex).get("most", str(_USUAL))
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= _MOST):
            raise FrontdeskError(f"expected most from 1 to {_MOST}, found: {text[:40]}")
        most = int(text)
        found = await self._pushes().census(most)
        return {
            "open": [
                {"api": api, "stage": stage, "connections": count}
                for api, stage, count in found.open
            ],
            "groups": [
                {"api": api, "stage": stage, "group": name, "members": count}
                for api, stage, name, count in found.groups[:most]
            ],
            "connections": [each._asdict() for each in found.connections],
        }

    async def _show(self, _ex: Exchange, connection_id: str) -> object:
        found = await self._pushes().describe(connection_id)
        if found is None:
            raise _gone(connection_id)
        return found._asdict()

    async def _send(self, ex: Exchange, connection_id: str) -> object:
        sent = await self._pushes().post(connection_id, _message(json_object(ex.body, _BODY)))
        if not sent:
            raise _gone(connection_id)
        return {"sent": 1}

    async def _close(self, _ex: Exchange, connection_id: str) -> object:
        closed = await self._pushes().close(connection_id)
        if not closed:
            raise _gone(connection_id)
        return {"closed": connection_id}

    async def _send_all(self, ex: Exchange, _id: str) -> object:
        asked = json_object(ex.body, _BODY)
        api, stage, name = (str(asked.get(key) or "") for key in ("api", "stage", "group"))
        return {"sent": await self._pushes().post_group((api, stage, name), _message(asked))}


def _gone(connection_id: str) -> NotFoundError:
    return NotFoundError(f"there is no such connection: {connection_id}")


def _message(asked: dict[str, Any]) -> bytes:
    message = asked.get("message")
    if not isinstance(message, str):
        raise FrontdeskError("expected a message that is a text")
    data = message.encode()
    if len(data) > LARGEST:
        raise FrontdeskError(f"expected a message of at most {LARGEST} bytes")
    return data
