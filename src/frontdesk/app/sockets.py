"""Composes the nodes that hold WebSocket connections, and the API that pushes to them."""

import os
from collections.abc import Callable, Mapping

from frontdesk.config.models.root import Config
from frontdesk.config.models.websocket_api import WebSocketApi
from frontdesk.gateway.pipeline.compile import api_id
from frontdesk.gateway.sockets.pushes import Node
from frontdesk.stores.memory.bus import MemoryBus
from frontdesk.stores.memory.registry import Claims, MemoryRegistry

Nodes = Callable[[], Node]
"""Makes one more node of a gateway, under a name that no other has, on any machine."""


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
