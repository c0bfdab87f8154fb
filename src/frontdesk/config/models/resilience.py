"""Models of what is done when backends fail: retry, breaker, bulkhead, health, split and mirror."""

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from frontdesk.config.models.model import (
    Duration,
    Flag,
    Model,
    Name,
    OneOrMore,
    Percent,
    ShortForm,
    Size,
    Whole,
    at_least,
    between,
    broken_rule,
    matching,
    within,
)
from frontdesk.rules.resilience.backoff import Jitter
from frontdesk.rules.resilience.retry import FAILURES, STATUSES


def _cause(value: object) -> str | int:
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    if isinstance(value, str) and value in FAILURES:
        return str.__str__(value)
    raise ValueError(f"expected one of {', '.join(FAILURES)}, or a status from 400 to 599")


RetryCause = Annotated[
    str | int,
    PlainValidator(_cause),
    WithJsonSchema(
        {"anyOf": [{"enum": list(FAILURES)}, {"type": "integer", "minimum": 400, "maximum": 599}]}
    ),
]


class Retry(Model):
    """Further attempts when one fails, where that does no harm."""

    attempts: Annotated[Whole, within(1, 10)] = 3
    """All attempts, the first included. Default 3."""

    on: Annotated[tuple[RetryCause, ...], OneOrMore(), Field(min_length=1)] = (
        *FAILURES,
        *sorted(STATUSES),
    )
    """What is tried again: `closed`, `connect`, `timeout`, and statuses."""

    base: Annotated[Duration, between("1ms", "1m")] = 1.0
    """Wait after the first failure. Default 1s."""

    max: Annotated[Duration, between("1ms", "10m")] = 10.0
    """Longest wait. Default 10s."""

    multiplier: Annotated[float, Field(ge=1, le=10)] = 2.0
    """How much longer each wait is than the one before. Default 2."""

    jitter: Jitter = "full"
    """How much of each wait is left to chance. Default full."""

    retry_after_cap: Annotated[Duration, between("0s", "1h")] = 60.0
    """Longest wait that a Retry-After may ask for; beyond it the answer is passed on. Default 60s."""

    retry_non_idempotent: Flag = False
    """Try POST and PATCH again like any other method, even if they may have been carried out."""

    replay_buffer: Size = 64 * 1024
    """Largest request body that is waited for and kept for another attempt. Default 64KB."""


class UpstreamRetry(Retry):
    """Retries of all requests to one upstream."""

    budget: Percent = 0.2
    """Retries for each request, over all routes. Default 20%."""


_OF_RATES = ("window", "window_calls", "min_calls", "slow_call", "slow_call_rate")


class Breaker(Model):
    """Refuse requests at once while the backend keeps failing."""

    failures: Annotated[Whole, at_least(1)] | None = None
    """Failures in a row that open it. Either this or `failure_rate`; without both 5."""

    failure_rate: Percent | None = None
    """Share of failures that opens it."""

    window: Annotated[Duration, between("1s", "1h")] = 30.0
    """Time over which shares are taken. Default 30s."""

    window_calls: Annotated[Whole, within(1, 10_000)] | None = None
    """The last so many requests, instead of `window`."""

    min_calls: Annotated[Whole, at_least(1)] = 20
    """Requests below which no share counts. Default 20."""

    slow_call: Annotated[Duration, between("1ms", "1h")] = 60.0
    """From when a request is slow. Default 60s."""

    slow_call_rate: Percent = 1.0
    """Share of slow requests that opens it, too. Default 100%."""

    reset: Annotated[Duration, between("100ms", "10m")] = 30.0
    """How long it stays open before a request may probe. Default 30s."""

    reset_backoff: Annotated[float, Field(ge=1, le=10)] = 1.0
    """How much longer it stays open each time a probe fails, up to 10m. Default 1."""

    @model_validator(mode="after")
    def _opens_by_one_rule(self) -> Self:
        if self.failure_rate is None:
            of_rates = [key for key in _OF_RATES if key in self.model_fields_set]
            if of_rates:
                raise broken_rule(f"expected failure_rate beside {of_rates[0]}")
        elif self.failures is not None:
            raise broken_rule("expected either failures or failure_rate")
        return self


class Bulkhead(Model):
    """How many requests may be under way at one backend."""

    calls: Annotated[Whole, at_least(1)]
    """Requests at once, each until the last byte of its answer."""

    queue: Annotated[Whole, within(0, 10_000)] = 0
    """More requests that may wait. Default 0."""

    wait: Annotated[Duration, between("0s", "1m")] = 1.0
    """How long each may wait. Default 1s."""


class CountForm(ShortForm):
    """Marks a field whose mapping may be written as the number that is its value under `key`."""

    json_type = "integer"

    def _expand(self, value: object) -> object:
        return value if isinstance(value, (dict, Model)) else {self.key: value}


BulkheadField = Annotated[Bulkhead, CountForm("calls", "a number")]
"""`100` or {calls, queue, wait}."""


class Health(Model):
    """When one of several targets gets no requests for a while."""

    failures: Annotated[Whole, at_least(1)] = 5
    """Failures in a row after which a target is left out. Default 5."""

    failure_rate: Percent | None = None
    """Share of failures that leaves a target out, too."""

    window: Annotated[Duration, between("1s", "1h")] = 30.0
    """Time over which that share is taken. Default 30s."""

    min_calls: Annotated[Whole, at_least(1)] = 20
    """Requests below which that share does not count. Default 20."""

    eject: Annotated[Duration, between("1s", "1h")] = 30.0
    """How long it is left out. Default 30s."""

    max_ejected: Percent = 1.0
    """Share of the targets that failures may leave out at once. Default 100%."""

    path: Annotated[str, matching(r"/[!-~]*", "a path that begins with /")] | None = None
    """What each target is asked for every `interval`: an answer from 200 to 399 is healthy."""

    interval: Annotated[Duration, between("1s", "1h")] = 10.0
    """Time between two such requests. Default 10s."""

    timeout: Annotated[Duration, between("10ms", "1m")] = 2.0
    """How long the answer may take. Default 2s."""

    healthy: Annotated[Whole, within(1, 100)] = 2
    """Healthy answers in a row after which a target gets requests again. Default 2."""

    unhealthy: Annotated[Whole, within(1, 100)] = 3
    """Others in a row after which it gets none. Default 3."""

    @model_validator(mode="after")
    def _timeout_is_within_the_interval(self) -> Self:
        if self.timeout > self.interval:
            raise broken_rule("expected a timeout of at most interval")
        return self


class Mirror(Model):
    """A second backend that gets copies of requests, and whose answers are dropped."""

    upstream: Name
    """Name under `upstreams`."""

    percent: Percent = 1.0
    """Share of the requests. Default 100%."""


MirrorField = Annotated[Mirror, ShortForm("upstream", "a name under upstreams")]
"""`shadow` or {upstream, percent}."""


def _of_one_whole(shares: dict[str, float]) -> dict[str, float]:
    if sum(shares.values()) > 1.0 + 1e-9:
        raise ValueError("expected shares of at most 100% together")
    return shares


Split = Annotated[dict[Name, Percent], AfterValidator(_of_one_whole), Field(min_length=1)]
"""Upstream to its share of the requests; the rest stays."""
