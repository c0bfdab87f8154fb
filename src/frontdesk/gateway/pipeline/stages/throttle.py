"""Owns throttling: account, stage, API and route limits, each for all callers or per value of a selector.

Limits that need no identity are taken before the authorizer, limits by `$authorizer.…` after it. All
limits of one place are taken together or not at all. The counting is the Ledger's.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import ceil

from frontdesk.base.errors import Position
from frontdesk.base.streams import Field
from frontdesk.config.models.throttle import Throttle
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.gateway.pipeline.values import Value, bind, reads_body
from frontdesk.ports.ledger import Claim, Grant, Ledger, Rule
from frontdesk.rules.http.forwarding import network_of
from frontdesk.rules.http.structured import Item, write_list
from frontdesk.rules.lang.selectors import Selector, parse

_LONGEST_SUBJECT = 64  # characters; a client may send headers far longer than a key should be


@dataclass(frozen=True, slots=True)
class _Limit:
    """One throttle of the configuration that applies to a route. scope: what it counts, for its key."""

    rule: Rule
    scope: str
    by: str | None
    place: Position | None

    def __str__(self) -> str:
        per = f" by {self.by}" if self.by else ""
        rule = self.rule
        return f"{rule.name} {rule.limit} per {rule.window:g}s, burst {rule.burst}{per}"

    @property
    def needs_identity(self) -> bool:
        return self.by is not None and any(
            isinstance(part, Selector)
            and part.source == "context"
            and part.name.partition(".")[0] == "authorizer"
            for part in parse(self.by)
        )


def throttle_before_auth(build: RouteBuild) -> Step | None:
    """Build the limits that hold whoever calls: all but those by what an authorizer learns."""
    return _step(build, [limit for limit in _limits(build) if not limit.needs_identity])


def throttle_after_auth(build: RouteBuild) -> Step | None:
    """Build the limits by claim or authorizer context."""
    return _step(build, [limit for limit in _limits(build) if limit.needs_identity])


def rate_limit_fields(_build: RouteBuild) -> Step:
    """Add the RateLimit fields of the tightest limit, on every answer of a throttled route.

    Source: draft-ietf-httpapi-ratelimit-headers (September 2025).
    """

    # Differs: AWS says nothing of its limits, neither here nor by Retry-After.
    def add(ex: Exchange, reply: Reply) -> Reply:
        if ex.limit_fields is not None:
            reply.fields += ex.limit_fields
        return reply

    return Step("rate limit fields", add, "RateLimit-Policy, RateLimit")


def _limits(build: RouteBuild) -> Iterator[_Limit]:
    api, facts, place = build.api, build.facts, build.place
    yield _limit("account", build.config.limits.throttle, "account", place("limits", "throttle"))
    stage = f"{build.api_name}/{facts.stage}"
    staged = api.stages[facts.stage].throttle
    if staged is not None:
        # `stage` for the only one, or an entry of `stages`
        written = place("apis", build.api_name, "stage", "throttle") or place(
            "apis", build.api_name, "stages", facts.stage, "throttle"
        )
        yield _limit("stage", staged, f"stage {stage}", written)
    if api.throttle is not None:
        at = place("apis", build.api_name, "throttle")
        yield _limit("api", api.throttle, f"api {build.api_name}", at)
    if build.route is None:
        return
    at = place("apis", build.api_name, "routes", build.key, "throttle")
    for number, throttle in enumerate(build.route.throttle, 1):
        name = "route" if number == 1 else f"route-{number}"
        yield _limit(name, throttle, f"{name} {stage} {build.key}", at)


def _limit(name: str, throttle: Throttle, scope: str, place: Position | None) -> _Limit:
    limit, window = throttle.rate
    # Differs: AWS asks for a burst with every rate.
    burst = throttle.burst or max(1, int(limit / window))
    return _Limit(Rule(name, limit, window, burst), scope, throttle.by, place)


def _step(build: RouteBuild, limits: list[_Limit]) -> Step | None:
    if not limits:
        return None
    return Step(
        name="throttle",
        run=_stage(build, limits),
        detail="; ".join(map(str, limits)),
        place=limits[-1].place,
        needs_body=any(reads_body(limit.by) for limit in limits if limit.by),
    )


def _stage(build: RouteBuild, limits: list[_Limit]) -> Callable[[Exchange], Reply | None]:
    ledger: Ledger = build.parts.ledger
    monotonic = build.parts.clock.monotonic
    fixed = [(limit.scope, limit.rule) for limit in limits if limit.by is None]
    keyed = [
        (f"{limit.scope}\0", _subject(limit.by), limit.rule)
        for limit in limits
        if limit.by is not None
    ]
    rules = [rule for _, rule in fixed] + [rule for *_, rule in keyed]
    policy = _policy(_limits(build))
    # The account's limit protects the door; a client cannot plan by it, so alone it is not told.
    told = [rule.name for rule in rules] != ["account"]

    def throttle(ex: Exchange) -> Reply | None:
        claims: list[Claim] = fixed
        if keyed:
            claims = fixed + [(prefix + subject(ex), rule) for prefix, subject, rule in keyed]
        index, grant = ledger.try_take_all(claims, monotonic())
        rule = rules[index]
        if not grant.allowed:
            wait = max(1, ceil(grant.retry_after))
            ex.limit_fields = [policy, _rate_limit(rule, 0, wait)]
            return refusal(429, f"throttle:{rule.name}", (b"retry-after", b"%d" % wait))
        if told:
            ratio = grant.remaining / rule.burst
            if ratio < ex.limit_ratio:
                ex.limit_ratio = ratio
                ex.limit_fields = [policy, _rate_limit(rule, grant.remaining, _delay(rule, grant))]
        return None

    return throttle


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


def _policy(limits: Iterable[_Limit]) -> Field:
    rules = [limit.rule for limit in limits]
    items = [Item(rule.name, {"q": rule.limit, "w": ceil(rule.window)}) for rule in rules]
    return b"ratelimit-policy", write_list(items)


def _rate_limit(rule: Rule, remaining: int, delay: int) -> Field:
    return b"ratelimit", f'"{rule.name}";r={remaining};t={delay}'.encode()


def _delay(rule: Rule, grant: Grant) -> int:
    """Seconds until there is more quota: one request when none is left, else the whole burst."""
    if grant.remaining:
        return ceil(grant.reset)
    return ceil(grant.reset - (rule.burst - 1) * rule.window / rule.limit)
