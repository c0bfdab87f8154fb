"""Owns the operator's requests about how the gateway does and did, on the admin listener.

GET /api/overview?minutes=15          figures of the last minute; what needs somebody, and the busiest routes, of
                                      the last 15 minutes, or of up to 1440
GET /api/metrics/history?series=…     series of the last `minutes` (15; up to 1440) in steps of `step` seconds; of
                                      one API or route: api=…, route=METHOD /path

Answers 200, or 422 for what cannot be asked.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from heapq import nlargest
from typing import Any, Final

from frontdesk.app.actions import find_action, json_reply, query_of, refused
from frontdesk.app.metrics_history import DAY, RECENT, MetricsHistory, stepwise
from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError
from frontdesk.config.validation import among
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.rules.metric_history import (
    COUNTS,
    LEVELS,
    TRAFFIC,
    Row,
    merged,
    of_class,
    quantile,
    requests,
    share_failed,
    traffic,
    value,
)

OVERVIEW: Final = "/api/overview"
HISTORY: Final = "/api/metrics/history"

_USUAL: Final = ("requests", "5xx", "p50", "p95", "p99")
_NOW: Final = 60.0
"""Seconds that figures of now are of."""
_TOP: Final = 10
_FINEST: Final = 10
_STEPS: Final = ((RECENT, 15), (60, 60), (DAY, 300))
"""Of how many minutes, in which steps of seconds unless told."""

_BREAKERS: Final = {1.0: "half_open", 2.0: "open"}
"""What the metric says of a breaker that is not closed."""

Action = Callable[[Mapping[str, str]], dict[str, Any]]


class MetricsApi:
    """The face of these requests."""

    needs_token = True

    def __init__(
        self,
        history: MetricsHistory,
        dead_letters: Callable[[], Iterable[str]],
        clock: Clock,
        *,
        counts: bool,
    ) -> None:
        """dead_letters: gives the queues that dead letters go to. counts: whether requests are counted."""
        self._history = history
        self._dead_letters = dead_letters
        self._clock = clock
        self._counts = counts
        self._actions: dict[tuple[str, str], Action] = {
            ("GET", OVERVIEW): self._overview,
            ("GET", HISTORY): self._read,
        }

    def serves(self, ex: Exchange) -> bool:
        """See Face."""
        return ex.path in (OVERVIEW, HISTORY)

    def answer(self, ex: Exchange) -> Reply | Awaitable[Reply]:
        """See Face."""
        action = find_action(self._actions, ex, ex.path)
        if isinstance(action, Reply):
            return action
        try:
            return json_reply(200, action(query_of(ex)))
        except FrontdeskError as error:
            return refused(error)

    # -- history ------------------------------------------------------------------------------------

    def _read(self, query: Mapping[str, str]) -> dict[str, Any]:
        minutes = _minutes(query)
        usual = next(step for most, step in _STEPS if minutes <= most)
        step = _number(query, "step", usual, least=_FINEST, most=minutes * 60)
        names = query.get("series", ",".join(_USUAL)).split(",")
        for name in names:
            if name.partition(":")[0] not in (*TRAFFIC, *COUNTS, *LEVELS):
                hint = among(name, [*TRAFFIC, *COUNTS, *LEVELS])
                raise FrontdeskError(f"there is no such series: {name}", hint=hint)
        of = {"api": query.get("api", ""), "route": query.get("route", "")}
        now = self._clock.time()
        steps = list(
            stepwise(self._history.rows(minutes), now=now, seconds=minutes * 60.0, step=step)
        )
        series = {
            name: [None if row is None else value(row, name, **of) for _, row in steps]
            for name in names
        }
        return {
            "minutes": minutes,
            "step": step,
            "times": [at for at, _ in steps],
            "series": series,
        }

    # -- overview -----------------------------------------------------------------------------------

    def _overview(self, query: Mapping[str, str]) -> dict[str, Any]:
        minutes = _minutes(query)
        rows = self._history.rows(minutes)
        recent = self._history.rows(RECENT)
        now = self._clock.time()
        minute = _whole([row for row in recent if row.at > now - _NOW], now)
        span = _whole(rows, now)
        last = self._history.last() or Row(now, 1.0)
        return {
            "counts_requests": self._counts,
            "seen": bool(rows),
            "minutes": minutes,
            "at": last.at,
            "now": {**_figures(minute), **_counts(minute)},
            "span": {**_figures(span), **_counts(span)},
            "levels": {name: last.levels.get(name, 0.0) for name in LEVELS if _is_alone(name)},
            "breakers": [
                {"upstream": name, "state": _BREAKERS.get(state, "open")}
                for name, state in sorted(_named(last.levels, "breaker"))
            ],
            "queues": self._queues(last),
            "failing": [
                {"machine": name, "failed": number}
                for name, number in _most(_named(span.counts, "executions.failed"))
            ],
            "functions": [
                {
                    "function": name,
                    "errors": number,
                    "invocations": span.counts.get(f"functions.invocations:{name}", 0.0),
                }
                for name, number in _most(_named(span.counts, "functions.errors"))
            ],
            "webhooks": [
                {"webhook": name, "dead": number}
                for name, number in _most(_named(last.levels, "webhooks.dead"))
            ],
            "routes": _routes(span),
        }

    def _queues(self, last: Row) -> list[dict[str, Any]]:
        """Tell the fullest queues, those of dead letters first."""
        dead = set(self._dead_letters())
        deep = sorted(_named(last.levels, "queue.depth"), key=lambda each: -each[1])
        told = [
            {
                "queue": name,
                "depth": depth,
                "oldest": last.levels.get(f"queue.oldest:{name}", 0.0),
                "dead_letters": name in dead,
            }
            for name, depth in deep
        ]
        return sorted(told, key=lambda queue: not queue["dead_letters"])[:_TOP]


def _figures(row: Row, api: str = "", route: str = "") -> dict[str, Any]:
    numbers = traffic(row, api, route)
    return {
        "requests": requests(numbers),
        "rate": requests(numbers) / row.seconds,
        "failed": share_failed(numbers),
        "throttled": of_class(numbers, "429"),
        **{f"p{share}": quantile(numbers, share / 100) for share in (50, 95, 99)},
    }


def _counts(row: Row) -> dict[str, float]:
    return {name: row.counts.get(name, 0.0) for name in COUNTS}


def _routes(span: Row) -> list[dict[str, Any]]:
    """Tell the routes that are the first ones by rate, by failures or by p99; the busiest first."""
    told = [
        {"api": api, "route": route, **_figures(span, api, route)} for api, route in span.routes
    ]
    first = [
        each
        for key in ("rate", "failed", "p99")
        for each in nlargest(_TOP, told, key=lambda one: one[key] or 0.0)
    ]
    chosen = {(each["api"], each["route"]): each for each in first}
    return sorted(chosen.values(), key=lambda each: -each["rate"])


def _whole(rows: Sequence[Row], now: float) -> Row:
    return merged(rows) if rows else Row(now, 1.0)


def _is_alone(level: str) -> bool:
    """Tell whether a level is one number: others are by name."""
    return level.partition(".")[0] not in ("queue", "breaker", "webhooks")


def _named(series: Mapping[str, float], kind: str) -> list[tuple[str, float]]:
    """Return the series of one kind, by the names behind it."""
    begin = f"{kind}:"
    return [(key[len(begin) :], number) for key, number in series.items() if key.startswith(begin)]


def _most(named: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return nlargest(_TOP, named, key=lambda each: each[1])


def _minutes(query: Mapping[str, str]) -> int:
    return _number(query, "minutes", RECENT, least=1, most=DAY)


def _number(query: Mapping[str, str], name: str, usual: int, *, least: int, most: int) -> int:
    text = query.get(name, str(usual))
    if text.isascii() and text.isdecimal() and least <= int(text[:9]) <= most:
        return int(text)
    raise FrontdeskError(f"expected {name} from {least} to {most}, found: {text}")
