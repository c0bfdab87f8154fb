"""Owns the worker's way to the registry of WebSocket connections and to the bus: both are the supervisor's."""

from collections.abc import Iterable, Sequence
from typing import cast

from frontdesk.gateway.workers.channel import Channel, value_of
from frontdesk.gateway.workers.forwarded_ports import ForwardedPorts
from frontdesk.gateway.workers.frames import DELIVER, SOCKETS
from frontdesk.ports.bus import Take, Unsubscribe
from frontdesk.ports.registry import Registry


class ForwardedRegistry:
    """See `ports.registry.Registry`, through one channel: what is said arrives in its order."""

    def __init__(self, channel: Channel, ports: ForwardedPorts) -> None:
        self._channel = channel
        self._asked = cast(Registry, ports.port("registry"))

    def claim(self, names: Iterable[str], until: float) -> None:
        """See the port."""
        self._channel.send(SOCKETS, 0, ("claim", (list(names), until)))

    def release(self, names: Iterable[str]) -> None:
        """See the port."""
        self._channel.send(SOCKETS, 0, ("release", (list(names),)))

    async def renew(self, now: float) -> None:
        """See the port."""
        await self._asked.renew(now)

    async def holders(self, name: str, now: float) -> Sequence[str]:
        """See the port."""
        return await self._asked.holders(name, now)

    async def leave(self) -> None:
        """See the port."""
        self._channel.send(SOCKETS, 0, ("leave", ()))


class ForwardedBus:
    """See `ports.bus.Bus`, through one channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._takers: dict[str, dict[object, Take]] = {}
        channel.takes({DELIVER: self._deliver})

    def publish(self, channel: str, message: bytes) -> None:
        """See the port."""
        self._channel.send(SOCKETS, 0, ("publish", (channel, message)))

    def subscribe(self, channel: str, take: Take) -> Unsubscribe:
        """See the port."""
        subscription = object()
        if channel not in self._takers:
            self._takers[channel] = {}
            self._channel.send(SOCKETS, 0, ("subscribe", (channel,)))
        self._takers[channel][subscription] = take

        def unsubscribe() -> None:
            takers = self._takers.get(channel, {})
            if takers.pop(subscription, None) is not None and not takers:
                del self._takers[channel]
                self._channel.send(SOCKETS, 0, ("unsubscribe", (channel,)))

        return unsubscribe

    async def close(self) -> None:
        """See the port."""
        for channel in self._takers:
            self._channel.send(SOCKETS, 0, ("unsubscribe", (channel,)))
        self._takers.clear()

    def _deliver(self, _number: int, body: bytes) -> None:
        channel, message = value_of(body)
        for take in tuple(self._takers.get(channel, {}).values()):
            take(message)
