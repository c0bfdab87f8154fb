"""Owns what a stage builder is given. Builders read configuration here, once, at load; stages never do."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_bytes
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from frontdesk.base.clock import Clock
from frontdesk.base.errors import Position, StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.client.upstreams import Upstreams
from frontdesk.config.models.api import Api
from frontdesk.config.models.http_api import Route
from frontdesk.config.models.operation import Operation
from frontdesk.config.models.rest_api import Method
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.key_registry import KeyRegistry
from frontdesk.gateway.identity.keyring import KeyRing
from frontdesk.gateway.identity.tally import Tally
from frontdesk.gateway.identity.vendors import Vendors
from frontdesk.gateway.pipeline.canaries import Canaries
from frontdesk.gateway.pipeline.plan import ApiFacts, Step
from frontdesk.gateway.pipeline.tracing import Traces
from frontdesk.gateway.sockets.hub import Hub
from frontdesk.ports.cache import Cache
from frontdesk.ports.idempotency import Idempotency
from frontdesk.ports.invoker import Invoker
from frontdesk.ports.ledger import Ledger
from frontdesk.ports.services import Services
from frontdesk.rules.auth.sealed_names import SealedNames
from frontdesk.stores.memory.cache import MemoryCache
from frontdesk.stores.memory.idempotency import MemoryIdempotency

if TYPE_CHECKING:
    from frontdesk.ports.executions import Executions
    from frontdesk.ports.inbox import Hooks
    from frontdesk.ports.invocations import Invocations
    from frontdesk.ports.queue import Enqueuer
    from frontdesk.ports.service_actions import ServiceActions


class _Nobody:
    """Stands for whoever runs state machines, queues and webhooks where nobody does: every call is refused."""

    def __getattr__(self, _name: str) -> Any:
        """Give what refuses."""
        return self._refuse

    async def _refuse(self, *_given: object, **_named: object) -> None:
        raise StoreError("nobody runs state machines, queues and webhooks here")


_NOBODY: Final = _Nobody()
NO_SERVICES: Final = Services(
    cast("Executions", _NOBODY),
    cast("Enqueuer", _NOBODY),
    cast("Hooks", _NOBODY),
    cast("Invocations", _NOBODY),
    cast("ServiceActions", _NOBODY),
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The running parts that a plan refers to, made by the composition root.

    Plans are compiled in a thread of their own while requests run: a builder may make timers, but arm
    none, and touches no event loop. What a part has to begin, it begins in `start`.

    invokers: by function name. keys: signing keys of token issuers. upstreams: connection pools.
    metrics: None where the file turns them off. idempotency: keys of requests that are carried out once.
    cache: answers that are given again. canaries: how much each of them gets.
    api_keys: those that are no part of the configuration. tally: requests by API key.
    sockets: the WebSocket connections of this process.
    executions, queues, hooks: whoever runs state machines and queues, and takes webhooks. invocations: of
    functions that are called later. actions: of queues, topics and event buses. sealed_names: of the executions that clients may ask for. vendors: of
    webhooks, for their certificates.
    """

    clock: Clock
    wheel: Wheel
    ledger: Ledger
    invokers: Mapping[str, Invoker]
    keys: KeyRing
    upstreams: Upstreams
    metrics: Registry | None = None
    traces: Traces = field(default_factory=Traces)
    idempotency: Idempotency = field(default_factory=MemoryIdempotency)
    cache: Cache = field(default_factory=MemoryCache)
    canaries: Canaries = field(default_factory=Canaries)
    api_keys: KeyRegistry = field(default_factory=KeyRegistry)
    tally: Tally = field(default_factory=Tally)
    sockets: Hub = field(default_factory=Hub)
    executions: "Executions" = NO_SERVICES.executions
    queues: "Enqueuer" = NO_SERVICES.queues
    hooks: "Hooks" = NO_SERVICES.hooks
    invocations: "Invocations" = NO_SERVICES.invocations
    actions: "ServiceActions" = NO_SERVICES.actions
    vendors: Vendors = field(default_factory=Vendors)
    sealed_names: SealedNames = field(default_factory=lambda: SealedNames(token_bytes(32)))

    def successor(self, invokers: Mapping[str, Invoker]) -> "Parts":
        """Make the parts of the next plan. What both plans refer to goes on; nothing changes before `start`."""
        keys, upstreams = self.keys.successor(), self.upstreams.successor()
        return replace(self, invokers=invokers, keys=keys, upstreams=upstreams)

    def start(self) -> None:
        """Begin what is new, and let go of what only the former parts had. On the loop, without waiting."""
        self.keys.start()
        self.upstreams.start()

    def stop(self) -> None:
        """Fetch no more keys, close all connections and the store."""
        self.keys.stop()
        self.upstreams.close()
        self.idempotency.close()
        self.cache.close()


T = TypeVar("T")


class _Unmade:
    """Stands for what no route has asked for yet."""


_UNMADE: Final = _Unmade()

Show = Callable[..., str]
"""`show(value, "apis", "scheduling", "host")`: the value as people may see it, references unresolved."""

Locate = Callable[..., Position | None]
"""`locate("apis", "scheduling", "throttle")`: the file position of a key path, or None."""


@dataclass(slots=True)
class RouteBuild:
    """One operation about to be compiled: a route of an HTTP API, or a method of a REST API.

    key: the route key ("GET /pets/{id}", "$default"), or "" for the plans of an API that belong to no
    operation (unmatched, preflight). operation: None for those. at: its key path in the file. version:
    the version of the API that it is compiled for, "" for none.
    """

    key: str
    api_name: str
    api: Api
    facts: ApiFacts
    operation: Operation | None
    at: tuple[str, ...]
    config: Config
    parts: Parts
    place: Locate
    shown: Show
    version: str = ""
    shared: dict[tuple[Hashable, ...], Any] = field(default_factory=dict)
    """What the routes of one compilation have in common; see `once`."""
    own: dict[str, Any] = field(default_factory=dict, init=False)
    """What the stages of this operation have in common, by name."""

    @property
    def route(self) -> Route | None:
        """The operation, where it is a route of an HTTP API."""
        return self.operation if isinstance(self.operation, Route) else None

    @property
    def method(self) -> Method | None:
        """The operation, where it is a method of a REST API."""
        return self.operation if isinstance(self.operation, Method) else None

    @property
    def authorizer(self) -> str | None:
        """The name of the authorizer of the operation: its own, else its API's, else None."""
        if self.operation is None:
            return None
        name = self.operation.authorizer or self.api.authorizer or "none"
        return None if name == "none" else name

    def once(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """Make something on the first call for `key`; every other route of the compilation gets the same."""
        made: T | _Unmade = self.shared.get(key, _UNMADE)  # keys take long to hash: once
        if isinstance(made, _Unmade):
            made = self.shared[key] = make()
        return made


Builder = Callable[[RouteBuild], Step | None]
"""Returns the step of a stage for this route, or None when the route does not enable it."""
