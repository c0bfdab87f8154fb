"""Owns throttling: account, stage, API and route limits, each for all callers or per value of a selector.

Limits that need no identity are taken before the authorizer, limits by `$authorizer.…` or API key after it. All
limits of one place are taken together or not at all. The counting is the Ledger's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from math import ceil
from typing import Final, NamedTuple

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


class _Limit(NamedTuple):
    """One throttle of the configuration that applies to a route.

    claim: its key says what it counts, but for the value of `by`. line: for `explain`. allowed, limited: count
    what became of requests; None where the file turns metrics off.
    """

    rule: Rule
    claim: Claim
    by: str | None
    line: tuple[str, tuple[str, ...]]
    allowed: Counter | None
    limited: Counter | None

    @property
    def needs_identity(self) -> bool:
        """Whether it goes by what an authorizer learns."""
        return self.by is not None and any(
            isinstance(part, Selector)
            and part.source == "context"
            and part.name.startswith(("authorizer.", "identity.apiKey"))
            for part in parse(self.by)
        )


class _Limits(NamedTuple):
    """The limits of an operation, the widest first, by whether they need an identity.

    rules, policy: of all of them; operations that have the same share these.
    """

    before: list[_Limit]
    after: list[_Limit]
    rules: tuple[Rule, ...]
    policy: Field


def throttle_before_auth(build: RouteBuild) -> Step | None:
    """Build the limits that hold whoever calls: all but those by what an authorizer learns."""
    return _step(build, _limits(build).before)


def throttle_after_auth(build: RouteBuild) -> Step | None:
    """Build the limits by claim, authorizer context or API key."""
    return _step(build, _limits(build).after)


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


def _limits(build: RouteBuild) -> _Limits:
    limits: _Limits | None = build.own.get("limits")
    if limits is None:
        limits = build.own["limits"] = _sorted(build, _every(build))
    return limits


def _every(build: RouteBuild) -> list[_Limit]:
    """List the limits of a route, the widest first."""
    api_name, stage = build.api_name, build.facts.stage
    shared = build.once(("limits", api_name, stage), lambda: list(_shared_limits(build)))
    if build.operation is None or not build.operation.throttle:
        return shared
    at = (*build.at, "throttle")
    limits = list(shared)
    for index, throttle in enumerate(build.operation.throttle):
        name = f"route-{index + 1}" if index else "route"
        subject = f"{api_name}/{stage} {build.key}"
        limits.append(_limit(build, name, throttle, subject, at, index=index))
    return limits


def _sorted(build: RouteBuild, limits: list[_Limit]) -> _Limits:
    own = tuple([limit.rule for limit in limits])
    rules, policy = build.once(("rules", own), lambda: (own, policy_field(own)))
    after = [limit for limit in limits if limit.by and limit.needs_identity]
    before = [limit for limit in limits if limit not in after] if after else limits
    return _Limits(before, after, rules, policy)


def _shared_limits(build: RouteBuild) -> Iterator[_Limit]:
    api, api_name, stage = build.api, build.api_name, build.facts.stage
    account = build.config.limits.throttle
    yield _limit(build, "account", account, "", ("limits", "throttle"))
    staged = api.stages[stage].throttle
    if staged is not None:
        # `stage` for the only one, or an entry of `stages`
        at: tuple[str, ...] = ("apis", api_name, "stage", "throttle")
        if not build.place(*at):
            at = ("apis", api_name, "stages", stage, "throttle")
        yield _limit(build, "stage", staged, f"{api_name}/{stage}", at)
    if api.throttle is not None:
        at = ("apis", api_name, "throttle")
        yield _limit(build, "api", api.throttle, api_name, at)


def _limit(
    build: RouteBuild,
    name: str,
    throttle: Throttle,
    subject: str,
    at: tuple[str, ...],
    *,
    index: int = 0,
) -> _Limit:
    """Make the limit that the file says at `at`. subject: what it limits. index: which of several there."""
    here = ("rule", name, throttle.rate, throttle.burst)
    rule, told = build.once(here, lambda: _rule(name, throttle))
    if throttle.by is not None:
        told = f"{told} by {build.shown(throttle.by, *at, index, 'by')}"
    metrics = build.parts.metrics
    return _Limit(
        rule,
        (f"{name} {subject}" if subject else name, rule),
        throttle.by,
        (told, at),
        metrics.counter(THROTTLE, name, subject, "allowed") if metrics else None,
        metrics.counter(THROTTLE, name, subject, "limited") if metrics else None,
    )


def _rule(name: str, throttle: Throttle) -> tuple[Rule, str]:
    """Make the rule of a limit, and say it for people."""
    limit, window = throttle.rate
    burst = throttle.at_once
    return Rule(name, limit, window, burst), f"{name} {limit} per {window:g}s, burst {burst}"


def _step(build: RouteBuild, limits: list[_Limit]) -> Step | None:
    if not limits:
        return None
    limiter = _Limiter(build, limits)
    return Step(
        name="throttle",
        run=limiter.take,
        parts=tuple([limit.line for limit in limits]),
        needs_body=any(reads_body(limit.by) for limit in limits if limit.by),
        unseen=None if any(limit.by for limit in limits) else limiter.take_unseen,
    )


def rules_of(build: RouteBuild) -> tuple[Rule, ...]:
    """List the limits of an operation, the widest first: what RateLimit-Policy tells of them."""
    return _limits(build).rules


class _Limiter:
    """Limits of one route that are taken together. Slots rather than a closure: there is one per route."""

    __slots__ = (
        *("_allowed", "_fixed", "_keyed", "_ledger", "_limited", "_monotonic", "_policy", "_rules"),
        "_told",
    )

    def __init__(self, build: RouteBuild, limits: list[_Limit]) -> None:
        every = _limits(build)
        self._ledger: Ledger = build.parts.ledger
        self._monotonic = build.parts.clock.monotonic
        self._policy = every.policy
        for_all = [limit for limit in limits if not limit.by]
        in_order = [*for_all, *[limit for limit in limits if limit.by]]
        rules = tuple([limit.rule for limit in in_order])
        # The account's limit protects the door; a client cannot plan by it, so alone it is not told.
        self._told = [rule.name for rule in rules] != ["account"]
        self._fixed = tuple([self._claim(build, limit) for limit in for_all])
        self._keyed = tuple(
            [
                (f"{limit.claim[0]}\0", _subject(limit.by), limit.rule)
                for limit in limits
                if limit.by
            ]
        )
        self._rules = every.rules if rules == every.rules else rules
        self._allowed = tuple([limit.allowed for limit in in_order if limit.allowed is not None])
        self._limited = tuple([limit.limited for limit in in_order if limit.limited is not None])

    def _claim(self, build: RouteBuild, limit: _Limit) -> Claim:
        """Return what is taken of a limit for all callers, shared by all routes that take the same."""
        if self._told:
            return limit.claim
        key = limit.claim[0]
        return build.once(("untold", key), lambda: (key, replace(limit.rule, told=False)))

    def take(self, ex: Exchange, answer: tuple[int, Grant] | None = None) -> Reply | Parked | None:
        """Take the request from every limit, or refuse it. answer: of a ledger that was asked."""
        if answer is None:
            claims: tuple[Claim, ...] = self._fixed
            if self._keyed:
                claims += tuple(
                    [(prefix + subject(ex), rule) for prefix, subject, rule in self._keyed]
                )
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

    def take_unseen(self, now: float) -> bool:
        """Take a message from every limit. False: it is refused, or that is not known at once."""
        answer = self._ledger.try_take_all(self._fixed, now)
        if answer is None or not answer[1].allowed:
            return False
        for counter in self._allowed:
            counter.value += 1
        return True

    def _park(self, ex: Exchange, claims: tuple[Claim, ...], now: float) -> Parked:
        def go_on(index: int, grant: Grant) -> None:
            reply = self.take(ex, (index, grant))
            assert not isinstance(reply, Parked)
            resume(ex, reply)

        self._ledger.ask(claims, now, go_on)
        return PARKED


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
