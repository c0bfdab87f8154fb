"""Owns messages between nodes of several gateways: in memory within this process, through Redis to others.

One connection listens to all channels that somebody here has subscribed to. What is said while Redis is lost
is lost with it, outside of this process.
"""

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.ports.bus import Take, Unsubscribe
from frontdesk.stores.memory.bus import MemoryBus
from frontdesk.stores.redis.link import PATIENCE, PAUSE, Link, errors

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

QUIET: Final = 10.0
"""Seconds of silence after which Redis is asked whether it is there."""

_MOST_WAITING: Final = 16 * 1024 * 1024
"""Bytes that may wait to be sent; what comes beyond them is lost."""

_AT_ONCE: Final = 1024 * 1024
"""Bytes after which nothing more is sent along: an answer is due in `PATIENCE`."""

_ORIGIN_BYTES: Final = 8


class Line:
    """What the nodes of this process have in common. Used on one event loop, until `close`."""

    def __init__(self, link: Link, prefix: str, clock: Clock, wheel: Wheel) -> None:
        """prefix: of its channels; gateways with the same one hear each other."""
        self.near = MemoryBus()
        """All nodes of this process are beside it."""
        self.on_return: Callable[[], object] = lambda: None
        """Called when it listens again after it was cut off."""
        self._link = link
        self._prefix = prefix
        self._clock = clock
        self._origin = os.urandom(_ORIGIN_BYTES)
        self._own = prefix + self._origin.hex()
        """A channel that it always listens to: a subscription to it tells that a connection is new."""
        self._waiting: list[tuple[str, bytes]] = []
        self._waiting_bytes = 0
        self._sending: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._over = False
        self._has_listened = False
        self._timer = wheel.timer(self._listen)

    def send(self, channel: str, message: bytes) -> None:
        """Send to other processes."""
        if self._link.lost or self._waiting_bytes > _MOST_WAITING:
            return
        self._waiting.append((self._prefix + channel, self._origin + message))
        self._waiting_bytes += len(message)
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    def follow(self) -> None:
        """Listen to what the nodes here have subscribed to, whatever that was before."""
        self._changed.set()
        if self._listening is None:
            self._listen()

    async def close(self) -> None:
        """Send what waits, and hear nothing more."""
        self._timer.stop()
        self._end()
        if self._sending is not None:
            await self._sending
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])

    # -- sending ------------------------------------------------------------------------------------

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                some = self._take_some()
                await self._link.call(lambda redis: _publish(redis, some))  # noqa: B023 - awaited here
        except StoreError:
            self._waiting.clear()
            self._waiting_bytes = 0
        finally:
            self._sending = None

    def _take_some(self) -> list[tuple[str, bytes]]:
        size = count = 0
        while count < len(self._waiting) and size < _AT_ONCE:
            size += len(self._waiting[count][1])
            count += 1
        some, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= size - count * _ORIGIN_BYTES
        return some

    # -- listening ----------------------------------------------------------------------------------

    def _listen(self) -> None:
        self._over = False
        self._listening = asyncio.get_running_loop().create_task(self._hear_all())

    async def _hear_all(self) -> None:
        """Hear what others say until the connection is lost; then try again after a while."""
        pubsub = self._link.pubsub()
        try:
            await pubsub.subscribe(self._own)
            async with asyncio.TaskGroup() as doing:
                doing.create_task(self._subscribe(pubsub))
                doing.create_task(self._hear(pubsub))
        except* errors():
            self._timer.at(self._clock.monotonic() + PAUSE)
            await self._link.look()
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    def _end(self) -> None:
        """Have both tasks of a connection end: the driver may swallow that they are cancelled."""
        self._over = True
        self._changed.set()

    async def _subscribe(self, pubsub: "PubSub") -> None:
        """Have subscriptions follow those of the nodes here."""
        heard: set[str] = set()
        try:
            while not self._over:
                self._changed.clear()
                wanted = {self._prefix + each for node in self.near.nodes for each in node.takers}
                if new := wanted - heard:
                    await pubsub.subscribe(*new)
                if old := heard - wanted:
                    await pubsub.unsubscribe(*old)
                heard = wanted
                await self._changed.wait()
        finally:
            self._end()

    async def _hear(self, pubsub: "PubSub") -> None:
        asked = False
        try:
            while not self._over:
                told = await pubsub.get_message(timeout=PATIENCE if asked else QUIET)
                if told is None:
                    if asked:
                        raise TimeoutError
                    await pubsub.ping()
                elif told["type"] == "message":
                    self._deliver(told["channel"].decode(), told["data"])
                elif told["type"] == "subscribe" and told["channel"] == self._own.encode():
                    self._begun()
                asked = told is None
        finally:
            self._end()

    def _begun(self) -> None:
        if self._has_listened:
            self.on_return()
        self._has_listened = True

    def _deliver(self, channel: str, data: bytes) -> None:
        if data.startswith(self._origin):
            return
        channel = channel.removeprefix(self._prefix)
        for node in tuple(self.near.nodes):
            node.deliver(channel, data[_ORIGIN_BYTES:])


class RedisBus(MemoryBus):
    """See `ports.bus.Bus`: the face that one node has of it."""

    def __init__(self, line: Line) -> None:
        super().__init__(beside=line.near)
        self._line = line

    def publish(self, channel: str, message: bytes) -> None:
        """See the port."""
        super().publish(channel, message)
        self._line.send(channel, message)

    def subscribe(self, channel: str, take: Take) -> Unsubscribe:
        """See the port."""
        end: Callable[[], None] = super().subscribe(channel, take)
        self._line.follow()

        def unsubscribe() -> None:
            end()
            self._line.follow()

        return unsubscribe

    async def close(self) -> None:
        """See the port."""
        await super().close()
        self._line.follow()


async def _publish(redis: Any, messages: list[tuple[str, bytes]]) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for channel, message in messages:
            pipeline.publish(channel, message)
        await pipeline.execute()
