"""Composes the nodes that hold WebSocket connections: where they claim them, and how they reach each other."""

import os
from collections.abc import Callable

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
