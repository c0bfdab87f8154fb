"""Owns what is done with connections and groups, wherever they are held.

Knows neither paths nor who may ask. Source: AWS, "Use @connections commands in your backend service".
"""

from typing import Any

from frontdesk.aws.connections.asked import Asked, forbidden, gone
from frontdesk.aws.wire import json_reply
from frontdesk.gateway.pipeline.exchange import Reply
from frontdesk.gateway.sockets.hub import Description, GroupName
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.rules.events.times import iso_seconds


class Connections:
    """Operations on one connection. All raise ApiError and StoreError."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    async def post(self, asked: Asked) -> Reply:
        """Send it a message. 200 without a body."""
        message = asked.message
        await self._found(asked)
        if not await self._pushes.post(asked.connection_id, message):
            raise gone()
        return json_reply(200, None)

    async def get(self, asked: Asked) -> Reply:
        """Tell of it."""
        return json_reply(200, _told(await self._found(asked)))

    async def delete(self, asked: Asked) -> Reply:
        """Close it. 204."""
        await self._found(asked)
        if not await self._pushes.close(asked.connection_id):
            raise gone()
        return json_reply(204, None)

    async def _found(self, asked: Asked) -> Description:
        found = await self._pushes.describe(asked.connection_id)
        if found is None:
            raise gone()
        if asked.place not in (None, (found.api, found.stage)):
            raise forbidden()
        return found


class Groups:
    """Operations on one group. All raise ApiError and StoreError."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    async def post(self, asked: Asked) -> Reply:
        """Send all members a message; tell how many it was given to."""
        sent = await self._pushes.post_group(_name(asked), asked.message)
        return json_reply(200, {"sent": sent})

    async def get(self, asked: Asked) -> Reply:
        """Tell of all members, in the order of their ids."""
        found = await self._pushes.members(_name(asked))
        return json_reply(
            200, {"members": [{"connectionId": each.id, **_told(each)} for each in found]}
        )

    async def put(self, asked: Asked) -> Reply:
        """Make a connection of the same stage a member. 204, for one that is a member, too."""
        if not await self._pushes.join(_name(asked), asked.connection_id):
            raise gone()
        return json_reply(204, None)

    async def delete(self, asked: Asked) -> Reply:
        """Take a member out. 204, for one that is none, too: what is asked for is so."""
        await self._pushes.leave(_name(asked), asked.connection_id)
        return json_reply(204, None)


def _name(asked: Asked) -> GroupName:
    if asked.place is None:
        raise forbidden()
    return (*asked.place, asked.group)


def _told(found: Description) -> dict[str, Any]:
    return {
        "connectedAt": iso_seconds(found.connected_at),
        "identity": {"sourceIp": found.source_ip, "userAgent": found.user_agent},
        "lastActiveAt": iso_seconds(found.last_active_at),
    }
