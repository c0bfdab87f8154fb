"""WebSocket connections of several gateways on one Redis, which is lost, comes back, and forgets."""

import asyncio
import contextlib
import logging

import pytest

from frontdesk.app.sockets import open_nodes
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import load
from frontdesk.gateway.sockets.hub import Hub
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.ports.registry import ALIVE
from tests.gateway.sockets.test_hub import GROUP, Socket
from tests.live.calls import free_port
from tests.live.gateways import project
from tests.live.servers import redis_server


class Clock(SystemClock):
    """Can be put forward."""

    ahead = 0.0

    def time(self):
        return super().time() + self.ahead


class Gateway:
    """What one gateway has of its connections: a hub, pushes, and a wheel that is turned."""

    def __init__(self):
        self.hub, self.clock = Hub(), Clock()
        self.wheel = Wheel(self.clock.monotonic())

    def hold(self, id_):
        socket = Socket(id_)
        socket.ends = self.clock.time() + 7200
        self.hub.add(socket)
        return socket

    async def turn(self, until):
        """Let a second pass for timers, again and again, until something is so."""
        async with asyncio.timeout(20):
            while not await until():
                self.wheel.advance(self.clock.monotonic() + 1.5)
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def gateway(folder, url, name="clinic"):
    folder.mkdir(exist_ok=True)
    path = project(folder, f"name: {name}\nshared: {url}\n")
    made = Gateway()
    async with open_nodes(load([path], {}).config, made.clock, made.wheel) as nodes:
        made.nodes = nodes
        made.pushes = Pushes(made.hub, nodes(), made.clock, made.wheel)
        await made.pushes.start()
        yield made
        await made.pushes.stop()


@pytest.fixture
def server():
    with redis_server() as server:
        yield server


@pytest.fixture
async def two(tmp_path, server):
    async with (
        gateway(tmp_path / "a", server.url) as one,
        gateway(tmp_path / "b", server.url) as other,
    ):
        yield one, other


def reaches(asked, id_):
    """Make what tells whether a push comes through by now."""

    async def told():
        with contextlib.suppress(StoreError):
            return await asked.post(id_, b"x")

    return told


async def test_a_push_on_one_gateway_reaches_a_socket_on_the_other(two):
    here, there = two
    socket = there.hold("a")
    await here.turn(reaches(here.pushes, "a"))
    assert set(socket.sent) == {b"x"}
    assert (await here.pushes.describe("a")).source_ip == "192.0.2.7"
    assert await here.pushes.join(GROUP, "a")
    mine = here.hold("b")
    assert await here.pushes.join(GROUP, "b")

    async def both():
        return await here.pushes.post_group(GROUP, b"all") == 2

    await here.turn(both)
    assert socket.sent[-1] == mine.sent[-1] == b"all"
    assert [each.id for each in await there.pushes.members(GROUP)] == ["a", "b"]
    assert await here.pushes.close("a")
    assert socket.left == (1001, "Going away")


async def test_gateways_of_another_name_do_not_reach_them(tmp_path, server, two):
    two[0].hold("a")
    await two[1].turn(reaches(two[1].pushes, "a"))
    async with gateway(tmp_path / "c", server.url, "hospital") as stranger:
        assert not await stranger.pushes.post("a", b"x")


async def test_a_lost_redis_is_told_leaves_what_is_here_and_heals(two, server, caplog):
    caplog.set_level(logging.WARNING, "frontdesk.redis")
    here, there = two
    far, near = there.hold("far"), here.hold("near")
    await here.turn(reaches(here.pushes, "far"))
    for member in ("far", "near"):
        assert await here.pushes.join(GROUP, member)
    server.kill()
    with pytest.raises(StoreError):
        await here.pushes.post("far", b"lost")
    with pytest.raises(StoreError):
        await here.pushes.post_group(GROUP, b"lost")
    assert await here.pushes.post("near", b"still")
    assert near.sent == [b"still"]
    assert b"lost" not in far.sent
    late = there.hold("late")
    server.start()  # it has forgotten everything
    far.sent.clear()

    told = set()

    async def healed():
        there.wheel.advance(there.clock.monotonic() + 1.5)
        reached = [await reaches(here.pushes, each)() for each in ("far", "late")]
        told.update(reached)
        return all(reached)

    await here.turn(healed)
    assert False not in told  # what is unknown is not gone
    assert late.sent

    async def whole():
        with contextlib.suppress(StoreError):
            return await here.pushes.post_group(GROUP, b"all again") == 2

    await here.turn(whole)
    assert far.sent[-1] == near.sent[-1] == b"all again"
    said = [record.getMessage() for record in caplog.records]
    assert any("other gateways are not reached until it is back" in each for each in said)
    assert "Redis is back" in said


async def test_nodes_of_one_process_reach_each_other_while_redis_is_lost(two, server):
    here, _ = two
    hub = Hub()
    beside = Pushes(hub, here.nodes(), here.clock, here.wheel)
    await beside.start()
    socket = Socket("a")
    socket.ends = here.clock.time() + 100
    hub.add(socket)
    server.kill()
    assert await here.pushes.post("a", b"x")
    assert socket.sent == [b"x"]
    await beside.stop()


async def test_a_redis_that_has_forgotten_without_being_lost_is_told_again(two, server):
    from redis.asyncio import Redis

    here, there = two
    socket = there.hold("a")
    await here.turn(reaches(here.pushes, "a"))
    async with Redis.from_url(server.url) as redis:
        await redis.flushall()
    assert not await here.pushes.post("a", b"x")
    socket.sent.clear()

    async def told_again():
        there.wheel.advance(there.clock.monotonic() + ALIVE)
        return await reaches(here.pushes, "a")()

    await here.turn(told_again)
    assert socket.sent


async def test_what_a_silent_gateway_holds_is_gone_in_time(two, server):
    here, there = two
    there.hold("a")
    await here.turn(reaches(here.pushes, "a"))
    here.clock.ahead = ALIVE
    assert not await here.pushes.post("a", b"x")


async def test_a_gateway_starts_while_redis_is_away_and_is_found_later(tmp_path):
    port = free_port()
    url = f"redis://127.0.0.1:{port}"
    async with gateway(tmp_path / "a", url) as here, gateway(tmp_path / "b", url) as there:
        socket = there.hold("a")
        with pytest.raises(StoreError):
            await here.pushes.post("a", b"x")
        with redis_server("--port", port) as _:

            async def found():
                there.wheel.advance(there.clock.monotonic() + 1.5)
                return await reaches(here.pushes, "a")()

            await here.turn(found)
            assert socket.sent
