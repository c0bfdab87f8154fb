"""What every Registry must do. An adapter joins by a row in ADAPTERS: it opens a face for each node.

An adapter that writes later is given time by `seen`.
"""

import asyncio
import contextlib
import os

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.gateway.sockets.pushes import Node
from frontdesk.ports.registry import ALIVE, connection, group
from frontdesk.stores.memory.bus import MemoryBus
from frontdesk.stores.memory.registry import Claims, MemoryRegistry
from frontdesk.stores.redis.link import Link
from frontdesk.stores.redis.registry import RedisRegistry, SharedClaims
from tests.gateway.workers.test_forwarded_sockets import worker
from tests.live.servers import redis_url

NOW = 1_700_000_000.25
SOCKET = connection("L0SM9cOFvHcCIhw=")
BOARD = group("live", "prod", "practice 7")


@contextlib.asynccontextmanager
async def memory():
    claims = Claims()
    yield lambda node: MemoryRegistry(node, claims)


@contextlib.asynccontextmanager
async def forwarded():
    claims = Claims()
    async with contextlib.AsyncExitStack() as workers:
        faces = {}
        for name in ("here", "there"):
            node = Node(name, MemoryRegistry(name, claims), MemoryBus())
            faces[name], *_ = await workers.enter_async_context(worker(node))
        yield faces.__getitem__


class At(SystemClock):
    """Stands still."""

    def time(self):
        return NOW


@contextlib.asynccontextmanager
async def over_redis(prefix, *, same=False):
    """Give each node a process of its own; same: all nodes are of one process."""
    async with contextlib.AsyncExitStack() as stack:

        def claims():
            wheel = Wheel(0.0)
            link = Link(Secret(redis_url()), At(), wheel, meanwhile="nothing is shared")
            stack.push_async_callback(link.close)
            made = SharedClaims(link, prefix, At())
            stack.push_async_callback(made.written)
            return made

        common = claims()
        yield lambda node: RedisRegistry(node, common if same else claims())


@contextlib.asynccontextmanager
async def redis():
    async with over_redis(f"{os.urandom(4).hex()}:") as face_of:
        yield face_of


@contextlib.asynccontextmanager
async def redis_of_one_process():
    async with over_redis(f"{os.urandom(4).hex()}:", same=True) as face_of:
        yield face_of


ADAPTERS = {
    "memory": memory,
    "forwarded": forwarded,
    "redis": redis,
    "redis, one process": redis_of_one_process,
}


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def face_of(request):
    async with request.param() as face_of:
        yield face_of


@pytest.fixture
async def two(face_of):
    here, there = face_of("here"), face_of("there")
    await here.renew(NOW)
    await there.renew(NOW)
    return here, there


async def seen(registry, name, expected, now=NOW):
    """Hold the holders of a name to what is expected, once what was said has been written."""
    for _ in range(500):
        if list(await registry.holders(name, now)) == expected:
            break
        await asyncio.sleep(0.01)
    assert list(await registry.holders(name, now)) == expected


async def test_a_claim_is_seen_at_once_here_and_soon_by_others(two):
    here, there = two
    here.claim([SOCKET], NOW + 100)
    assert list(await here.holders(SOCKET, NOW)) == ["here"]
    await seen(there, SOCKET, ["here"])


async def test_a_name_that_nobody_claims_has_no_holder(two):
    assert list(await two[0].holders(SOCKET, NOW)) == []


async def test_a_claim_ends_with_its_time(two):
    here, there = two
    here.claim([SOCKET], NOW + 10)
    await seen(there, SOCKET, ["here"], NOW + 9.9)
    await seen(there, SOCKET, [], NOW + 10)


@pytest.mark.parametrize(("first", "second"), [(10, 20), (20, 10)], ids=["longer", "shorter"])
async def test_of_two_times_the_later_counts(two, first, second):
    here, there = two
    here.claim([SOCKET], NOW + first)
    here.claim([SOCKET], NOW + second)
    await seen(there, SOCKET, ["here"], NOW + 19)
    await seen(there, SOCKET, [], NOW + 20)


async def test_no_claim_stands_of_a_node_that_is_silent(two):
    here, there = two
    here.claim([SOCKET], NOW + 1000)
    await seen(there, SOCKET, ["here"], NOW + ALIVE - 0.1)
    await seen(there, SOCKET, [], NOW + ALIVE)
    await here.renew(NOW + ALIVE)
    await seen(there, SOCKET, ["here"], NOW + ALIVE)


async def test_a_claim_of_a_node_that_has_not_said_that_it_is_alive_does_not_stand(face_of):
    here = face_of("here")
    here.claim([SOCKET], NOW + 1000)
    assert list(await here.holders(SOCKET, NOW)) == []
    await here.renew(NOW)
    await seen(here, SOCKET, ["here"])


async def test_a_group_has_every_node_with_members_as_holder(two):
    here, there = two
    there.claim([BOARD], NOW + 10)
    here.claim([SOCKET, BOARD], NOW + 20)
    await seen(here, BOARD, ["here", "there"])
    await seen(here, BOARD, ["here"], NOW + 15)


async def test_what_is_released_has_no_holder_and_may_be_claimed_again(two):
    here, there = two
    here.claim([SOCKET, BOARD], NOW + 10)
    there.claim([BOARD], NOW + 10)
    here.release([BOARD, "never claimed"])
    await seen(there, BOARD, ["there"])
    await seen(there, SOCKET, ["here"])
    here.claim([BOARD], NOW + 10)
    await seen(there, BOARD, ["here", "there"])


async def test_nobody_releases_what_another_holds(two):
    here, there = two
    here.claim([SOCKET], NOW + 10)
    await seen(there, SOCKET, ["here"])
    there.release([SOCKET])
    await seen(there, SOCKET, ["here"])


async def test_who_leaves_holds_nothing(two):
    here, there = two
    here.claim([SOCKET, BOARD], NOW + 10)
    there.claim([BOARD], NOW + 10)
    await seen(there, BOARD, ["here", "there"])
    await here.leave()
    await seen(there, BOARD, ["there"])
    await seen(there, SOCKET, [])
    await here.renew(NOW)
    await seen(there, SOCKET, [])


async def test_names_of_groups_do_not_run_into_each_other():
    names = {
        group("live", "prod", "a"),
        group("live", "beta", "a"),
        group("live", "prod", "b"),
        connection("a"),
    }
    assert len(names) == 4


async def test_names_of_any_letters_are_kept(two):
    here, there = two
    name = group("live", "prod", "Praxis Öl:*?[a]'; --")
    here.claim([name], NOW + 10)
    await seen(there, name, ["here"])
    await seen(there, group("live", "prod", "Praxis Öl:*?[b]'; --"), [])
