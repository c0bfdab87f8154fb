"""Owns messages between the nodes of this process: what the port means, in the fewest words."""

import asyncio
from collections import defaultdict

from frontdesk.ports.bus import Take, Unsubscribe


class MemoryBus:
    """See `ports.bus.Bus`: the face that one node has of it."""

    def __init__(self, beside: "MemoryBus | None" = None) -> None:
        """beside: the face of another node, which this one reaches, and whom that one reaches."""
        self.nodes: list[MemoryBus] = [] if beside is None else beside.nodes
        self.nodes.append(self)
        self.takers: defaultdict[str, dict[object, Take]] = defaultdict(dict)

    def publish(self, channel: str, message: bytes) -> None:
        """See the port."""
        loop = asyncio.get_running_loop()
        for node in self.nodes:
            if channel in node.takers:
                loop.call_soon(node.deliver, channel, message)

    def subscribe(self, channel: str, take: Take) -> Unsubscribe:
        """See the port."""
        subscription = object()
        self.takers[channel][subscription] = take

        def unsubscribe() -> None:
            takers = self.takers.get(channel, {})
            takers.pop(subscription, None)
            if not takers:
                self.takers.pop(channel, None)

        return unsubscribe

    async def close(self) -> None:
        """See the port."""
        self.takers.clear()
        if self in self.nodes:
            self.nodes.remove(self)

    def deliver(self, channel: str, message: bytes) -> None:
        """Give a message to those of this node who have subscribed."""
        for take in tuple(self.takers.get(channel, {}).values()):
            take(message)
