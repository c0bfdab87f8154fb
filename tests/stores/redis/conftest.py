"""Ledgers of several nodes on one real Redis."""

import asyncio
import contextlib

import pytest
from redis import Redis

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.redis.ledger import RedisLedger
from frontdesk.stores.redis.link import Link
from tests.live.servers import redis_url


class Node:
    """One gateway's way to Redis, with a wheel that turns when it is told."""

    def __init__(self, url, prefix, on_loss="open"):
        self.clock = SystemClock()
        self.wheel = Wheel(self.clock.monotonic())
        self.link = Link(Secret(url), self.clock, self.wheel, meanwhile="each counts alone")
        alone = MemoryLedger() if on_loss == "open" else None
        self.ledger = RedisLedger(self.link, prefix, self.clock, self.wheel, alone=alone)

    async def decide(self, *claims):
        """Take one request from all claims; ask where that is needed."""
        now = self.clock.monotonic()
        answer = self.ledger.try_take_all(claims, now)
        if answer is None:
            told = asyncio.get_running_loop().create_future()
            self.ledger.ask(claims, now, lambda *said: told.set_result(said))
            assert not told.done()
            answer = await told
        return answer

    def turn(self, seconds):
        """Let timers fire as they would after some seconds."""
        self.wheel.advance(self.clock.monotonic() + seconds)


@pytest.fixture
def redis():
    """The shared server, empty."""
    with Redis.from_url(redis_url()) as redis:
        redis.flushdb()
        yield redis


@pytest.fixture
async def node(request, redis):
    """Make a node; those of one test share their limits."""
    async with contextlib.AsyncExitStack() as nodes:

        def make(url=None, **settings):
            made = Node(url or redis_url(), f"{request.node.name}:", **settings)
            nodes.push_async_callback(made.ledger.close)
            return made

        yield make
