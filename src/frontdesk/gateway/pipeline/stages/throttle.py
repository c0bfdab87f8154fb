"""Owns throttling: account, stage, API and route limits, each for all callers or per value of a selector.

Limits that need no identity are taken before the authorizer, limits by `$authorizer.…` or API key after it. All
limits of one place are taken together or not at all. The counting is the Ledger's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from math import ceil
from typing import Final

from frontdesk.base.errors import Position
from frontdesk.base.metrics import THROTTLE
from frontdesk.base.streams import Field
from frontdesk.base.telemetry import Counter
from frontdesk.config.models.throttle import Throttle
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.run import resume
from frontdesk.gateway.pipeline.values import Value, bind, reads_body
from frontdesk.ports.ledger import UNKNOWN, Claim, Grant, Ledger, Rule
from frontdesk.rules.http.forwarding import network_of
from frontdesk.rules.http.structured import Item, write_list
from frontdesk.rules.lang.selectors import Selector, parse

_LONGEST_SUBJECT = 64  # characters; a client may send headers far longer than a key should be

SOON: Final[Field] = (b"retry-after", b"1")
"""For refusals that say nothing of when it will be over."""


@dataclass(frozen=True, slots=True)
class _Limit:
    """One throttle of the configuration that applies to a route.

    scope: what it counts, for its key. shown_by: `by` for people.
    """

    rule: Rule
    scope: str
    by: str | None
    shown_by: str
    place: Position | None

    def __str__(self) -> str:
        per = f" by {self.shown_by}" if self.by else ""
        rule = self.rule
        return f"{rule.name} {rule.limit} per {rule.window:g}s, burst {rule.burst}{per}"

    @property
    def needs_identity(self) -> bool:
        return self.by is not None and any(
            isinstance(part, Selector)
            and part.source == "context"
            and part.name.startswith(("authorizer.", "identity.apiKey"))
            for part in parse(self.by)
        )


def throttle_before_auth(build: RouteBuild) -> Step | None:
    """Build the limits that hold whoever calls: all but those by what an authorizer learns."""
    return _step(build, needs_identity=False)


def throttle_after_auth(build: RouteBuild) -> Step | None:
    """Build the limits by claim, authorizer context or API key."""
    return _step(build, needs_identity=True)


def rate_limit_fields(_build: RouteBuild) -> Step:
    """Add the RateLimit fields of the tightest limit, on every answer of a throttled route.

    Source: draft-ietf-httpapi-ratelimit-headers (September 2025).
    """
    return _RATE_LIMIT_FIELDS


def _add_rate_limit_fields(ex: Exchange, reply: Reply) -> Reply:
    # Differs: [rate-limit-fields] AWS says nothing of its limits, nor does it send Retry-After.
    if ex.limit_fields is not None:
        if reply.made == "integration":  # what it says of limits of its own would contradict
            reply.fields = [
                field
                for field in reply.fields
                if len(field[0]) not in _TOLD_WIDTHS or field[0].lower() not in _TOLD_NAMES
            ]
        reply.fields += ex.limit_fields
    return reply


_TOLD_NAMES: Final = frozenset({b"ratelimit", b"ratelimit-policy"})
_TOLD_WIDTHS: Final = frozenset(map(len, _TOLD_NAMES))


_RATE_LIMIT_FIELDS: Final = Step(
    "rate limit fields", _add_rate_limit_fields, "RateLimit-Policy, RateLimit"
)


def _limits(build: RouteBuild) -> list[_Limit]:
    """List the limits of a route, the widest first."""
    api_name, stage = build.api_name, build.facts.stage
    shared = build.once(("limits", api_name, stage), lambda: list(_shared_limits(build)))
    if build.operation is None:
        return shared
    at = (*build.at, "throttle")
    limits = list(shared)
    for index, throttle in enumerate(build.operation.throttle):
        name = f"route-{index + 1}" if index else "route"
        scope = f"{name} {api_name}/{stage} {build.key}"
        limits.append(_limit(build, name, throttle, scope, at, index=index))
    return limits


def _shared_limits(build: RouteBuild) -> Iterator[_Limit]:
    api, api_name, stage = build.api, build.api_name, build.facts.stage
    account = build.config.limits.throttle
    yield _limit(build, "account", account, "account", ("limits", "throttle"))
    staged = api.stages[stage].throttle
    if staged is not None:
        # `stage` for the only one, or an entry of `stages`
        at: tuple[str, ...] = ("apis", api_name, "stage", "throttle")
        if not build.place(*at):
            at = ("apis", api_name, "stages", stage, "throttle")
        yield _limit(build, "stage", staged, f"stage {api_name}/{stage}", at)
    if api.throttle is not None:
        at = ("apis", api_name, "throttle")
        yield _limit(build, "api", api.throttle, f"api {api_name}", at)


def _limit(
    build: RouteBuild,
    name: str,
    throttle: Throttle,
    scope: str,
    at: tuple[str, ...],
    *,
    index: int = 0,
) -> _Limit:
    """Make the limit that the file says at `at`. index: which of several there."""
    limit, window = throttle.rate
    burst = throttle.at_once
    rule = build.once(
        ("rule", name, limit, window, burst), lambda: Rule(name, limit, window, burst)
    )
    shown_by = "" if throttle.by is None else build.shown(throttle.by, *at, index, "by")
    return _Limit(rule, scope, throttle.by, shown_by, build.place(*at))


def _step(build: RouteBuild, *, needs_identity: bool) -> Step | None:
    every = _every(build)
    limits = [limit for limit in every if limit.needs_identity is needs_identity]
    if not limits:
        return None
    rules = rules_of(build)
    return Step(
        name="throttle",
        run=_Limiter(
            build, limits, build.once(("policy", *rules), lambda: policy_field(rules))
        ).take,
        parts=tuple((str(limit), limit.place) for limit in limits),
        needs_body=any(reads_body(limit.by) for limit in limits if limit.by),
    )


def _every(build: RouteBuild) -> list[_Limit]:
    here = ("limits", build.api_name, build.facts.stage, build.key)
    return build.once(here, lambda: _limits(build))


def rules_of(build: RouteBuild) -> tuple[Rule, ...]:
    """List the limits of an operation, the widest first: what RateLimit-Policy tells of them."""
    return tuple(limit.rule for limit in _every(build))


class _Limiter:
    """Limits of one route that are taken together. Slots rather than a closure: there is one per route."""

    __slots__ = (
        *("_allowed", "_fixed", "_keyed", "_ledger", "_limited", "_monotonic", "_policy", "_rules"),
        "_told",
    )

    def __init__(self, build: RouteBuild, limits: list[_Limit], policy: Field) -> None:
        self._ledger: Ledger = build.parts.ledger
        self._monotonic = build.parts.clock.monotonic
        self._policy = policy
        self._fixed: list[Claim] = [(limit.scope, limit.rule) for limit in limits if not limit.by]
        self._keyed = [
            (f"{limit.scope}\0", _subject(limit.by), limit.rule) for limit in limits if limit.by
        ]
        in_order = sorted(limits, key=lambda limit: limit.by is not None)
        self._rules = [limit.rule for limit in in_order]
        self._allowed = _counters(build, in_order, "allowed")
        self._limited = _counters(build, in_order, "limited")
        # The account's limit protects the door; a client cannot plan by it, so alone it is not told.
        self._told = [limit.rule.name for limit in limits] != ["account"]

    def take(self, ex: Exchange, answer: tuple[int, Grant] | None = None) -> Reply | Parked | None:
        """Take the request from every limit, or refuse it. answer: of a ledger that was asked."""
        if answer is None:
            claims: list[Claim] = self._fixed
            if self._keyed:
                keyed: list[Claim] = [
                    (prefix + subject(ex), rule) for prefix, subject, rule in self._keyed
                ]
                claims = claims + keyed
            now = self._monotonic()
            answer = self._ledger.try_take_all(claims, now)
            if answer is None:
                return self._park(ex, claims, now)
        index, grant = answer
        rule = self._rules[index]
        if not grant.allowed:
            if grant is UNKNOWN:
                return refusal(503, "throttle:unknown", SOON)
            if self._limited:
                self._limited[index].value += 1
            wait = max(1, ceil(grant.retry_after))
            ex.limit_fields = [self._policy, _rate_limit(rule.name, 0, wait)]
            return refusal(429, f"throttle:{rule.name}", (b"retry-after", b"%d" % wait))
        for counter in self._allowed:
            counter.value += 1
        if self._told:
            ratio = grant.remaining / rule.burst
            if ratio < ex.limit_ratio:
                ex.limit_ratio = ratio
                told = _rate_limit(rule.name, grant.remaining, delay(rule, grant))
                ex.limit_fields = [self._policy, told]
        return None

    def _park(self, ex: Exchange, claims: list[Claim], now: float) -> Parked:
        def go_on(index: int, grant: Grant) -> None:
            reply = self.take(ex, (index, grant))
            assert not isinstance(reply, Parked)
            resume(ex, reply)

        self._ledger.ask(claims, now, go_on)
        return PARKED


def _counters(build: RouteBuild, limits: list[_Limit], result: str) -> tuple[Counter, ...]:
    """Make the counters of limits, in their order; none where the file turns metrics off."""
    metrics = build.parts.metrics
    if metrics is None:
        return ()
    return tuple(
        metrics.counter(THROTTLE, limit.rule.name, limit.scope.partition(" ")[2], result)
        for limit in limits
    )


def _subject(by: str) -> Callable[[Exchange], str]:
    """Compile what a limit counts by.

    Requests without the value share one bucket, so that leaving a header out is no way round a limit.
    Client addresses count by network: an IPv6 client has a whole /64 to itself.
    """
    if parse(by) == (Selector("context", "identity.sourceIp"),):
        return lambda ex: network_of(ex.client_ip)
    value: Value = bind(by)

    def subject(ex: Exchange) -> str:
        found = value(ex)
        if found is None:
            return ""
        if len(found) > _LONGEST_SUBJECT:
            return "sha256:" + sha256(found.encode("utf-8", "surrogatepass")).hexdigest()
        return "=" + found

    return subject


def policy_field(rules: Iterable[Rule]) -> Field:
    """Write RateLimit-Policy: all limits of an operation."""
    items = [Item(rule.name, {"q": rule.limit, "w": ceil(rule.window)}) for rule in rules]
    return b"ratelimit-policy", write_list(items)


def rate_limit(name: str, remaining: int, seconds: int) -> Field:
    """Write RateLimit: what remains of one limit, and when there is more."""
    return b"ratelimit", f'"{name}";r={remaining};t={seconds}'.encode()


_rate_limit = lru_cache(1024)(rate_limit)
"""For rates that are seldom used up: requests come back to the same number again and again."""


def delay(rule: Rule, grant: Grant) -> int:
    """Seconds until there is more quota: one request when none is left, else the whole burst."""
    if grant.remaining:
        return ceil(grant.reset)
    return ceil(grant.reset - (rule.burst - 1) * rule.window / rule.limit)
