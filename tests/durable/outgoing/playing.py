"""Plays outgoing webhooks with a clock of the test, to receivers on loopback."""

import asyncio
import contextlib
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.outgoing.destinations import Reach
from frontdesk.durable.outgoing.events import Events
from frontdesk.durable.outgoing.posting import Poster
from frontdesk.durable.outgoing.sender import AT_ONCE, Sender
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.durable.outgoing.webhooks import Webhooks
from frontdesk.stores.memory.deliveries import MemoryDeliveries
from frontdesk.stores.vault.endpoints import Endpoints
from frontdesk.stores.vault.master_keys import VARIABLE, MasterKeys

NOW = 1_700_000_000.0

LOOPBACK = Reach(http=True, ports=frozenset(range(1, 65536)), networks=(ip_network("127.0.0.0/8"),))


class Clock:
    def __init__(self):
        self.now = NOW

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


class World:
    """An application `acme`; nothing is sent before `send`. events: what the operator is told of."""

    def __init__(self, at_once=AT_ONCE, **settings):
        self.clock = Clock()
        self.registry = Registry()
        self.store = MemoryDeliveries()
        self.settings = Settings(reach=LOOPBACK, **settings)
        self.keys = {VARIABLE: "A" * 43 + "="}
        self.endpoints = Endpoints(self.store, MasterKeys(self.keys, Path()))
        self.poster = Poster(self.endpoints, self.clock, Wheel(NOW))
        self.told = []
        self.sender = Sender(
            self.store,
            self.poster,
            Events(self, self, self.registry),
            self.clock,
            self.registry,
            chance=lambda: 0.5,
            at_once=at_once,
        )
        self.webhooks = Webhooks(
            self.store, self.endpoints, self.sender, lambda: self.settings, self.clock
        )

    def lose_key(self):
        """Have another master key from now on."""
        self.endpoints._keys = MasterKeys({VARIABLE: "B" * 42 + "A="}, Path())

    def find_key(self):
        self.endpoints._keys = MasterKeys(self.keys, Path())

    async def enqueue(self, queue, body, *, group, same, trace):
        self.told.append((queue, body))

    async def accept(self, function, qualifier, event):
        self.told.append((function, qualifier, event))

    async def add(self, url, **document):
        await self.webhooks.put_application("acme", {})
        return await self.webhooks.add_endpoint("acme", {"url": url, **document})

    async def publish(self, payload=None, type="order.paid", **document):  # noqa: A002
        document = {"type": type, "payload": payload or {}, **document}
        return (await self.webhooks.publish("acme", document)).id

    def send(self, **settings):
        self.settings = replace(self.settings, **settings)
        self.sender.adopt(self.settings)

    async def pass_time(self, seconds):
        self.clock.now += seconds
        self.sender.look()

    async def states(self, **which):
        found = await self.store.deliveries("acme", most=99, **which)
        return [each.state for each in reversed(found.entries)]

    async def attempts(self, message):
        return [attempt for _, attempt in await self.store.attempts("acme", message)]

    async def until(self, condition):
        """Wait until something holds of the store; awaitable condition."""
        async with asyncio.timeout(10):
            while not await condition():  # noqa: ASYNC110 - nobody tells of what happens in between
                await asyncio.sleep(0.002)

    async def until_attempts(self, message, count):
        async def there():
            return len(await self.attempts(message)) >= count

        await self.until(there)
        return await self.attempts(message)

    async def until_states(self, *states):
        async def there():
            return await self.states() == list(states)

        await self.until(there)

    def counted(self, name, *labels):
        samples = {(each.name, each.labels): each.value for each in self.registry.samples()}
        return samples.get((name, labels), 0)


@contextlib.asynccontextmanager
async def world(**settings):
    """Yield a world; end it."""
    made = World(**settings)
    try:
        yield made
    finally:
        await made.sender.stop(0.0)
        made.poster.close()
