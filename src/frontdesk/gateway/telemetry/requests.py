"""Owns what is counted of each request when it is over. Every route has a meter with series of its own.

A meter takes the place of the route's `log` and calls what stood there before. Labels are looked up
once: a request pays for one dictionary lookup, not for making text.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.metrics import BYTES, SECONDS
from frontdesk.base.telemetry import Counter, Histogram, Registry
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts
from frontdesk.rules.webhooks.verdict import Reason

Log = Callable[[Exchange], None]

UNMATCHED: Final = "unmatched"
"""The route of requests that found none, of preflights, and of what never became a request."""

_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "MESSAGE", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
"""Methods that are a label of their own: those of RFC 9110 and RFC 5789, and what messages of WebSocket APIs have."""

_TOO_LARGE: Final = frozenset({413, 414, 431})

_STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "auth": (
        *("api_key", "authorizer", "basic", "iam", "jwt", "mtls", "origin", "policy"),
        "webhook:address",
        *(f"webhook:{reason}" for reason in Reason),
    ),
    "route": ("mapping", "retired", "route"),
    "throttle": ("connections", "quota", "throttle"),
    "validate": (
        *("body", "body_timeout", "connection", "duplicate_field", "expect", "framing"),
        *("header_timeout", "host", "idempotency", "loop", "malformed", "mapping:unfit_value"),
        *(
            "method",
            "queue:body",
            "queue:size",
            "request_line",
            "state_machine:ExecutionAlreadyExists",
            "state_machine:InvalidExecutionInput",
            "state_machine:InvalidName",
            "state_machine:InvalidOutput",
            "state_machine:input",
            "target",
            "task_token",
            "transfer_encoding",
            "validate",
            "version",
            "websocket",
        ),
    ),
}

REFUSED_BY: Final[Mapping[str, str]] = {
    cause: stage for stage, causes in _STAGES.items() for cause in causes
}
"""A cause, or the first part of one, → the stage that refuses with it. Integrations' are not here."""


_REMEMBERING: Final = frozenset({"function", "jwt"})
"""Types of authorizers that say how long they took when they had to think."""


@dataclass(slots=True)
class _Series:
    """What requests of one outcome add to. rejections: None where it is no refusal."""

    duration: Histogram
    request_body: Histogram
    response_body: Histogram
    rejections: Counter | None


class RequestMeter:
    """Counts the requests of one route."""

    __slots__ = ("_api", "_next", "_overhead", "_registry", "_route", "_series")

    def __init__(self, registry: Registry, api: ApiFacts, route_key: str, log: Log) -> None:
        """route_key: "METHOD /path", "$default", or "" and "-" for none. log: called afterwards."""
        self._registry = registry
        self._api = api
        self._route = UNMATCHED if route_key in ("", "-") else route_key.rpartition(" ")[2]
        self._next = log
        self._overhead = registry.histogram(metrics.OVERHEAD, api.name)
        self._series: dict[tuple[str, int, str, str, str], _Series] = {}

    def record(self, ex: Exchange) -> None:
        """Count a request that is over."""
        outcome = ex.method, ex.status, ex.version, ex.scheme, ex.error
        series = self._series.get(outcome) or self._resolve(*outcome)
        ended, latency = ex.ended, ex.integration_latency
        total = ended - ex.started
        # Histogram.observe, written out: a call for each would cost as much as what it does.
        taken = series.duration
        taken.counts[bisect_left(SECONDS, total)] += 1
        taken.sum += total
        # Exchange.own_time, written out as well.
        own = (ex.head_sent or ended) - ex.started - (latency if latency > 0.0 else 0.0)  # noqa: FURB136 - max() takes thrice as long
        overhead = self._overhead
        overhead.counts[bisect_left(SECONDS, own)] += 1
        overhead.sum += own
        sent = series.response_body
        sent.counts[bisect_left(BYTES, ex.response_length)] += 1
        sent.sum += ex.response_length
        if ex.body_length:
            received = series.request_body
            received.counts[bisect_left(BYTES, ex.body_length)] += 1
            received.sum += ex.body_length
        if series.rejections is not None:
            series.rejections.value += 1
        self._next(ex)

    def _resolve(self, method: str, status: int, version: str, scheme: str, cause: str) -> _Series:
        registry, api, route = self._registry, self._api, self._route
        shown = method if method in _METHODS else "_OTHER"
        where = (shown, route, api.name, api.stage)
        found = _Series(
            registry.histogram(
                metrics.REQUEST_DURATION,
                *(shown, route, str(status), scheme, version.removeprefix("HTTP/")),
                *(error_type(status, cause), api.name, api.stage),
            ),
            registry.histogram(metrics.REQUEST_BODY, *where),
            registry.histogram(metrics.RESPONSE_BODY, *where),
            self._rejections(status, cause),
        )
        self._series[method, status, version, scheme, cause] = found
        return found

    def _rejections(self, status: int, cause: str) -> Counter | None:
        by, _, reason = cause.partition(":")
        stage = REFUSED_BY.get(cause) or REFUSED_BY.get(by)
        if cause and status in _TOO_LARGE:
            stage = "size"
        if stage is None or status == 500:  # a fault of ours is no refusal
            return None
        labels = (self._api.name, self._route, stage, reason or by)
        return self._registry.counter(metrics.REJECTIONS, *labels)


def error_type(status: int, cause: str) -> str:
    """Say what went wrong on our side, or with the connection; a refusal (4xx) is not an error."""
    if 400 <= status < 499:
        return ""
    return cause or (str(status) if status >= 500 else "")


class AuthorizerMeter:
    """Counts what an authorizer decided, by what the exchange tells of it."""

    __slots__ = ("_counters", "_duration", "_labels", "_next", "_registry", "_remembers")

    def __init__(self, registry: Registry, name: str, kind: str, log: Log) -> None:
        """name, kind: its entry under `authorizers`, and its type. log: called afterwards."""
        self._registry = registry
        self._labels = (name, kind)
        self._remembers = kind in _REMEMBERING
        self._duration = registry.histogram(metrics.AUTHORIZER_DURATION, name, kind)
        self._counters: dict[tuple[str, bool], Counter] = {}
        self._next = log

    def record(self, ex: Exchange) -> None:
        """Count the decision, if it came to one."""
        result = _decision(ex)
        if result:
            took = ex.authorizer_latency
            if took >= 0:
                self._duration.observe(took)
            counter = self._counters.get((result, took < 0))
            if counter is None:
                remembered = self._remembers and took < 0 and result != "missing"
                cached = "true" if remembered else "false"
                labels = (*self._labels, result, cached)
                counter = self._registry.counter(metrics.AUTHORIZER, *labels)
                self._counters[result, took < 0] = counter
            counter.value += 1
        self._next(ex)


def _decision(ex: Exchange) -> str:
    """Return allow, deny, missing, invalid or error; "" when the authorizer was not asked."""
    by, _, reason = ex.error.partition(":")
    if REFUSED_BY.get(by) != "auth":
        return "allow" if ex.authorizer is not None else ""
    if ex.status >= 500:
        return "error"
    if "missing" in reason.lower():
        return "missing"
    return "deny" if ex.status == 403 else "invalid"


class SocketMeter:
    """Counts the messages of one route of a WebSocket API, and the answers to them."""

    __slots__ = ("_in", "_next", "_out")

    def __init__(self, registry: Registry, api: ApiFacts, route_key: str, log: Log) -> None:
        """log: called afterwards."""
        route = route_key or UNMATCHED
        self._in = registry.counter(metrics.SOCKET_MESSAGES, api.name, "in", route)
        self._out = registry.counter(metrics.SOCKET_MESSAGES, api.name, "out", route)
        self._next = log

    def record(self, ex: Exchange) -> None:
        """Count a message that has been handled."""
        if ex.message_id:
            self._in.value += 1
            if ex.response_length:
                self._out.value += 1
        self._next(ex)
