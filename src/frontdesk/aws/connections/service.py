"""Owns which operation on WebSocket connections a request asks for, and the form of its refusals.

Source: AWS, "Use @connections commands in your backend service"; API Gateway Management API reference.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import unquote

from frontdesk.aws.connections.asked import Asked, Places, connection_id, forbidden, group_name
from frontdesk.aws.connections.operations import Connections, Groups
from frontdesk.aws.wire import ApiError, json_reply
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.sockets.pushes import Pushes

Operation = Callable[[Asked], Awaitable[Reply]]

_PATH: Final = re.compile(
    r"(?:/(?P<api>[^/]+)/(?P<stage>[^/]+))?"
    r"/(?:@|%40)(?:connections/(?P<id>[^/]+)|groups/(?P<group>[^/]+)(?:/(?P<member>[^/]+))?)"
)
_OURS: Final = re.compile(r"(?:/[^/]+/[^/]+)?/(?:@|%40)(?:connections|groups)(?:/|$)")


class ConnectionsService:
    """The API. See wire.Service."""

    scope = "execute-api"

    def __init__(self, pushes: Pushes, places: Places) -> None:
        """pushes: the way to all connections. places: what may stand in a path."""
        connections, groups = Connections(pushes), Groups(pushes)
        self._places = places
        self._operations: Mapping[tuple[str, str], Operation] = {
            ("connection", "POST"): connections.post,
            ("connection", "GET"): connections.get,
            ("connection", "DELETE"): connections.delete,
            ("group", "POST"): groups.post,
            ("group", "GET"): groups.get,
            ("member", "PUT"): groups.put,
            ("member", "DELETE"): groups.delete,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Service."""
        return _OURS.match(ex.raw_path) is not None

    async def answer(self, ex: Exchange) -> Reply:
        """See Service. What no operation is asked for with is 403, as at AWS."""
        found = _PATH.fullmatch(ex.raw_path)
        if found is None:
            raise forbidden()
        api, stage, single, group, member = found.groups()
        kind = "connection" if single else "member" if member else "group"
        run = self._operations.get((kind, ex.method))
        if run is None:
            raise forbidden()
        # Differs: [connections-endpoint] AWS has this at each API's own host, and nowhere without a stage.
        place = None if api is None else self._places().get((unquote(api), unquote(stage)))
        if api is not None and place is None:
            raise forbidden()
        named = single or member
        return await run(
            Asked(
                ex,
                place,
                group_name(group) if group else "",
                connection_id(named) if named else "",
            )
        )

    def refuse(self, error: ApiError) -> Reply:
        """See Service."""
        told = {"message": error.message or None}
        return json_reply(error.status, told, (b"x-amzn-errortype", error.code.encode()))
