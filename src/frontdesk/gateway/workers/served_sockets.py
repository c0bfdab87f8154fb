"""Owns the supervisor's side of what a worker says to the registry of WebSocket connections and to the bus.

When the worker has gone, nothing that it held is held any more.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from frontdesk.gateway.sockets.pushes import Node
from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.frames import DELIVER, SOCKETS
from frontdesk.ports.bus import Unsubscribe


class ServedSockets:
    """What one worker says."""

    def __init__(self, channel: Channel, node: Node) -> None:
        """node: what the worker is among the processes that hold connections."""
        self._channel = channel
        self._node = node
        self._subscribed: dict[str, Unsubscribe] = {}
        self._leaving: asyncio.Task[None] | None = None
        self._does: Mapping[str, Callable[..., Any]] = {
            "claim": node.registry.claim,
            "leave": lambda: self._begin(node.registry.leave()),
            "publish": node.bus.publish,
            "release": node.registry.release,
            "subscribe": self._subscribe,
            "unsubscribe": lambda name: self._subscribed.pop(name)(),
        }
        channel.takes({SOCKETS: self._take})
        channel.lost.add_done_callback(self._lost)

    def _take(self, _number: int, body: bytes) -> None:
        method, given = value_of(body)
        self._does[method](*given)

    def _subscribe(self, name: str) -> None:
        def deliver(message: bytes) -> None:
            self._channel.send(DELIVER, 0, (name, message))

        self._subscribed[name] = self._node.bus.subscribe(name, deliver)

    def _lost(self, _lost: object) -> None:
        self._subscribed.clear()
        self._begin(self._left())

    async def _left(self) -> None:
        await self._node.registry.leave()
        await self._node.bus.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._leaving = asyncio.get_running_loop().create_task(work)
