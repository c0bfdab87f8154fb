"""Owns what is kept of metrics over time: what one interval counted, intervals made one, series read from them. Pure.

A row says what was added in an interval, not sums since the start: restarts leave no trace, and rows add up.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import accumulate
from operator import add
from typing import Any, Final

from frontdesk.base import metrics
from frontdesk.base.telemetry import Labels, Metric, Sample

BUSIEST: Final = 100
"""Routes of one row that are told apart; what the others had is that of their API."""

OTHER: Final = "(others)"
"""The route of those."""

CLASSES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx", "429")
"""What requests are counted by; 429 is in 4xx as well."""

Route = tuple[str, str]
"""Name of an API, "METHOD /path"."""

_FAILED: Final = frozenset(("FAILED", "TIMED_OUT"))
_NO_TRAFFIC: Final = (0.0,) * (len(CLASSES) + len(metrics.SECONDS) + 1)


@dataclass(slots=True)
class Row:
    """What happened in an interval.

    at: its end, seconds since 1970. seconds: its length. routes: requests by class (see CLASSES), then by bucket
    of `metrics.SECONDS`. counts: by series, what was added. levels: by series, the highest that was seen.
    """

    at: float
    seconds: float
    routes: dict[Route, Sequence[float]] = field(default_factory=dict)
    counts: dict[str, float] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it as JSON; `Row.of` reads it."""
        routes = [[*route, *map(int, numbers)] for route, numbers in self.routes.items()]
        kept = {"at": self.at, "seconds": self.seconds, "routes": routes}
        return {**kept, "counts": self.counts, "levels": self.levels}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Row":
        """Read what `document` wrote."""
        routes = {(api, route): numbers for api, route, *numbers in document["routes"]}
        return cls(
            document["at"], document["seconds"], routes, document["counts"], document["levels"]
        )


class Reader:
    """Makes rows of what counters say one after another."""

    def __init__(self) -> None:
        self._routes: dict[Route, Sequence[float]] = {}
        self._counts: dict[str, float] = {}
        self._at: float | None = None

    def row(self, samples: Iterable[Sample], at: float, seconds: float) -> Row:
        """Make the row since the last time. seconds: how long ago that was, or the counters began."""
        routes: dict[Route, Sequence[float]] = {}
        counts: defaultdict[str, float] = defaultdict(float)
        levels: dict[str, float] = {}
        for name, labels, value in samples:
            if isinstance(value, list):
                if name == metrics.REQUEST_DURATION.name:
                    route, numbers = _traffic(labels, value)
                    routes[route] = _sum(routes.get(route, _NO_TRAFFIC), numbers)
            elif name in _COUNTED:
                for series in _COUNTED[name](labels):
                    counts[series] += value
            elif name in _LEVELS:
                for series in _LEVELS[name](labels):
                    levels[series] = levels.get(series, 0.0) + value
        added = {
            route: grown
            for route, numbers in routes.items()
            if any(grown := _grown(numbers, self._routes.get(route)))
        }
        more = {
            series: number
            for series, total in counts.items()
            if (number := _grown((total,), (self._counts.get(series, 0.0),))[0])
        }
        self._routes, self._counts = routes, dict(counts)
        levels = {series: level for series, level in levels.items() if level}
        return Row(at, seconds, busiest(added), more, levels)


def merged(rows: Sequence[Row]) -> Row:
    """Make one row of several that follow each other, at least one."""
    whole = Row(rows[-1].at, sum(row.seconds for row in rows))
    counts: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        for route, numbers in row.routes.items():
            whole.routes[route] = _sum(whole.routes.get(route, _NO_TRAFFIC), numbers)
        for series, number in row.counts.items():
            counts[series] += number
        for series, level in row.levels.items():
            whole.levels[series] = max(whole.levels.get(series, level), level)
    whole.counts = dict(counts)
    whole.routes = busiest(whole.routes)
    return whole


def busiest(routes: Mapping[Route, Sequence[float]]) -> dict[Route, Sequence[float]]:
    """Fold all but the busiest routes into one for each API."""
    if len(routes) <= BUSIEST:
        return dict(routes)
    apart = set(nlargest(BUSIEST, routes, key=lambda route: requests(routes[route])))
    kept: dict[Route, Sequence[float]] = {}
    for route, numbers in routes.items():
        to = route if route in apart else (route[0], OTHER)
        kept[to] = _sum(kept.get(to, _NO_TRAFFIC), numbers)
    return kept


def requests(numbers: Sequence[float]) -> float:
    """Return how many requests there were."""
    return sum(numbers[: len(CLASSES) - 1])


def of_class(numbers: Sequence[float], name: str) -> float:
    """Return how many requests were answered with one class of CLASSES."""
    return numbers[CLASSES.index(name)]


def share_failed(numbers: Sequence[float]) -> float | None:
    """Return the share of requests that were answered 5xx, 0.0 to 1.0. None: there were no requests."""
    number = requests(numbers)
    return of_class(numbers, "5xx") / number if number else None


def quantile(numbers: Sequence[float], share: float) -> float | None:
    """Return within how many seconds a share of the requests was over; see `quantile_of`."""
    return quantile_of(numbers[len(CLASSES) :], metrics.SECONDS, share)


def quantile_of(buckets: Sequence[float], bounds: Sequence[float], share: float) -> float | None:
    """Return the value that a share of those in a histogram's buckets is below, between the bounds of its bucket.

    buckets: one more than bounds. None: there are no values. Beyond the last bound: that bound. Source: Prometheus,
    "histogram_quantile".
    """
    wanted = share * sum(buckets)
    if not wanted:
        return None
    before = 0.0
    for at, reached in enumerate(accumulate(buckets)):
        if reached >= wanted:
            if at == len(bounds):
                break
            low = bounds[at - 1] if at else 0.0
            return low + (bounds[at] - low) * (wanted - before) / buckets[at]
        before = reached
    return bounds[-1]


def traffic(row: Row, api: str = "", route: str = "") -> Sequence[float]:
    """Add up the requests of a row. api, route: only these, "" for all."""
    whole: Sequence[float] = _NO_TRAFFIC
    for (of_api, of_route), numbers in row.routes.items():
        if api in ("", of_api) and route in ("", of_route):
            whole = _sum(whole, numbers)
    return whole


def _rate(numbers: Sequence[float], seconds: float) -> float:
    return requests(numbers) / seconds


def _class_rate(name: str) -> Callable[[Sequence[float], float], float]:
    return lambda numbers, seconds: of_class(numbers, name) / seconds


def _quantile(share: float) -> Callable[[Sequence[float], float], float | None]:
    return lambda numbers, _seconds: quantile(numbers, share)


TRAFFIC: Final[Mapping[str, Callable[[Sequence[float], float], float | None]]] = {
    "requests": _rate,
    **{name: _class_rate(name) for name in CLASSES},
    "failed": lambda numbers, _seconds: share_failed(numbers),
    "p50": _quantile(0.5),
    "p95": _quantile(0.95),
    "p99": _quantile(0.99),
}
"""Series of requests: per second, as a share, in seconds. They can be asked of one API or one route."""

COUNTS: Final = (
    *("functions.invocations", "functions.errors", "functions.cold", "functions.throttled"),
    *("executions.ended", "executions.failed", "webhooks.taken", "outgoing.attempts"),
    "outgoing.failed",
)
"""Series of what happened, per second. With `:NAME` behind it that of one function or state machine."""

LEVELS: Final = (
    *("active", "sockets", "executions.open", "memory", "queue.depth", "queue.oldest"),
    *("breaker", "webhooks.dead", "webhooks.waiting", "outgoing.waiting", "outgoing.lag"),
    "outgoing.disabled",
)
"""Series of how much there was. `queue.…`, `breaker` and `webhooks.…` have `:NAME` behind them."""


def value(row: Row, series: str, *, api: str = "", route: str = "") -> float | None:
    """Read one series from a row. Raises: KeyError where there is no such series."""
    if series in TRAFFIC:
        return TRAFFIC[series](traffic(row, api, route), row.seconds)
    kind, _, _ = series.partition(":")
    if kind in COUNTS:
        return row.counts.get(series, 0.0) / row.seconds
    if kind in LEVELS:
        return row.levels.get(series, 0.0)
    raise KeyError(series)


def _traffic(labels: Labels, value: list[float]) -> tuple[Route, Sequence[float]]:
    method, path, status, _, _, _, api, _ = labels
    *buckets, _sum_of_all = value
    number = sum(buckets)
    classes = [0.0] * len(CLASSES)
    if status[:1] in ("1", "2", "3", "4", "5"):  # not of the overflow
        classes[int(status[0]) - 1] = number
    if status == "429":
        classes[-1] = number
    return (api, f"{method} {path}"), (*classes, *buckets)


def _sum(one: Sequence[float], other: Sequence[float]) -> Sequence[float]:
    return tuple(map(add, one, other))


def _grown(now: Sequence[float], before: Sequence[float] | None) -> Sequence[float]:
    """Return by how much counters have grown; those that have gone down began anew."""
    if before is None or any(a < b for a, b in zip(now, before, strict=True)):
        return tuple(now)
    return tuple(a - b for a, b in zip(now, before, strict=True))


Named = Callable[[Labels], Sequence[str]]
"""The series that a sample of these label values belongs to."""


def _all(series: str) -> Named:
    return lambda _labels: (series,)


def _each(series: str) -> Named:
    """All together, and each by the first label."""
    return lambda labels: (series, f"{series}:{labels[0]}")


def _by_first(series: str) -> Named:
    return lambda labels: (f"{series}:{labels[0]}",)


def _webhooks(labels: Labels) -> Sequence[str]:
    webhook, state = labels
    return (f"webhooks.{'dead' if state == 'dead' else 'waiting'}:{webhook}",)


def _executions(labels: Labels) -> Sequence[str]:
    machine, status = labels
    ended = ("executions.ended", f"executions.ended:{machine}")
    failed = ("executions.failed", f"executions.failed:{machine}")
    return (*ended, *failed) if status in _FAILED else ended


def _outgoing(labels: Labels) -> Sequence[str]:
    failed = ("outgoing.failed",) if labels[0] == "failed" else ()
    return ("outgoing.attempts", *failed)


def _table(rows: Mapping[Metric, Named]) -> Mapping[str, Named]:
    return {metric.name: named for metric, named in rows.items()}


_COUNTED: Final = _table(
    {
        metrics.INVOCATIONS: _each("functions.invocations"),
        metrics.FUNCTION_ERRORS: _each("functions.errors"),
        metrics.TIMEOUTS: _each("functions.errors"),
        metrics.COLDSTARTS: _each("functions.cold"),
        metrics.FUNCTION_THROTTLES: _each("functions.throttled"),
        metrics.EXECUTIONS: _executions,
        metrics.WEBHOOK_DELIVERIES: _all("webhooks.taken"),
        metrics.OUTGOING_ATTEMPTS: _outgoing,
    }
)

_LEVELS: Final = _table(
    {
        metrics.ACTIVE_REQUESTS: _all("active"),
        metrics.SOCKETS: _all("sockets"),
        metrics.EXECUTIONS_OPEN: _each("executions.open"),
        metrics.RESIDENT: _all("memory"),
        metrics.QUEUE_DEPTH: _by_first("queue.depth"),
        metrics.QUEUE_OLDEST: _by_first("queue.oldest"),
        metrics.CIRCUIT_STATE: _by_first("breaker"),
        metrics.WEBHOOK_DEPTH: _webhooks,
        metrics.OUTGOING_WAITING: _all("outgoing.waiting"),
        metrics.OUTGOING_OLDEST: _all("outgoing.lag"),
        metrics.OUTGOING_DISABLED: _all("outgoing.disabled"),
    }
)
