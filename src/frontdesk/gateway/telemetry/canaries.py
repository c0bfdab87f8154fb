"""Owns what is counted on both sides of a canary, and how the samples become what it is judged by."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final

from frontdesk.base.metrics import CANARY_REQUESTS, METRICS
from frontdesk.base.recent import Recent
from frontdesk.base.telemetry import OVERFLOW, Counter, Metric, Registry, Sample
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts
from frontdesk.gateway.telemetry.versions import ANONYMOUS, consumer_of
from frontdesk.rules.canary import Evidence, Part, Side
from frontdesk.rules.http.forwarding import network_of
from frontdesk.rules.statistics import LATENCIES

Log = Callable[[Exchange], None]

LATENCY: Final = Metric(
    "frontdesk_canary_latency_seconds",
    "histogram",
    "From the end of a request's head to the end of its answer.",
    ("api", "stage", "side"),
    LATENCIES,
)
CONSUMERS: Final = Metric(
    "frontdesk_canary_consumer_requests_total",
    "counter",
    "Requests by consumer.",
    ("api", "stage", "side", "consumer", "result"),
)

COUNTED: Final = {**METRICS, LATENCY.name: LATENCY, CONSUMERS.name: CONSUMERS}
"""All that processes tell each other: beside what is shown what is too fine, or too personal, for that."""

_RECENT: Final = 4000
"""Consumers whose counters are at hand."""

_OF_NEITHER: Final = frozenset({"function:throttled", "throttle:unknown"})
"""Failures that say nothing of the side on which they happened."""


class CanaryMeter:
    """Counts the requests of one side."""

    __slots__ = ("_consumers", "_errors", "_labels", "_latency", "_next", "_registry", "_requests")

    def __init__(self, registry: Registry, facts: ApiFacts, log: Log) -> None:
        """facts: of the side. log: called afterwards."""
        labels = facts.name, facts.stage, facts.side
        self._registry = registry
        self._labels = labels
        self._latency = registry.histogram(LATENCY, *labels)
        self._requests = registry.counter(CANARY_REQUESTS, *labels, "ok")
        self._errors = registry.counter(CANARY_REQUESTS, *labels, "error")
        self._consumers: Recent[tuple[str, str], Counter] = Recent(_RECENT)
        self._next = log

    def record(self, ex: Exchange) -> None:
        """Count a request that is over, unless it was refused, or its client has gone."""
        status = ex.status
        if not ex.error or (status >= 500 and ex.error not in _OF_NEITHER):
            failed = status >= 500 or (bool(ex.integration_error) and status < 400)
            (self._errors if failed else self._requests).value += 1
            took = (ex.head_sent or ex.ended) - ex.started
            self._latency.counts[bisect_left(LATENCIES, took)] += 1
            self._consumer(ex, "error" if failed else "ok").value += 1
        self._next(ex)

    def _consumer(self, ex: Exchange, result: str) -> Counter:
        name = consumer_of(ex)
        if name == ANONYMOUS:
            name = f"client {network_of(ex.client_ip)}"
        counter = self._consumers.get((name, result))
        if counter is None:
            counter = self._registry.counter(CONSUMERS, *self._labels, name, result)
            self._consumers.put((name, result), counter)
        return counter


def evidence_of(samples: Iterable[Sample], api: str, stage: str) -> Evidence:
    """Read what has been counted of one stage since the process began."""
    requests: dict[tuple[str, str], int] = {}
    latencies: dict[str, tuple[int, ...]] = {}
    consumers: dict[tuple[str, str, str], int] = {}
    for name, labels, value in samples:
        if tuple(labels[:2]) != (api, stage):
            continue
        if name == LATENCY.name and isinstance(value, list):
            latencies[labels[2]] = tuple(map(int, value[:-1]))
        elif name == CANARY_REQUESTS.name and not isinstance(value, list):
            requests[labels[2], labels[3]] = int(value)
        elif name == CONSUMERS.name and not isinstance(value, list):
            consumers[labels[3], labels[2], labels[4]] = int(value)

    def side(name: str) -> Side:
        errors = requests.get((name, "error"), 0)
        counted = latencies.get(name, Side().latencies)
        return Side(errors + requests.get((name, "ok"), 0), errors, counted)

    def part(consumer: str) -> Part:
        def of(side: str) -> tuple[int, int]:
            errors = consumers.get((consumer, side, "error"), 0)
            return errors + consumers.get((consumer, side, "ok"), 0), errors

        return Part(*of("canary"), *of("stable"))

    parts = {name: part(name) for name, *_ in consumers if name != OVERFLOW}
    return Evidence(side("canary"), side("stable"), parts)
