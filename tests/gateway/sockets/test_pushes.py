"""Pushes to connections, in whatever process each of them is held."""

import asyncio

import pytest

from frontdesk.app.sockets import nodes_of_process
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.sockets import pushes as module
from frontdesk.gateway.sockets.hub import Hub
from frontdesk.gateway.sockets.pushes import Pushes
from frontdesk.ports.registry import ALIVE
from tests.gateway.sockets.test_hub import GROUP, Socket


class Clock(SystemClock):
    """One that can be put forward."""

    def __init__(self):
        self.ahead = 0.0

    def time(self):
        return 50.0 + self.ahead

    def monotonic(self):
        return 1000.0 + self.ahead


class Process:
    """One process with its hub, and what it can reach."""

    def __init__(self, node):
        self.hub, self.clock, self.node = Hub(), Clock(), node
        self.wheel = Wheel(self.clock.monotonic())
        self.pushes = Pushes(self.hub, node, self.clock, self.wheel)

    def hold(self, *ids):
        sockets = [Socket(each) for each in ids]
        for socket in sockets:
            self.hub.add(socket)
        return sockets


@pytest.fixture
async def processes():
    nodes = nodes_of_process()
    made = [Process(nodes()) for _ in range(3)]
    for each in made:
        await each.pushes.start()
    yield made
    for each in made:
        await each.pushes.stop()


MESSAGE = "grüezi".encode()


@pytest.mark.parametrize("asked", [0, 1, 2], ids=["holder", "other holder", "another"])
async def test_a_connection_is_reached_from_every_process(processes, asked):
    (socket,) = processes[0].hold("a")
    processes[1].hold("b")
    pushes = processes[asked].pushes
    assert await pushes.post("a", MESSAGE)
    assert socket.sent == [MESSAGE]
    found = await pushes.describe("a")
    assert (found.id, found.source_ip, found.groups) == ("a", "192.0.2.7", ())
    assert await pushes.close("a")
    assert socket.left == (1001, "Going away")


async def test_a_connection_that_nobody_holds_is_gone(processes):
    pushes = processes[0].pushes
    assert not await pushes.post("nobody", MESSAGE)
    assert await pushes.describe("nobody") is None
    assert not await pushes.close("nobody")
    assert not await pushes.join(GROUP, "nobody")
    assert not await pushes.leave(GROUP, "nobody")


async def test_a_connection_that_has_ended_is_gone_everywhere(processes):
    (socket,) = processes[0].hold("a")
    processes[0].hub.remove(socket)
    assert not await processes[1].pushes.post("a", MESSAGE)


async def test_a_group_reaches_its_members_in_every_process(processes):
    sockets = [*processes[0].hold("a", "b"), *processes[1].hold("c")]
    for each in "abc":
        assert await processes[2].pushes.join(GROUP, each)
    for process in processes:
        assert await process.pushes.post_group(GROUP, MESSAGE) == 3
        assert [each.id for each in await process.pushes.members(GROUP)] == ["a", "b", "c"]
    assert [socket.sent for socket in sockets] == [[MESSAGE] * 3] * 3
    assert await processes[2].pushes.leave(GROUP, "c")
    assert await processes[0].pushes.post_group(GROUP, MESSAGE) == 2
    assert await processes[0].pushes.post_group(("live", "prod", "other"), MESSAGE) == 0


async def test_a_large_group_is_reached_in_several_turns(processes, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    sockets = processes[0].hold("a", "b", "c", "d", "e")
    for socket in sockets:
        await processes[0].pushes.join(GROUP, socket.id)
    sockets[0].push = lambda _message: processes[0].hub.remove(sockets[4]) or True
    sockets[1].gone = True
    assert await processes[1].pushes.post_group(GROUP, MESSAGE) == 3
    assert [socket.sent for socket in sockets] == [[], [], [MESSAGE], [MESSAGE], []]


async def test_a_process_that_has_stopped_holds_nothing(processes):
    processes[0].hold("a")
    await processes[0].pushes.stop()
    assert not await processes[1].pushes.post("a", MESSAGE)


async def test_a_process_says_again_and_again_that_it_is_alive(processes):
    holder, other = processes[:2]
    (socket,) = holder.hold("a")
    socket.ends = 10_000.0
    for _ in range(10):
        for process in processes:
            process.clock.ahead += ALIVE / 3 + 1
            process.wheel.advance(process.clock.monotonic())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    holder.hub.watcher.opened(socket)
    assert await other.pushes.post("a", MESSAGE)


async def test_a_process_that_is_silent_is_given_up(processes, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    registry = processes[0].node.registry
    registry.claim(["connection:lost"], 1000.0)
    processes[0].node.bus.takers.clear()  # what is said to it is lost
    with pytest.raises(StoreError, match="has not answered"):
        await processes[1].pushes.post("lost", MESSAGE)


async def test_an_answer_that_comes_too_late_concerns_nobody(processes):
    first, second = processes[:2]
    said = b'{"answer": 12345, "came": true}'
    second.node.bus.publish(f"sockets:{first.node.name}", said)
    await asyncio.sleep(0)
    (socket,) = second.hold("a")
    assert await first.pushes.post("a", MESSAGE)
    assert socket.sent == [MESSAGE]


async def test_everybody_is_told_of_wherever_they_are_held(processes):
    processes[0].hold("a", "b")
    processes[1].hold("c")
    for each in "ac":
        assert await processes[2].pushes.join(GROUP, each)
    for process in processes:
        found = await process.pushes.census(10)
        assert found.open == [(*GROUP[:2], 3)]
        assert found.groups == [(*GROUP, 2)]
        assert sorted(each.id for each in found.connections) == ["a", "b", "c"]
        assert len((await process.pushes.census(1)).connections) == 1
