"""Owns what a stage builder is given. Builders read configuration here, once, at load; stages never do."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from frontdesk.base.clock import Clock
from frontdesk.base.errors import Position
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.models.api import HttpApi, Route
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.pipeline.plan import ApiFacts, Step
from frontdesk.ports.invoker import Invoker
from frontdesk.ports.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Parts:
    """The running parts that plans refer to, made by the composition root.

    invokers: by function name; each compilation brings its own, the other parts outlive a reload.
    keys: signing keys of token issuers. upstreams: connection pools.
    """

    clock: Clock
    wheel: Wheel
    ledger: Ledger
    invokers: Mapping[str, Invoker]
    keys: KeyRing
    upstreams: Upstreams


T = TypeVar("T")

Show = Callable[..., str]
"""`show(value, "apis", "scheduling", "host")`: the value as people may see it, references unresolved."""

Locate = Callable[..., Position | None]
"""`locate("apis", "scheduling", "throttle")`: the file position of a key path, or None."""


@dataclass(frozen=True, slots=True)
class RouteBuild:
    """One route about to be compiled.

    key: the route key ("GET /pets/{id}", "$default"), or "" for the plans of an API that belong to no
    route (unmatched, preflight). route: None for those.
    """

    key: str
    api_name: str
    api: HttpApi
    facts: ApiFacts
    route: Route | None
    config: Config
    parts: Parts
    place: Locate
    shown: Show
    shared: dict[tuple[Hashable, ...], Any] = field(default_factory=dict)
    """What the routes of one compilation have in common; see `once`."""

    def once(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """Make something on the first call for `key`; every other route of the compilation gets the same."""
        if key not in self.shared:
            self.shared[key] = make()
        made: T = self.shared[key]
        return made


Builder = Callable[[RouteBuild], Step | None]
"""Returns the step of a stage for this route, or None when the route does not enable it."""
