"""Composes the nodes that hold WebSocket connections, and the API that pushes to them."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.config.models.websocket_api import WebSocketApi
from frontdesk.gateway.pipeline.compile import api_id
from frontdesk.gateway.sockets.pushes import Node
from frontdesk.stores.memory.bus import MemoryBus
from frontdesk.stores.memory.registry import Claims, MemoryRegistry

Nodes = Callable[[], Node]
"""Makes one more node of a gateway, under a name that no other has, on any machine."""


@asynccontextmanager
async def open_nodes(config: Config, clock: Clock, wheel: Wheel) -> AsyncIterator[Nodes]:
    """Open the way between nodes, of all gateways of a name where they share a Redis; closed on leaving.

    A Redis that does not answer is waited for behind. Raises: StartError, where the driver is missing.
    """
    if config.shared is None:
        yield nodes_of_process()
        return
    from frontdesk.stores.redis.bus import Line, RedisBus
    from frontdesk.stores.redis.link import Link
    from frontdesk.stores.redis.registry import RedisRegistry, SharedClaims

    meanwhile = "WebSocket connections of other gateways are not reached"
    link = Link(config.shared.url, clock, wheel, ca=config.shared.ca, meanwhile=meanwhile)
    prefix = f"frontdesk:{config.name}:sockets:"
    claims, line = SharedClaims(link, prefix, clock), Line(link, prefix, clock, wheel)

    link.on_return = line.on_return = claims.tell_again

    def node() -> Node:
        name = os.urandom(8).hex()
        return Node(name, RedisRegistry(name, claims), RedisBus(line))

    try:
        yield node
    finally:
        await line.close()
        await claims.written()
        await link.close()


def nodes_of_process() -> Nodes:
    """Return what makes nodes that reach each other, and nobody else."""
    claims, first = Claims(), MemoryBus()

    def node() -> Node:
        name = os.urandom(8).hex()
        return Node(name, MemoryRegistry(name, claims), MemoryBus(beside=first))

    return node


def places_of(config: Config) -> Mapping[tuple[str, str], tuple[str, str]]:
    """List what paths of the API may begin with; see `asked.Places`."""
    return {
        (named, stage): (name, stage)
        for name, api in config.apis.items()
        if isinstance(api, WebSocketApi)
        for stage in api.stages
        for named in (name, api_id(name))
    }
