"""Owns what is counted of HTTP backends: attempts, breakers, connections, the budget for retries."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.metrics import SECONDS
from frontdesk.base.telemetry import Counter, Histogram, Labels, Metric, Registry, Sample
from frontdesk.client.upstreams import Upstream

OUTCOMES: Final[Mapping[str, str]] = {
    "cancelled": "cancelled",
    "closed": "connect_error",
    "connect": "connect_error",
    "connect_timeout": "timeout",
    "resolve": "connect_error",
    "timeout": "timeout",
    "tls": "connect_error",
}
"""Reason of an UpstreamError → outcome of the attempt; others are outcomes by their own name."""

STATES: Final[Mapping[str, float]] = {
    "closed": 0.0,
    "disabled": 0.0,
    "half_open": 1.0,
    "open": 2.0,
    "isolated": 2.0,
}
"""State of a breaker → what its metric says."""


class BackendMeter:
    """Counts the attempts to reach one backend. An AttemptObserver."""

    def __init__(self, registry: Registry, name: str) -> None:
        """name: under `upstreams`, or the origin of a route's own URL."""
        self._registry = registry
        self._name = name
        self._series: dict[tuple[str, int, str], tuple[Histogram, Counter]] = {}

    def attempted(self, method: str, status: int, error: str, seconds: float) -> None:
        """See AttemptObserver."""
        key = (method, status, error)
        duration, count = self._series.get(key) or self._resolve(*key)
        duration.counts[bisect_left(SECONDS, seconds)] += 1  # Histogram.observe, written out
        duration.sum += seconds
        count.value += 1

    def circuit_moved(self, state: str) -> None:
        """See AttemptObserver."""
        self._registry.counter(metrics.CIRCUIT_TRANSITIONS, self._name, state).value += 1

    def _resolve(self, method: str, status: int, error: str) -> tuple[Histogram, Counter]:
        registry, name = self._registry, self._name
        failed = error or (str(status) if status >= 400 else "")
        outcome = OUTCOMES.get(error, error) if error else ("http_error" if status >= 500 else "ok")
        labels = (name, method, str(status) if status else "", failed)
        found = (
            registry.histogram(metrics.CLIENT_DURATION, *labels),
            registry.counter(metrics.ATTEMPTS, name, outcome),
        )
        self._series[method, status, error] = found
        return found


def backend_samples(backends: Iterable[Upstream]) -> Iterator[Sample]:
    """Read what backends keep anyway; one that a reload has changed is there once more until it is idle."""
    found: dict[tuple[Metric, Labels], float] = {}
    for backend in backends:
        name = backend.name
        for number, metric, *labels in (
            (backend.budget.purse, metrics.RETRY_BUDGET, name),
            (sum(pool.idle for pool in backend.pools), metrics.POOL_CONNECTIONS, name, "idle"),
            (sum(pool.load for pool in backend.pools), metrics.POOL_CONNECTIONS, name, "used"),
        ):
            key = metric, tuple(labels)
            found[key] = found.get(key, 0.0) + number
        circuit = metrics.CIRCUIT_STATE, (name,)
        found[circuit] = max(found.get(circuit, 0.0), STATES[backend.breaker.state])
    for (metric, told), value in found.items():
        yield Sample(metric.name, told, value)
