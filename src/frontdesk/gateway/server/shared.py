"""Owns what the connections of a listener share: the door, limits, clocks and caches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.pipeline.stages.respond import add_request_id
from frontdesk.gateway.server.heads import HeadReader
from frontdesk.gateway.server.limits import Limits
from frontdesk.gateway.server.registry import Registry
from frontdesk.gateway.server.writing import DateLine


class Entrance(Protocol):
    """Where requests enter: the door of the gateway's APIs, or that of its own pages."""

    def enter(self, ex: Exchange) -> None:
        """Set `ex.plan` and start the exchange; it answers through `ex.client`, at once or later."""
        ...


@dataclass(slots=True)
class Shared:
    """What the connections of one listener have in common.

    refused: the plan of requests that are refused before they are routed. half_close: a client that
    shuts down its sending side still gets its answers.
    """

    door: Entrance
    limits: Limits
    clock: Clock
    wheel: Wheel
    heads: HeadReader
    ids: Iterator[str]
    registry: Registry
    refused: RoutePlan
    half_close: bool = False
    dates: DateLine = field(default_factory=DateLine)


NOBODY: Final = ApiFacts(
    id="-", name="-", kind="http", stage="-", account="-", region="-", domain="-"
)
"""The API of requests that never reach one."""


def refused_plan(log: Callable[[Exchange], None]) -> RoutePlan:
    """Make the plan of requests that never reach an API: no stages, only their id and the log."""
    return RoutePlan(
        route_key="-",
        api=NOBODY,
        head=(),
        tail=(add_request_id,),
        body_at=-1,
        max_body=0,
        timeout=0.0,
        timeout_status=504,
        log=log,
        steps=(),
    )
