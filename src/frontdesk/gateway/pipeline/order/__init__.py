"""Owns the order of stages, for every kind of plan: a head and a tail each. It is written nowhere else.

Each row is a builder: it returns the step for one route, or None when the route does not enable it.
The order is AWS's, for HTTP, REST and WebSocket APIs: preflights before everything, limits that need no identity
before the authorizer, limits by claim after it, then the mapping and the integration.
"""

from importlib import import_module
from typing import Literal

from frontdesk.gateway.pipeline.order.kind import Kind


def kind_of(api_type: Literal["http", "rest", "websocket"]) -> Kind:
    """Return how APIs of one type are compiled; its module, named so, is loaded for the first one."""
    kind: Kind = import_module(f"{__name__}.{api_type}").KIND
    return kind
