"""The registry and the bus of a supervisor, through the channels of its workers."""

import asyncio
import contextlib
import socket

import pytest

from frontdesk.app.sockets import nodes_of_process
from frontdesk.gateway.pipeline.build import NO_SERVICES
from frontdesk.gateway.workers.channel import Channel
from frontdesk.gateway.workers.forwarded_ports import ForwardedPorts
from frontdesk.gateway.workers.forwarded_sockets import ForwardedBus, ForwardedRegistry
from frontdesk.gateway.workers.served_ports import ServedPorts
from frontdesk.gateway.workers.served_sockets import ServedSockets

NOW = 1_700_000_000.0


@contextlib.asynccontextmanager
async def worker(node):
    """Give the registry and the bus that a worker has, and its channel."""
    ours, theirs = socket.socketpair()
    served, own = Channel(), Channel()
    ServedPorts(served, NO_SERVICES, registry=node.registry)
    ServedSockets(served, node)
    registry, bus = ForwardedRegistry(own, ForwardedPorts(own)), ForwardedBus(own)
    for channel, end in ((served, ours), (own, theirs)):
        end.setblocking(False)
        await channel.open(end)
    try:
        yield registry, bus, own
    finally:
        own.close()
        await served.lost


@pytest.fixture
def nodes():
    return nodes_of_process()


async def test_what_a_worker_held_is_held_no_more_when_it_has_gone(nodes):
    supervisor = nodes()
    async with worker(nodes()) as (registry, _, _):
        await registry.renew(NOW)
        registry.claim(["connection:a"], NOW + 100)
        assert await registry.holders("connection:a", NOW)
        assert await supervisor.registry.holders("connection:a", NOW)
    await asyncio.sleep(0)
    assert not await supervisor.registry.holders("connection:a", NOW)


async def test_nothing_is_kept_for_a_worker_that_has_gone(nodes):
    supervisor = nodes()
    before = len(supervisor.bus.nodes)
    async with worker(nodes()) as (_, bus, _):
        bus.subscribe("frames", lambda _message: None)
        assert len(supervisor.bus.nodes) == before + 1
    await asyncio.sleep(0)
    assert len(supervisor.bus.nodes) == before
