"""Owns the stage that asks for an API key, and takes each request from what the key's plan allows it.

A plan's throttle and quota are taken together or not at all. The counting is the Ledger's; which keys there
are is the KeyRegistry's. Source: AWS, "Usage plans and API keys for REST APIs".
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from frontdesk.base.metrics import THROTTLE
from frontdesk.base.recent import Recent
from frontdesk.base.telemetry import Counter
from frontdesk.config.models.plan import Plan
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.key_registry import ApiKey
from frontdesk.gateway.identity.tally import Count
from frontdesk.gateway.pipeline.build import RouteBuild
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Parked, Reply
from frontdesk.gateway.pipeline.plan import Step
from frontdesk.gateway.pipeline.replies import LIMIT_EXCEEDED, refusal
from frontdesk.gateway.pipeline.run import resume
from frontdesk.gateway.pipeline.stages.failure_limit import FailureLimit
from frontdesk.gateway.pipeline.stages.throttle import (
    SOON,
    delay,
    policy_field,
    rate_limit,
    rules_of,
)
from frontdesk.ports.ledger import UNKNOWN, Claim, Grant, Quota, Rule
from frontdesk.rules.periods import day_of, period_of
from frontdesk.rules.plans import PlanQuota

# Differs: [key-guessing] AWS documents no such limit.
FAILURES_PER_MINUTE: Final = 60
"""Keys that nobody has which one client address may send."""

MOST_RECENT: Final = 20_000
"""Keys for which it is remembered what they may take."""

_LIMIT_EXCEEDED: Final = b'{"message":"%b"}' % LIMIT_EXCEEDED.encode()


def api_key(build: RouteBuild) -> Step | None:
    """Build the stage for an operation with `api_key: true`."""
    if build.operation is None or not build.operation.api_key:
        return None
    api, stage = build.api_name, build.facts.stage
    plans = {name: plan for name, plan in build.config.plans.items() if plan.covers(api, stage)}
    terms = {name: _terms(build, name, plan) for name, plan in plans.items()}
    shown = [(str(each), ("plans", name)) for name, each in terms.items()]
    nobody = ("no plan covers this API: every key is refused", (*build.at, "api_key"))
    guard = build.once(("api key", api, *terms.values()), lambda: _Guard(build, terms))
    return Step("api key", guard.admit, parts=tuple(shown) or (nobody,))


def plan_quota(name: str, plan: Plan) -> PlanQuota | None:
    """Return the quota of a plan."""
    quota = plan.quota
    return PlanQuota(name, quota.limit, quota.period, quota.offset) if quota is not None else None


class _Terms:
    """What each key of a plan may take at some operations."""

    def __init__(self, build: RouteBuild, name: str, plan: Plan) -> None:
        own = plan.methods.get(build.key)
        speed = plan.throttle if own is None else own.throttle
        self.plan = name
        self.quota = plan_quota(name, plan)
        self.scope = f"plan {name}"
        if own is not None:
            self.scope += f" {build.api_name}/{build.facts.stage} {build.key}"
        self.rule = None
        if speed is not None:
            self.rule = Rule("plan", *speed.rate, speed.at_once, reserved=True)
        self.others = rules_of(build)
        self.allowed = _counter(build, name, "allowed")
        self.limited = _counter(build, name, "limited")

    def __str__(self) -> str:
        rule, quota = self.rule, self.quota
        limits = [] if rule is None else [f"{rule.limit} per {rule.window:g}s, burst {rule.burst}"]
        limits += [] if quota is None else [f"{quota.limit} a {quota.kind}"]
        return f"plan {self.plan}: {', '.join(limits) or 'no limits'}"


def _terms(build: RouteBuild, name: str, plan: Plan) -> _Terms:
    """Make the terms of a plan, once for all operations that have them in common."""
    where = (build.api_name, build.facts.stage, build.key) if build.key in plan.methods else ()
    return build.once(("terms", name, where, rules_of(build)), lambda: _Terms(build, name, plan))


def _counter(build: RouteBuild, plan: str, result: str) -> Counter:
    metrics = build.parts.metrics
    return Counter() if metrics is None else metrics.counter(THROTTLE, "plan", plan, result)


class _Allowance:
    """What one key may take by some terms on one day of UTC. begins, ends: of that day, since 1970."""

    __slots__ = ("begins", "claims", "count", "ends", "policy", "terms")

    def __init__(self, terms: _Terms, key: ApiKey, time: float, count: Count) -> None:
        day = day_of(time)
        today = period_of("day", day)
        self.begins, self.ends = today.begins, today.ends
        self.terms = terms
        self.count = count
        self.claims: list[Claim] = []
        told = list(terms.others)
        if terms.rule is not None:
            self.claims.append((f"{terms.scope} {key.id}", terms.rule))
            told.append(terms.rule)
        if terms.quota is not None:
            name, quota = terms.quota.claim(key.id, key.since, day)
            period = period_of(terms.quota.kind, day)
            self.claims.append((name, quota))
            told.append(Rule(quota.name, quota.limit, period.ends - period.begins, quota.limit))
        self.policy = policy_field(tuple(told))


class _Guard:
    """The stage of operations that have the same plans."""

    __slots__ = (
        *("_failures", "_find", "_ledger", "_monotonic", "_recent", "_tally", "_terms", "_value"),
    )

    def __init__(self, build: RouteBuild, terms: dict[str, _Terms]) -> None:
        parts = build.parts
        self._ledger = parts.ledger
        self._monotonic = parts.clock.monotonic
        self._tally = parts.tally
        self._terms = terms
        self._value = _SOURCES[build.api.api_key_source]
        self._find = build.once(
            ("keys of the file",), lambda: parts.api_keys.finder(keys_of_file(build.config))
        )
        self._failures = build.once(("key failures",), lambda: FailureLimit(FAILURES_PER_MINUTE))
        self._recent: Recent[ApiKey, _Allowance] = Recent(MOST_RECENT)

    def admit(self, ex: Exchange) -> Reply | Parked | None:
        """Let the request in and count it, or refuse it."""
        value = self._value(ex)
        if not value:
            return refusal(403, "api_key:missing")
        key = self._find(value)
        allowance = None if key is None else self._recent.get(key)
        if allowance is None or not allowance.begins <= ex.time < allowance.ends:
            found = self._judge_key(ex, key, value)
            if isinstance(found, Reply):
                return found
            allowance = found
        ex.api_key, ex.api_key_value = key, value
        claims = allowance.claims
        if not claims:
            allowance.count.add()
            return None
        now = self._monotonic()
        answer = self._ledger.try_take_all(claims, now)
        if answer is None:
            took = allowance
            self._ledger.ask(claims, now, lambda *asked: resume(ex, _judge(ex, took, *asked)))
            return PARKED
        return _judge(ex, allowance, *answer)

    def _judge_key(self, ex: Exchange, key: ApiKey | None, value: bytes) -> _Allowance | Reply:
        """Find out what a key may take that was not used lately; guessers come to here only."""
        now = self._monotonic()
        if self._failures.refuses(ex.client_ip, now):
            return refusal(429, "api_key:too_many_failures", SOON)
        if key is None:
            self._failures.count(ex.client_ip, now)
            return refusal(403, "api_key:unknown")
        ex.api_key, ex.api_key_value = key, value
        if not key.enabled:
            return refusal(403, "api_key:disabled")
        plan = next((plan for plan in key.plans if plan in self._terms), None)
        if plan is None:
            return refusal(403, "api_key:plan")
        count = self._tally.count(key.id, plan, day_of(ex.time).isoformat())
        allowance = _Allowance(self._terms[plan], key, ex.time, count)
        self._recent.put(key, allowance)
        return allowance


def _judge(ex: Exchange, allowance: _Allowance, index: int, grant: Grant) -> Reply | None:
    """Go on where the plan allows it; else refuse."""
    limit = allowance.claims[index][1]
    if not grant.allowed:
        return _refused(ex, allowance, limit, grant)
    allowance.count.add()
    allowance.terms.allowed.value += 1
    if isinstance(limit, Quota):
        ratio, wait = grant.remaining / limit.limit, ceil(limit.expires - ex.time)
    else:
        ratio, wait = grant.remaining / limit.burst, delay(limit, grant)
    if ratio < ex.limit_ratio or ex.limit_fields is None:
        ex.limit_ratio = ratio
        ex.limit_fields = [allowance.policy, rate_limit(limit.name, grant.remaining, wait)]
    else:
        ex.limit_fields = [allowance.policy, ex.limit_fields[1]]
    return None


def _refused(ex: Exchange, allowance: _Allowance, limit: Rule | Quota, grant: Grant) -> Reply:
    if grant is UNKNOWN:
        return refusal(503, "throttle:unknown", SOON)
    allowance.terms.limited.value += 1
    seconds = limit.expires - ex.time if isinstance(limit, Quota) else grant.retry_after
    wait = max(1, ceil(seconds))
    ex.limit_fields = [allowance.policy, rate_limit(limit.name, 0, wait)]
    reply = refusal(429, "throttle:plan", (b"retry-after", b"%d" % wait))
    if isinstance(limit, Quota):
        reply.cause, reply.body = f"quota:{allowance.terms.plan}", _LIMIT_EXCEEDED
    return reply


def keys_of_file(config: Config) -> dict[bytes, ApiKey]:
    """Make the keys of a configuration, by digest; their names are their ids."""
    keys = config.keys.items()
    return {
        each.digest: ApiKey(name, name, each.digest, each.plan, each.enabled, each.since)
        for name, each in keys
    }


_SOURCES: Final[dict[str, Callable[[Exchange], bytes | None]]] = {
    "authorizer": lambda ex: ex.usage_key.encode("utf-8", "replace"),
    "header": lambda ex: ex.headers.get(b"x-api-key"),
}
"""`api_key_source` → where the key is."""
