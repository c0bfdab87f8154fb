"""Owns what is counted of functions: calls, loads, waits and refusals, as whoever runs them tells."""

import collections
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from frontdesk.base import metrics
from frontdesk.base.telemetry import Counter, Histogram, Registry, Sample


@dataclass(slots=True)
class _Series:
    """What calls of one outcome add to. failures: None for those that went well."""

    calls: Counter
    duration: Histogram
    failures: Counter | None


class FunctionMeter:
    """Counts for all functions of one host. A FunctionObserver.

    What every call adds to is looked up once: labels cost more than the addition.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._series: dict[tuple[str, str, str, str], _Series] = {}
        self._waits: dict[str, Histogram] = {}

    def started(self, function: str, version: str, seconds: float) -> None:
        """See FunctionObserver."""
        registry = self._registry
        registry.counter(metrics.COLDSTARTS, function, version).value += 1
        registry.histogram(metrics.INIT_DURATION, function, version).observe(seconds)

    def failed(self, function: str, version: str) -> None:
        """See FunctionObserver."""
        self._registry.counter(metrics.FUNCTION_ERRORS, function, version, "init").value += 1

    def waited(self, function: str, seconds: float) -> None:
        """See FunctionObserver."""
        waits = self._waits.get(function)
        if waits is None:
            waits = self._waits[function] = self._registry.histogram(metrics.QUEUE_WAIT, function)
        waits.observe(seconds)

    def invoked(
        self, function: str, version: str, trigger: str, seconds: float, error: str
    ) -> None:
        """See FunctionObserver."""
        outcome = function, version, trigger, error
        series = self._series.get(outcome) or self._resolve(*outcome)
        series.calls.value += 1
        series.duration.observe(seconds)
        if series.failures is not None:
            series.failures.value += 1

    def throttled(self, function: str, reason: str) -> None:
        """See FunctionObserver."""
        self._registry.counter(metrics.FUNCTION_THROTTLES, function, reason).value += 1

    def _resolve(self, function: str, version: str, trigger: str, error: str) -> _Series:
        registry = self._registry
        failures = None
        if error == "timeout":
            failures = registry.counter(metrics.TIMEOUTS, function, version)
        elif error:
            failures = registry.counter(metrics.FUNCTION_ERRORS, function, version, error)
        found = self._series[function, version, trigger, error] = _Series(
            registry.counter(metrics.INVOCATIONS, function, version, trigger),
            registry.histogram(metrics.INVOKE_DURATION, function, version, trigger),
            failures,
        )
        return found


def function_samples(children: Iterable[tuple[str, str, str, int]]) -> Iterator[Sample]:
    """Add up the processes of functions. children: function, version, state and bytes of memory of each."""
    states: collections.Counter[tuple[str, str]] = collections.Counter()
    memory: dict[tuple[str, str], int] = {}
    for function, version, state, used in children:
        states[function, state] += 1
        memory[function, version] = max(used, memory.get((function, version), 0))
    for labels, number in states.items():
        yield Sample(metrics.CONCURRENCY.name, labels, float(number))
    for labels, used in memory.items():
        yield Sample(metrics.MEMORY_USAGE.name, labels, float(used))
