"""Owns named backends of one or several targets: settings, the choice of a target, the registry."""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import AttemptObserver
from frontdesk.base.wheel import Wheel
from frontdesk.client.attempts import ONCE, Persistent
from frontdesk.client.bulkhead import Bulkhead, BulkheadPool, BulkheadSettings, OnlyPool
from frontdesk.client.call import Call, Sender
from frontdesk.client.dial import TlsSettings, tls_context
from frontdesk.client.egress import Egress, EgressSettings
from frontdesk.client.ejections import Ejections
from frontdesk.client.health_checks import HealthCheck, HealthChecks
from frontdesk.client.looks import Look, Move, Moved, TargetLook, untold
from frontdesk.client.pool import Pool, PoolLimits
from frontdesk.client.proxies import Identity
from frontdesk.client.target import parse_target
from frontdesk.client.targets import Targets
from frontdesk.rules.resilience.balance import BALANCES
from frontdesk.rules.resilience.breaker import Breaker, BreakerSettings, Order, State
from frontdesk.rules.resilience.budget import RetryBudget
from frontdesk.rules.resilience.health import (
    HealthSettings,
    TargetHealth,
    target_health,
)
from frontdesk.rules.resilience.retry import RetryPolicy

_log = logging.getLogger("frontdesk.upstream")

_NEVER_OPENS: Final = BreakerSettings(failures=sys.maxsize)
_TOLD: Final[Mapping[State, str]] = {
    "open": "the breaker has opened: requests are refused",
    "closed": "the breaker has closed: requests pass again",
    "isolated": "the breaker was opened by an operator: requests are refused until it is closed",
    "disabled": "the breaker was taken out by an operator: requests pass whatever comes of them",
}
"""State of a breaker → what the log says. Probes under way are not worth a line."""


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """How a backend is reached. Equal settings share connections, breaker and budget.

    targets: URLs; scheme, host and port count. name: for metrics and the log. balance: a key of
    `BALANCES`. health, check: which of several targets are left alone. budget: retries for each call,
    0.0 to 1.0. egress: who we are for it, in turn; None: whichever address the system takes. public:
    it is called only at public addresses, because somebody else than the operator chose it; and at those
    inside of these networks.
    """

    targets: tuple[str, ...]
    name: str = ""
    balance: str = "round_robin"
    health: HealthSettings = field(default_factory=HealthSettings)
    check: HealthCheck | None = None
    limits: PoolLimits = field(default_factory=PoolLimits)
    tls: TlsSettings = field(default_factory=TlsSettings)
    breaker: BreakerSettings | None = None
    bulkhead: BulkheadSettings | None = None
    budget: float = 0.2
    egress: EgressSettings | None = None
    public: bool = False
    inside: tuple[IPv4Network | IPv6Network, ...] = ()


class Upstream:
    """One backend."""

    def __init__(
        self,
        settings: UpstreamSettings,
        wheel: Wheel,
        clock: Clock,
        observer: AttemptObserver | None = None,
        moved: Moved = untold,
    ) -> None:
        """observer: of attempts. moved: is told of changes of the breaker and of the targets.

        Raises: ValueError for a bad target, TlsFileError for a certificate file that cannot be used.
        """
        self.name = settings.name
        self.observer = observer
        self._moved = moved
        self.breaker = Breaker(settings.breaker or _NEVER_OPENS, self._circuit_moved)
        self.budget = RetryBudget(settings.budget)
        self._settings = settings
        self._wheel = wheel
        self._clock = clock
        self._monotonic = clock.monotonic
        self._ejections = [
            Ejections(settings.name, parse_target(url).address, wheel, moved)
            for url in settings.targets
        ]
        healths = [target_health(settings.health, each.ejected) for each in self._ejections]
        self._healths = healths
        egress = settings.egress
        identities = egress.identities if egress is not None else (Identity(),)
        ways = [self._way(healths, identity) for identity in identities]
        self._pools = [pool for way in ways for pool in way.pools]
        self.send: Callable[[Call], None] = ways[0].send
        """Send a request; `call.respond` or `call.fail` tells what came of it."""
        if egress is not None:
            self.send = Egress(egress, [way.send for way in ways], clock).send
        self._bulkhead: Bulkhead | None = None
        if settings.bulkhead is not None:
            self._bulkhead = self._bounded(settings.bulkhead)
        self._checks: HealthChecks | None = None
        if settings.check is not None and len(healths) > 1:
            targets = list(zip(ways[0].pools, healths, strict=True))
            self._checks = HealthChecks(
                settings.name, settings.check, targets, wheel=wheel, monotonic=self._monotonic
            )

    @property
    def pools(self) -> Iterable[Pool]:
        """The connections to each target, of each identity of ours."""
        return self._pools

    @property
    def has_breaker(self) -> bool:
        """Whether the file wants one."""
        return self._settings.breaker is not None

    def look(self) -> Look:
        """Tell how it is now."""
        now, settings, bulkhead = self._monotonic(), self._settings, self._settings.bulkhead
        targets = [
            TargetLook(
                parse_target(url).address,
                sum(pool.load for pool in self._pools[at :: len(settings.targets)]),
                sum(pool.idle for pool in self._pools[at :: len(settings.targets)]),
                health.up,
                max(0.0, health.ejected_until - now),
            )
            for at, (url, health) in enumerate(zip(settings.targets, self._healths, strict=True))
        ]
        return Look(
            self.name,
            self.breaker.state if self.has_breaker else "",
            self.breaker.wait(now) if self.breaker.state == "open" else 0.0,
            self.breaker.why,
            self.breaker.refused,
            self.budget.purse,
            sum(target.load for target in targets),
            0 if bulkhead is None else bulkhead.calls,
            0 if self._bulkhead is None else len(self._bulkhead.waiting),
            tuple(targets),
        )

    def sender(self, retry: RetryPolicy | None, timeout: float) -> Sender | Persistent:
        """Return what sends calls under this backend's policies.

        retry: None for a single attempt. timeout: seconds after which a call is cancelled. Where no policy
        applies that is the backend itself, at no cost, and nobody is told of the attempt.
        """
        if retry is None and self._settings.breaker is None:
            return self
        return Persistent(self, retry or ONCE, timeout, clock=self._clock, wheel=self._wheel)

    def start_checks(self) -> None:
        """Begin to probe the targets, where that is asked for."""
        if self._checks is not None:
            self._checks.start()

    def retire(self) -> None:
        """Close each connection as soon as no call is under way on it."""
        self._watch_no_more()
        for pool in self._pools:
            pool.retire()

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        self._watch_no_more()
        if self._bulkhead is not None:
            self._bulkhead.close()
        for pool in self._pools:
            pool.close()

    def _watch_no_more(self) -> None:
        if self._checks is not None:
            self._checks.stop()
        for ejections in self._ejections:
            ejections.stop()

    def _circuit_moved(self, state: State) -> None:
        if self.observer is not None:
            self.observer.circuit_moved(state)
        self._moved(Move(self.name, "", state))
        told = _TOLD.get(state)
        if told is not None:
            _log.warning(told, extra={"upstream": self.name})

    def _way(self, healths: Sequence[TargetHealth], identity: Identity) -> Targets:
        """Make the connections of one identity of ours."""
        settings = self._settings
        targets = [parse_target(url) for url in settings.targets]
        secure = any(target.scheme == "https" for target in targets)
        return Targets(
            targets,
            healths,
            BALANCES[settings.balance],
            settings.health.most,
            kind=self._kind_of_pool(),
            tls=tls_context(settings.tls) if secure else None,
            limits=settings.limits,
            identity=identity,
            public=settings.public,
            inside=settings.inside,
            wheel=self._wheel,
            monotonic=self._monotonic,
        )

    def _kind_of_pool(self) -> type[Pool]:
        settings = self._settings
        if settings.bulkhead is None:
            return Pool
        return OnlyPool if len(settings.targets) == 1 and settings.egress is None else BulkheadPool

    def _bounded(self, settings: BulkheadSettings) -> Bulkhead:
        """Put a bulkhead in front of the pools, or behind the only one."""
        pools = self._pools
        only = pools[0] if isinstance(pools[0], OnlyPool) else None
        bulkhead = Bulkhead(
            settings,
            self.send if only is None else only.start,
            (lambda: sum([pool.load for pool in pools])) if only is None else only.count,
            wheel=self._wheel,
            monotonic=self._monotonic,
        )
        for pool in pools:
            assert isinstance(pool, BulkheadPool)
            pool.bulkhead = bulkhead
        if only is None:
            self.send = bulkhead.send
        return bulkhead


def _nobody(_name: str) -> None:
    """Observe no backend."""


class Upstreams:
    """The backends of one plan. Made in any thread, see `Parts`; started and used on the loop."""

    def __init__(
        self,
        clock: Clock,
        wheel: Wheel,
        observe: Callable[[str], AttemptObserver | None] = _nobody,
        moved: Moved = untold,
    ) -> None:
        """observe: makes the observer of a backend from its name; None: its attempts are not counted.

        moved: see Upstream.
        """
        self._clock = clock
        self._wheel = wheel
        self._observe = observe
        self._moved = moved
        self._by_settings: dict[UpstreamSettings, Upstream] = {}
        self._former: Mapping[UpstreamSettings, Upstream] = {}
        self._orders: dict[str, Order] = {}

    def successor(self) -> "Upstreams":
        """Begin the backends of the next plan, which goes on with the connections of this one."""
        upstreams = Upstreams(self._clock, self._wheel, self._observe, self._moved)
        upstreams._former, upstreams._orders = self._by_settings, self._orders
        return upstreams

    def get(self, settings: UpstreamSettings) -> Upstream:
        """Return the backend of these settings, the same one for equal settings.

        Raises: ValueError for a bad target, TlsFileError for a certificate file that cannot be used.
        """
        found = self._by_settings.get(settings)
        if found is None:
            found = self._former.get(settings)
            if found is None:
                observer = self._observe(settings.name)
                found = Upstream(settings, self._wheel, self._clock, observer, self._moved)
                if settings.name in self._orders:
                    found.breaker.order(self._orders[settings.name])
            self._by_settings[settings] = found
        return found

    def each(self) -> Iterable[Upstream]:
        """Go through all backends in use: for whoever reads their numbers."""
        return tuple(self._by_settings.values())

    def order(self, name: str, to: Order) -> int:
        """Do what an operator says of the breakers of a name, after reloads too; return how many there are."""
        self._orders.pop(name, None)
        if to != "closed":
            self._orders[name] = to
        found = [each for each in self.each() if each.name == name and each.has_breaker]
        for each in found:
            each.breaker.order(to)
        return len(found)

    def start(self) -> None:
        """Begin to probe the backends that are new, and retire those that only the former plan had."""
        former, self._former = self._former, {}
        for settings in self._by_settings.keys() - former.keys():
            self._by_settings[settings].start_checks()
        for settings in former.keys() - self._by_settings.keys():
            former[settings].retire()

    def close(self) -> None:
        """Close all connections of all backends."""
        for upstream in self._by_settings.values():
            upstream.close()
        self._by_settings.clear()
