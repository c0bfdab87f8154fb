"""Owns what is counted of functions: calls, loads, waits and refusals, as whoever runs them tells."""

from collections import Counter
from collections.abc import Iterable, Iterator

from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry, Sample


class FunctionMeter:
    """Counts for all functions of one host. A FunctionObserver."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

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
        self._registry.histogram(metrics.QUEUE_WAIT, function).observe(seconds)

    def invoked(
        self, function: str, version: str, trigger: str, seconds: float, error: str
    ) -> None:
        """See FunctionObserver."""
        registry = self._registry
        registry.counter(metrics.INVOCATIONS, function, version, trigger).value += 1
        registry.histogram(metrics.INVOKE_DURATION, function, version, trigger).observe(seconds)
        if error == "timeout":
            registry.counter(metrics.TIMEOUTS, function, version).value += 1
        elif error:
            registry.counter(metrics.FUNCTION_ERRORS, function, version, error).value += 1

    def throttled(self, function: str, reason: str) -> None:
        """See FunctionObserver."""
        self._registry.counter(metrics.FUNCTION_THROTTLES, function, reason).value += 1


def function_samples(children: Iterable[tuple[str, str, str, int]]) -> Iterator[Sample]:
    """Add up the processes of functions. children: function, version, state and bytes of memory of each."""
    states: Counter[tuple[str, str]] = Counter()
    memory: dict[tuple[str, str], int] = {}
    for function, version, state, used in children:
        states[function, state] += 1
        memory[function, version] = max(used, memory.get((function, version), 0))
    for labels, number in states.items():
        yield Sample(metrics.CONCURRENCY.name, labels, float(number))
    for labels, used in memory.items():
        yield Sample(metrics.MEMORY_USAGE.name, labels, float(used))
