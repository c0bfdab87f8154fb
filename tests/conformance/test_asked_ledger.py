"""What every Ledger must do, those among them that have to be asked first. An adapter joins by a row in ADAPTERS.

Time is real here, because a server has its own; limits are such that a test takes no notice of it.
"""

import asyncio
import contextlib
import os

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.ports.ledger import Quota, Rule
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.redis.ledger import RedisLedger
from frontdesk.stores.redis.link import Link
from frontdesk.stores.shared_memory.ledger import SharedLedger, create_memory
from tests.live.servers import redis_url

CLOCK = SystemClock()


@contextlib.asynccontextmanager
async def memory(_prefix):
    yield MemoryLedger()


@contextlib.asynccontextmanager
async def shared_memory(_prefix):
    descriptor = create_memory(places=256)
    ledger = SharedLedger(descriptor)
    os.close(descriptor)
    yield ledger
    ledger.close()


@contextlib.asynccontextmanager
async def redis(prefix):
    wheel = Wheel(CLOCK.monotonic())
    link = Link(Secret(redis_url()), CLOCK, wheel, meanwhile="nothing is counted")
    ledger = RedisLedger(link, prefix, CLOCK, wheel, alone=None)
    yield ledger
    await ledger.close()


ADAPTERS = {"memory": memory, "shared memory": shared_memory, "redis": redis}

HOURLY = Rule("hourly", limit=3, window=3600.0, burst=3)
DAILY = Rule("daily", limit=1, window=86400.0, burst=1)
WIDE = Rule("wide", limit=100, window=3600.0, burst=20)
THREE = Quota("three", limit=3, expires=4_102_444_800.0)


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def decide(request):
    """Take one request from all claims of a new ledger."""
    async with request.param(f"{os.getpid()} {request.node.name}:") as ledger:

        async def decide(*claims):
            now = CLOCK.monotonic()
            answer = ledger.try_take_all(claims, now)
            if answer is None:
                told = asyncio.get_running_loop().create_future()
                ledger.ask(claims, now, lambda *said: told.set_result(said))
                answer = await told
            return answer

        yield decide


async def passed(decide, *claims, times):
    return [(await decide(*claims))[1].allowed for _ in range(times)]


@pytest.mark.parametrize("limit", [HOURLY, THREE], ids=["rate", "quota"])
async def test_what_a_limit_holds_passes_and_then_nothing(decide, limit):
    assert await passed(decide, ("k", limit), times=5) == [True] * 3 + [False] * 2


async def test_keys_do_not_share(decide):
    assert await passed(decide, ("a", DAILY), times=2) == [True, False]
    assert await passed(decide, ("b", DAILY), times=2) == [True, False]


async def test_all_or_nothing(decide):
    claims = [("wide", WIDE), ("three", THREE), ("daily", DAILY)]
    assert await passed(decide, *claims, times=4) == [True, False, False, False]
    # What the third refused has not been taken from the others.
    assert await passed(decide, ("three", THREE), times=3) == [True, True, False]
    assert await passed(decide, ("wide", WIDE), times=21) == [True] * 19 + [False] * 2


async def test_the_tightest_limit_is_reported(decide):
    index, grant = await decide(("wide", WIDE), ("hourly", HOURLY))
    assert (index, grant.allowed, grant.remaining, grant.retry_after) == (1, True, 2, 0.0)


async def test_of_several_refusals_the_longest_wait_is_reported(decide):
    claims = [("hourly", HOURLY), ("daily", DAILY), ("wide", WIDE)]
    await passed(decide, claims[0], times=3)
    await decide(claims[1])
    await decide(claims[0])  # a node that leases learns of it now
    await decide(claims[1])
    index, grant = await decide(*claims)
    assert (index, grant.allowed) == (1, False)
    assert grant.retry_after == pytest.approx(86400, rel=0.01)


async def test_takers_at_once_get_exactly_the_smallest_limit(decide):
    answers = await asyncio.gather(
        *(decide(("wide", WIDE), (f"{n % 10}", HOURLY)) for n in range(100))
    )
    assert sum(grant.allowed for _, grant in answers) == 20
