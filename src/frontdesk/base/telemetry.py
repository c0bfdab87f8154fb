"""Owns the values of telemetry: counters, histograms, and the registry that hands them out by label.

Counting is an addition to an attribute: whoever counts on a hot path asks the registry once, before,
and keeps the series. Series may be made in any thread and are counted in one. Knows no names (those are
`base.metrics`) and no text format.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

Labels = tuple[str, ...]
"""The values of a metric's labels, in the order of their names."""

OVERFLOW: Final = "overflow"
"""The value of every label of the series that takes what the others have no room for."""

MAX_SERIES: Final = 2000
"""Series of one metric, the default."""


_MANY: Final = 8
"""Values from which on it pays to sort them."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted under one name.

    name: as Prometheus writes it, with unit and `_total`. bounds: upper ends of a histogram's buckets,
    inclusive, ascending, without infinity. merged: how the values of several processes become one;
    counters and histograms are always summed.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: Labels = ()
    bounds: tuple[float, ...] = ()
    merged: Literal["sum", "max"] = "sum"


class Sample(NamedTuple):
    """The state of one series at one moment. Plain data: it may cross a process border as JSON.

    value: a number; for a histogram the counts of each bucket, of what is beyond all, and the sum.
    """

    name: str
    labels: Labels
    value: float | list[float]


class Counter:
    """A number that grows: `counter.value += 1`."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float = 0


class Histogram:
    """How many values fell below each bound, and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum: float = 0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def observe_all(self, values: Sequence[float]) -> None:
        """Count several values. Of many, each takes less than by itself."""
        self.sum += sum(values)
        counts, size, below = self.counts, len(values), 0
        if size < _MANY:
            for value in values:
                counts[bisect_left(self.bounds, value)] += 1
            return
        ordered = sorted(values)
        for place, bound in enumerate(self.bounds):
            if below == size:
                break
            end = bisect_right(ordered, bound, below)
            counts[place] += end - below
            below = end
        counts[-1] += size - below


class AttemptObserver(Protocol):
    """Who is told what becomes of the attempts to reach one backend."""

    def attempted(self, method: str, status: int, error: str, seconds: float) -> None:
        """Take note of one attempt that is over.

        status: 0 when no answer came. error: the reason of the UpstreamError, "" for an answer.
        seconds: until the head of the answer, or the failure.
        """
        ...

    def circuit_moved(self, state: str) -> None:
        """Take note that the breaker is now `closed`, `half_open` or `open`."""
        ...


class FunctionObserver(Protocol):
    """Who is told what becomes of functions and their processes. version: as executed."""

    def started(self, function: str, version: str, seconds: float) -> None:
        """Take note that a process has loaded the handler. seconds: since its fork."""
        ...

    def failed(self, function: str, version: str) -> None:
        """Take note that a process could not load the handler."""
        ...

    def waited(self, function: str, seconds: float) -> None:
        """Take note that a call had to wait for a process."""
        ...

    def invoked(
        self, function: str, version: str, trigger: str, seconds: float, error: str
    ) -> None:
        """Take note of a call that is over.

        trigger: OpenTelemetry's `faas.trigger` (http, pubsub, timer, other). error: "timeout", another
        kind of error, or "".
        """
        ...

    def throttled(self, function: str, reason: str) -> None:
        """Take note of a call that got no concurrency. reason: Lambda's word."""
        ...


class Unobserved:
    """The FunctionObserver of hosts that nobody watches."""

    def started(self, function: str, version: str, seconds: float) -> None:
        """See FunctionObserver."""

    def failed(self, function: str, version: str) -> None:
        """See FunctionObserver."""

    def waited(self, function: str, seconds: float) -> None:
        """See FunctionObserver."""

    def invoked(
        self, function: str, version: str, trigger: str, seconds: float, error: str
    ) -> None:
        """See FunctionObserver."""

    def throttled(self, function: str, reason: str) -> None:
        """See FunctionObserver."""


class Owing(Protocol):
    """Who counts many at a time, because one by one would take longer. Is among `Registry.owing` until it has."""

    def settle(self) -> None:
        """Count all that was seen, and owe nothing."""
        ...


Collector = Callable[[], Iterable[Sample]]
"""Reads numbers that a part keeps anyway, at the moment when somebody asks."""


class Registry:
    """The series of one process, by metric and label values.

    A metric has at most `max_series` of them; further label values share one, whose labels all say
    `overflow`.
    """

    def __init__(self, max_series: int = MAX_SERIES) -> None:
        self._max_series = max_series
        self._counters: dict[str, dict[Labels, Counter]] = {}
        self._histograms: dict[str, dict[Labels, Histogram]] = {}
        self._collectors: list[Collector] = []
        self.owing: set[Owing] = set()
        """Who has seen what is not counted yet, and settles before anybody reads."""

    def counter(self, metric: Metric, *labels: str) -> Counter:
        """Return the counter of these label values, the same one for the same values."""
        series = self._counters.get(metric.name) or self._counters.setdefault(metric.name, {})
        found = series.get(labels)
        if found is None:
            found = series.setdefault(self._admit(metric, labels, len(series)), Counter())
        return found

    def histogram(self, metric: Metric, *labels: str) -> Histogram:
        """Return the histogram of these label values, the same one for the same values."""
        series = self._histograms.setdefault(metric.name, {})
        found = series.get(labels)
        if found is None:
            made = Histogram(metric.bounds)
            found = series.setdefault(self._admit(metric, labels, len(series)), made)
        return found

    def collect(self, collector: Collector) -> None:
        """Ask `collector` for its samples, too, whenever the registry is read."""
        self._collectors.append(collector)

    def samples(self) -> Iterator[Sample]:
        """Read every series, each when its turn comes; series may be made meanwhile."""
        for _ in self.settle():
            pass
        for name, counters in tuple(self._counters.items()):
            for labels, counter in tuple(counters.items()):
                yield Sample(name, labels, counter.value)
        for name, histograms in tuple(self._histograms.items()):
            for labels, histogram in tuple(histograms.items()):
                yield Sample(name, labels, [*histogram.counts, histogram.sum])
        for collector in tuple(self._collectors):
            yield from collector()

    def settle(self) -> Iterator[None]:
        """Count what many owe, one after the other, for who will read and has time."""
        for each in tuple(self.owing):
            if each in self.owing:  # it may have settled since
                each.settle()
            yield

    def snapshot(self) -> list[Sample]:
        """Read every series at once."""
        return list(self.samples())

    def _admit(self, metric: Metric, labels: Labels, taken: int) -> Labels:
        """Return under which labels a new series is kept."""
        assert len(labels) == len(metric.labels), metric.name
        room = taken < self._max_series - 1
        return labels if room or not labels else (OVERFLOW,) * len(labels)


def merge(
    snapshots: Iterable[Iterable[Sample]], find: Callable[[str], Metric | None]
) -> list[Sample]:
    """Make one snapshot of those of several processes. find: the metric of a name; unknown ones are dropped."""
    merged: dict[tuple[str, Labels], float | list[float]] = {}
    for snapshot in snapshots:
        for name, labels, value in snapshot:
            metric, key = find(name), (name, tuple(labels))
            if metric is not None:
                merged[key] = _joined(metric, merged[key], value) if key in merged else value
    return [Sample(name, labels, value) for (name, labels), value in merged.items()]


def _joined(
    metric: Metric, one: float | list[float], other: float | list[float]
) -> float | list[float]:
    if isinstance(one, list) or isinstance(other, list):
        assert isinstance(one, list)
        assert isinstance(other, list)
        return [a + b for a, b in zip(one, other, strict=True)]
    return max(one, other) if metric.merged == "max" else one + other
