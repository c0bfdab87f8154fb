"""Owns what a user says of how calls are made: the keys of the configuration file, as Python values.

Durations are seconds, or timedeltas. Every default is safe for a payment: short, few, and told.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from math import isfinite
from typing import Final

from frontdesk.client.bulkhead import BulkheadSettings
from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.proxies import Identity, Proxy
from frontdesk.client.session.credentials import basic
from frontdesk.client.target import parse_target
from frontdesk.rules.resilience.backoff import Backoff, Jitter
from frontdesk.rules.resilience.breaker import BreakerSettings
from frontdesk.rules.resilience.retry import FAILURES, ON, RetryPolicy
from frontdesk.rules.resilience.throttle import ThrottleSettings

Duration = float | timedelta
"""Seconds, 0 or more, or a timedelta."""

Tls = TlsSettings


def seconds(duration: Duration) -> float:
    """Return a duration in seconds. Raises: ValueError for what is none."""
    try:
        value = duration.total_seconds() if isinstance(duration, timedelta) else float(duration)
    except (TypeError, ValueError):
        raise ValueError(f"expected seconds or a timedelta: {duration!r}") from None
    if not (isfinite(value) and value >= 0):
        raise ValueError(f"expected seconds, 0 or more: {duration}")
    return value


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long things may take, in seconds.

    total: the call with all its attempts, waits and redirects; below the 30 s of a function. attempt: one
    of them, with its whole body. connect: name, TCP and TLS. read: until the next bytes.
    """

    total: Duration = 25.0
    attempt: Duration = 15.0
    connect: Duration = 5.0
    read: Duration = 15.0


@dataclass(frozen=True, slots=True)
class Retry:
    """Which failures are tried again, how often and how soon.

    attempts: all of them, the first included. on: `closed`, `connect`, `timeout`, and statuses. base, max,
    multiplier, jitter: of the waits between. retry_after_cap: seconds that a server may ask for;
    beyond them the call fails with RetryLaterError. retry_non_idempotent: POST and PATCH, too, although they
    may have been carried out. budget: retries for each call to a host, 0.0 to 1.0.
    """

    attempts: int = 3
    on: Collection[str | int] = ON
    base: Duration = 1.0
    max: Duration = 10.0
    multiplier: float = 2.0
    jitter: Jitter = "full"
    retry_after_cap: Duration = 60.0
    retry_non_idempotent: bool = False
    budget: float = 0.2
    policy: RetryPolicy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises: ValueError."""
        unknown = [on for on in self.on if isinstance(on, str) and on not in FAILURES]
        if unknown:
            raise ValueError(f"expected {', '.join(FAILURES)} or statuses: {unknown[0]}")
        backoff = Backoff(seconds(self.base), seconds(self.max), self.multiplier, self.jitter)
        policy = RetryPolicy(
            self.attempts,
            frozenset(self.on),
            backoff,
            seconds(self.retry_after_cap),
            self.retry_non_idempotent,
        )
        object.__setattr__(self, "policy", policy)


@dataclass(frozen=True, slots=True)
class Breaker:
    """When calls of a host are refused at once, and for how long.

    failures: in a row. failure_rate, slow_call_rate: shares instead, of `window` seconds or the last
    `window_calls`, where at least `min_calls` were made; a call is slow from `slow_call` seconds. reset:
    seconds it stays open before one call may probe; times `reset_backoff` whenever that fails.
    """

    failures: int = 5
    failure_rate: float | None = None
    window: Duration = 30.0
    window_calls: int = 0
    min_calls: int = 20
    slow_call: Duration = 60.0
    slow_call_rate: float = 1.0
    reset: Duration = 30.0
    reset_backoff: float = 1.0

    @property
    def settings(self) -> BreakerSettings:
        """The same for the core."""
        return BreakerSettings(
            0 if self.failure_rate is not None else self.failures,
            0.0 if self.failure_rate is None else self.failure_rate,
            self.slow_call_rate,
            seconds(self.slow_call),
            seconds(self.window),
            self.window_calls,
            self.min_calls,
            seconds(self.reset),
            self.reset_backoff,
        )


@dataclass(frozen=True, slots=True)
class Bulkhead:
    """How many calls of a host may be under way. queue: more that may wait, each `wait` seconds at most."""

    calls: int = 25
    queue: int = 0
    wait: Duration = 0.0

    @property
    def settings(self) -> BulkheadSettings:
        """The same for the core."""
        return BulkheadSettings(self.calls, self.queue, seconds(self.wait))


@dataclass(frozen=True, slots=True)
class Throttle:
    """How fast calls of a host may leave.

    rate: calls per second, None for no limit of ours. burst: of them at once. learn: from 429, Retry-After and
    RateLimit fields. max_wait: seconds that a call waits for its turn.
    """

    rate: float | None = None
    burst: int = 1
    learn: bool = True
    max_wait: Duration = 10.0

    @property
    def settings(self) -> ThrottleSettings:
        """The same for the core."""
        return ThrottleSettings(self.rate or 0.0, float(self.burst), self.learn)


@dataclass(frozen=True, slots=True)
class Hedge:
    """Send a second, identical request when the first takes long. Of idempotent calls only.

    after: seconds; None: what 95 % of the last 1,000 calls took, 10 ms at least.
    """

    after: Duration | None = None


@dataclass(frozen=True, slots=True)
class Egress:
    """Who we are for a host, in turn: addresses of this machine, or proxies as `http://user:password@host:port`.

    on: answers that say that one is limited. cooldown: seconds that it rests then, or what Retry-After asks.
    """

    identities: Collection[str] = field(repr=False)
    on: Collection[int] = (429,)
    cooldown: Duration = 60.0
    honour_retry_after: bool = True

    @property
    def settings(self) -> EgressSettings:
        """The same for the core. Raises: ValueError."""
        if not self.identities:
            raise ValueError("expected at least one identity")
        return EgressSettings(
            tuple(_identity(each) for each in self.identities),
            frozenset(self.on),
            seconds(self.cooldown),
            self.honour_retry_after,
            failover=True,
        )


def _identity(written: str) -> Identity:
    if "://" not in written:
        return Identity(source=written)
    scheme, _, rest = written.partition("://")
    user, at, place = rest.rpartition("@")
    name, _, password = user.partition(":")
    parse_target(f"{scheme}://{place}")
    return Identity(proxy=Proxy(f"{scheme}://{place}", basic(name, password) if at else ""))


@dataclass(frozen=True, slots=True)
class Idempotency:
    """How keys are sent that let a server know a repetition.

    header: its name. quoted: as a structured string. methods: those that always get one, such as POST.
    """

    header: str = "Idempotency-Key"
    quoted: bool = False
    methods: Collection[str] = ()


_PORTS: Final = frozenset({80, 443, 8443})


@dataclass(frozen=True, slots=True)
class Guard:
    """For URLs that others have chosen: only public addresses are called, checked after the name is resolved.

    hosts: that are called nevertheless. ports: that may be called. http: beside https.
    """

    hosts: Collection[str] = ()
    ports: Collection[int] = _PORTS
    http: bool = False


_KINDS: Final[dict[str, type]] = {
    kind.__name__.lower(): kind
    for kind in (Retry, Breaker, Bulkhead, Throttle, Egress, Hedge, Idempotency, Guard)
}


def check_kinds(**settings: object) -> None:
    """See that settings are what their names say; None is none. Raises: TypeError, which shows no value."""
    for name, value in settings.items():
        kind = _KINDS[name]
        if not (value is None or isinstance(value, kind)):
            expected = f"expected a {kind.__name__}(…)"
            raise TypeError(f"{name}: {expected}, got {type(value).__name__}")
