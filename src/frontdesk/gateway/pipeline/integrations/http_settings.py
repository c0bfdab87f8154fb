"""Turns what the file says of a backend into the values that the client takes."""

from typing import Final

from frontdesk.client.bulkhead import BulkheadSettings
from frontdesk.client.health_checks import HealthCheck
from frontdesk.client.pool import CONNECTIONS, PoolLimits
from frontdesk.client.upstreams import UpstreamSettings
from frontdesk.config.backends import egress_settings, tls_settings
from frontdesk.config.models.resilience import Breaker, Bulkhead, Health, Retry, UpstreamRetry
from frontdesk.config.models.upstream import Egress, Upstream
from frontdesk.rules.resilience.backoff import Backoff
from frontdesk.rules.resilience.breaker import BreakerSettings
from frontdesk.rules.resilience.health import HealthSettings
from frontdesk.rules.resilience.retry import RetryPolicy

_FAILURES: Final = 5
"""Failures in a row that open a breaker which says nothing else."""


def upstream_settings(name: str, upstream: Upstream, egress: Egress | None) -> UpstreamSettings:
    """Return the settings of an entry of `upstreams`, and of the entry of `egress` that it names."""
    timeout, health = upstream.timeout, upstream.health
    bulkhead = upstream.bulkhead
    return UpstreamSettings(
        upstream.urls,
        name=name,
        balance=upstream.balance,
        health=_health(health),
        check=HealthCheck(health.path, health.interval, health.timeout) if health.path else None,
        limits=PoolLimits(
            # Whoever may be under way must find a connection.
            connections=max(CONNECTIONS, bulkhead.calls if bulkhead else 0),
            connect=timeout.connect,
            read=timeout.read,
        ),
        tls=tls_settings(upstream.tls),
        breaker=_breaker(upstream.breaker) if upstream.breaker else None,
        bulkhead=_bulkhead(bulkhead) if bulkhead else None,
        budget=(upstream.retry or UpstreamRetry()).budget,
        egress=egress_settings(egress) if egress else None,
    )


def retry_policy(retry: Retry) -> RetryPolicy:
    """Return the rules of a `retry`."""
    return RetryPolicy(
        attempts=retry.attempts,
        on=frozenset(retry.on),
        backoff=Backoff(retry.base, retry.max, retry.multiplier, retry.jitter),
        longest_wait=retry.retry_after_cap,
        any_method=retry.retry_non_idempotent,
    )


def _health(health: Health) -> HealthSettings:
    return HealthSettings(
        failures=health.failures,
        eject=health.eject,
        rate=health.failure_rate or 0.0,
        window=health.window,
        minimum=health.min_calls,
        most=health.max_ejected,
        healthy=health.healthy,
        unhealthy=health.unhealthy,
    )


def _breaker(breaker: Breaker) -> BreakerSettings:
    if breaker.failure_rate is None:
        return BreakerSettings(
            failures=breaker.failures or _FAILURES,
            reset=breaker.reset,
            growth=breaker.reset_backoff,
        )
    return BreakerSettings(
        failures=0,
        rate=breaker.failure_rate,
        slow_rate=breaker.slow_call_rate,
        slow=breaker.slow_call,
        window=breaker.window,
        calls=breaker.window_calls or 0,
        minimum=breaker.min_calls,
        reset=breaker.reset,
        growth=breaker.reset_backoff,
    )


def _bulkhead(bulkhead: Bulkhead) -> BulkheadSettings:
    return BulkheadSettings(bulkhead.calls, bulkhead.queue, bulkhead.wait)
