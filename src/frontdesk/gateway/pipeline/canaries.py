"""Owns which requests try a canary: two sets of plans for one stage, and the share that picks the second.

Who decides on the share is elsewhere; it may change at any time.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from frontdesk.base.telemetry import Registry
from frontdesk.config.models.canary import Canary
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.router import Mount
from frontdesk.gateway.pipeline.values import Value, bind
from frontdesk.rules.http.forwarding import network_of
from frontdesk.rules.resilience.split import point_of

Chance = Callable[[], float]


class Share:
    """The share of the requests that a canary gets now, 0.0 to 1.0."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0


class Canaries:
    """The shares of this process by the identity of their canary, and where both sides are counted.

    A canary of which nothing has been said yet gets nothing.
    """

    def __init__(self, registry: Registry | None = None) -> None:
        """registry: is counted in even where the file turns metrics off."""
        self.registry = registry or Registry()
        self._shares: dict[str, Share] = {}

    def share(self, canary: str) -> Share:
        """Return the share of a canary, the same object for the same identity."""
        return self._shares.setdefault(canary, Share())

    def steer(self, shares: Mapping[str, float]) -> None:
        """Set shares by identity."""
        for canary, share in shares.items():
            self.share(canary).value = share


class CanaryMount:
    """One stage of an API of which a share of the requests goes to its canary."""

    __slots__ = ("_canary", "_point", "_share", "_stable", "prefix")

    def __init__(
        self, stable: Mount, canary: Mount, share: Share, point: Callable[[Exchange], float]
    ) -> None:
        """point: of a request, 0.0 to 1.0 without the end; those below the share are the canary's."""
        self.prefix = stable.prefix
        self._stable = stable
        self._canary = canary
        self._share = share
        self._point = point

    def take(self, ex: Exchange, path: str) -> None:
        """See Mount."""
        side = self._canary if self._point(ex) < self._share.value else self._stable
        side.take(ex, path)

    def plans(self) -> Iterator[RoutePlan]:
        """See Mount."""
        yield from self._stable.plans()
        yield from self._canary.plans()


def point_by(
    canary: Canary, identity: str, chance: Chance | None = None
) -> Callable[[Exchange], float]:
    """Return what gives the point of a request: by its subject where the canary is sticky, else by chance.

    The identity is part of what is hashed, so that it is not the same clients who try every canary.
    """
    throw = chance or random.Random().random  # noqa: S311 - spreads, hides nothing
    # Differs: [sticky-canaries] AWS chooses each request by itself.
    if canary.sticky is None:
        return lambda _ex: throw()
    subject = _SUBJECTS.get(canary.sticky) or bind(canary.sticky)

    def point(ex: Exchange) -> float:
        found = subject(ex)
        return throw() if found is None else point_of(f"{identity}\0{found}")

    return point


_SUBJECTS: Final[Mapping[str, Value]] = {
    "api_key": bind("$request.header.x-api-key"),
    "client": lambda ex: network_of(ex.client_ip),
}
