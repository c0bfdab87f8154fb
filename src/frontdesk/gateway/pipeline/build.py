"""Owns what a stage builder is given. Builders read configuration here, once, at load; stages never do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.models.api import HttpApi, Route
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.plan import ApiFacts, Place, Step
from frontdesk.ports.invoker import Invoker
from frontdesk.ports.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Parts:
    """The running parts that plans refer to, made by the composition root; they outlive a reload.

    invokers: by function name. keys: signing keys of token issuers. upstreams: connection pools.
    """

    clock: Clock
    wheel: Wheel
    ledger: Ledger
    invokers: Mapping[str, Invoker]
    keys: KeyRing
    upstreams: Upstreams


@dataclass(frozen=True, slots=True)
class RouteBuild:
    """One route about to be compiled.

    key: the route key ("GET /pets/{id}", "$default"), or "" for the plans of an API that belong to no
    route (unmatched, preflight). route: None for those. place: file position of a key path, e.g.
    `build.place("apis", "scheduling", "throttle")`; None where the file says nothing there.
    """

    key: str
    api_name: str
    api: HttpApi
    facts: ApiFacts
    route: Route | None
    config: Config
    parts: Parts
    place: Callable[..., Place | None]


Builder = Callable[[RouteBuild], Step | None]
"""Returns the step of a stage for this route, or None when the route does not enable it."""
