"""Owns named backends of one or several targets: settings, the choice of a target, the registry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call
from frontdesk.client.dial import Dialer, TlsSettings, tls_context
from frontdesk.client.pool import Pool, PoolLimits
from frontdesk.client.target import parse_target
from frontdesk.rules.resilience.balance import BALANCES
from frontdesk.rules.resilience.health import PassiveHealth, eligible


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """How a backend is reached. Equal settings share connections.

    targets: URLs; scheme, host and port count. balance: a key of `BALANCES`. failures, eject: passive
    health: failures in a row that eject a target, and for how many seconds.
    """

    targets: tuple[str, ...]
    balance: str = "round_robin"
    failures: int = 5
    eject: float = 30.0
    limits: PoolLimits = field(default_factory=PoolLimits)
    tls: TlsSettings = field(default_factory=TlsSettings)


class Upstream:
    """One backend."""

    def __init__(
        self, settings: UpstreamSettings, wheel: Wheel, monotonic: Callable[[], float]
    ) -> None:
        """Raises: ValueError for a bad target, TlsFileError for a certificate file that cannot be used."""
        targets = [parse_target(url) for url in settings.targets]
        secure = any(target.scheme == "https" for target in targets)
        context = tls_context(settings.tls) if secure else None
        # With a single target there is nothing to choose, and no use in knowing its health.
        alone = len(targets) == 1
        self._healths = [PassiveHealth(settings.failures, settings.eject) for _ in targets]
        self._pools = [
            Pool(
                target,
                Dialer(
                    target,
                    context if target.scheme == "https" else None,
                    settings.limits.connect,
                    monotonic,
                ),
                health=None if alone else health,
                limits=settings.limits,
                wheel=wheel,
                monotonic=monotonic,
            )
            for target, health in zip(targets, self._healths, strict=True)
        ]
        self._only = self._pools[0] if alone else None
        self._balance = BALANCES[settings.balance]
        self._monotonic = monotonic
        self._turn = 0

    def send(self, call: Call) -> None:
        """Send a request; `call.respond` or `call.fail` tells what came of it."""
        (self._only or self._pick()).send(call)

    def retire(self) -> None:
        """Close each connection as soon as no call is under way on it."""
        for pool in self._pools:
            pool.retire()

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        for pool in self._pools:
            pool.close()

    def _pick(self) -> Pool:
        pools = self._pools
        candidates = eligible(self._healths, self._monotonic())
        at = self._balance(self._turn, [pools[at].load for at in candidates])
        self._turn += 1
        return pools[candidates[at]]


class Upstreams:
    """The backends of one plan. Made in any thread; started and used on the loop."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        self._clock = clock
        self._wheel = wheel
        self._by_settings: dict[UpstreamSettings, Upstream] = {}
        self._former: Mapping[UpstreamSettings, Upstream] = {}

    def successor(self) -> "Upstreams":
        """Begin the backends of the next plan, which goes on with the connections of this one."""
        upstreams = Upstreams(self._clock, self._wheel)
        upstreams._former = self._by_settings
        return upstreams

    def get(self, settings: UpstreamSettings) -> Upstream:
        """Return the backend of these settings, the same one for equal settings.

        Raises: ValueError for a bad target, TlsFileError for a certificate file that cannot be used.
        """
        found = self._by_settings.get(settings)
        if found is None:
            found = self._former.get(settings)
            if found is None:
                found = Upstream(settings, self._wheel, self._clock.monotonic)
            self._by_settings[settings] = found
        return found

    def start(self) -> None:
        """Retire the backends that only the former plan had."""
        former, self._former = self._former, {}
        for settings in former.keys() - self._by_settings.keys():
            former[settings].retire()

    def close(self) -> None:
        """Close all connections of all backends."""
        for upstream in self._by_settings.values():
            upstream.close()
        self._by_settings.clear()
