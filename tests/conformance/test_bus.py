"""What every Bus must do. An adapter joins by a row in ADAPTERS: it opens two nodes that reach each other."""

import asyncio
import contextlib
import os

import pytest

from frontdesk.app.sockets import nodes_of_process
from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.ports.bus import MAX_MESSAGE
from frontdesk.stores.memory.bus import MemoryBus
from frontdesk.stores.redis.bus import Line, RedisBus
from frontdesk.stores.redis.link import Link
from tests.gateway.workers.test_forwarded_sockets import worker
from tests.live.servers import redis_url


@contextlib.asynccontextmanager
async def memory():
    here = MemoryBus()
    there = MemoryBus(beside=here)
    yield here, there
    await here.close()
    await there.close()


@contextlib.asynccontextmanager
async def forwarded():
    nodes = nodes_of_process()
    async with worker(nodes()) as (_, here, _), worker(nodes()) as (_, there, _):
        yield here, there


@contextlib.asynccontextmanager
async def over_redis(*processes):
    """Open a node in each process of those that are named."""
    clock, prefix = SystemClock(), f"{os.urandom(4).hex()}:"
    async with contextlib.AsyncExitStack() as stack:
        lines = {}
        for name in processes:
            wheel = Wheel(clock.monotonic())
            link = Link(Secret(redis_url()), clock, wheel, meanwhile="nothing is shared")
            stack.push_async_callback(link.close)
            lines[name] = Line(link, prefix, clock, wheel)
            stack.push_async_callback(lines[name].close)
        nodes = [RedisBus(lines[name]) for name in processes]
        yield nodes
        for node in nodes:
            await node.close()


ADAPTERS = {
    "memory": memory,
    "forwarded": forwarded,
    "redis": lambda: over_redis("here", "there"),
    "redis, one process": lambda: over_redis("both", "both"),
}


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def nodes(request):
    async with request.param() as nodes:
        yield nodes


class Taken:
    """Takes messages, and waits until there are so many. Says when an adapter can be waited for no longer."""

    def __init__(self, bus, channel):
        self.messages = []
        self._came = asyncio.Event()
        self.unsubscribe = bus.subscribe(channel, self._take)

    def _take(self, message):
        self.messages.append(message)
        self._came.set()

    async def until(self, count):
        async with asyncio.timeout(10):
            while len(self.messages) < count:
                self._came.clear()
                await self._came.wait()
        return self.messages


async def reached(publisher, taken):
    """Publish until a subscription of another node is in force, then forget what came."""
    channel_open = b"?"
    async with asyncio.timeout(10):
        while not taken.messages:
            publisher.publish("frames", channel_open)
            await asyncio.sleep(0.01)
    while channel_open in taken.messages:
        taken.messages.clear()
        await asyncio.sleep(0.02)


async def test_a_message_reaches_every_subscription_of_every_node_once(nodes):
    here, there = nodes
    near, beside, far = Taken(here, "frames"), Taken(here, "frames"), Taken(there, "frames")
    await reached(here, far)
    near.messages.clear()
    beside.messages.clear()
    here.publish("frames", b"one")
    here.publish("frames", b"two")
    await far.until(2)
    there.publish("frames", b"three")
    for taken in (near, beside, far):
        assert await taken.until(3) == [b"one", b"two", b"three"]


async def test_nothing_is_taken_before_publish_has_returned(nodes):
    taken = Taken(nodes[0], "frames")
    nodes[0].publish("frames", b"one")
    assert taken.messages == []
    assert await taken.until(1) == [b"one"]


async def test_messages_of_one_node_come_in_their_order(nodes):
    here, there = nodes
    far = Taken(there, "frames")
    await reached(here, far)
    messages = [b"%d" % number for number in range(200)]
    for message in messages:
        here.publish("frames", message)
    assert await far.until(200) == messages


async def test_channels_do_not_hear_each_other(nodes):
    here, _ = nodes
    frames, others = Taken(here, "frames"), Taken(here, "frames:")
    here.publish("frames", b"one")
    here.publish("frames:", b"two")
    assert await frames.until(1) == [b"one"]
    assert await others.until(1) == [b"two"]


async def test_a_message_may_be_as_large_as_it_is_said_and_of_any_bytes(nodes):
    here, there = nodes
    far = Taken(there, "frames")
    await reached(here, far)
    large = bytes(range(256)) * (MAX_MESSAGE // 256)
    here.publish("frames", large)
    assert await far.until(1) == [large]


async def test_what_has_unsubscribed_takes_nothing_and_may_say_so_twice(nodes):
    here, _ = nodes
    gone, still = Taken(here, "frames"), Taken(here, "frames")
    gone.unsubscribe()
    gone.unsubscribe()
    here.publish("frames", b"one")
    assert await still.until(1) == [b"one"]
    assert gone.messages == []


async def test_a_closed_bus_takes_nothing_more(nodes):
    here, there = nodes
    gone, still = Taken(there, "frames"), Taken(here, "frames")
    await reached(here, gone)
    still.messages.clear()
    await there.close()
    here.publish("frames", b"one")
    assert await still.until(1) == [b"one"]
    assert gone.messages == []


async def test_a_message_that_nobody_waits_for_is_lost(nodes):
    here, _ = nodes
    here.publish("frames", b"nobody")
    taken = Taken(here, "frames")
    here.publish("frames", b"one")
    assert await taken.until(1) == [b"one"]
