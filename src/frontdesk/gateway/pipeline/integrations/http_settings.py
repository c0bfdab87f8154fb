"""Turns what the file says of a backend into the values that the client takes."""

from base64 import b64encode
from typing import Final

from frontdesk.base.streams import Field
from frontdesk.client.bulkhead import BulkheadSettings
from frontdesk.client.dial import TlsSettings
from frontdesk.client.egress import EgressSettings
from frontdesk.client.health_checks import HealthCheck
from frontdesk.client.pool import CONNECTIONS, PoolLimits
from frontdesk.client.upstreams import UpstreamSettings
from frontdesk.config.models.resilience import Breaker, Bulkhead, Health, Retry, UpstreamRetry
from frontdesk.config.models.upstream import Egress, Upstream, UpstreamAuth
from frontdesk.rules.resilience.backoff import Backoff
from frontdesk.rules.resilience.breaker import BreakerSettings
from frontdesk.rules.resilience.health import HealthSettings
from frontdesk.rules.resilience.retry import RetryPolicy

_FAILURES: Final = 5
"""Failures in a row that open a breaker which says nothing else."""


def upstream_settings(name: str, upstream: Upstream, egress: Egress | None) -> UpstreamSettings:
    """Return the settings of an entry of `upstreams`, and of the entry of `egress` that it names."""
    tls, timeout, health = upstream.tls, upstream.timeout, upstream.health
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
        tls=TlsSettings(str(tls.ca or ""), str(tls.cert or ""), str(tls.key or "")),
        breaker=_breaker(upstream.breaker) if upstream.breaker else None,
        bulkhead=_bulkhead(bulkhead) if bulkhead else None,
        budget=(upstream.retry or UpstreamRetry()).budget,
        egress=_egress(egress) if egress else None,
    )


def _egress(egress: Egress) -> EgressSettings:
    return EgressSettings(
        egress.addresses, frozenset(egress.on), egress.cooldown, egress.honour_retry_after
    )


def credentials(auth: UpstreamAuth) -> Field:
    """Return the header field of an `auth`. Secrets are revealed here."""
    if auth.bearer is not None:
        return b"Authorization", b"Bearer " + auth.bearer.token.reveal().encode()
    if auth.basic is not None:
        pair = f"{auth.basic.username}:{auth.basic.password.reveal()}"
        return b"Authorization", b"Basic " + b64encode(pair.encode())
    assert auth.api_key is not None  # the model has one of the three
    return auth.api_key.header.encode(), auth.api_key.api_key.reveal().encode()


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
