"""Owns what is counted of each request when it is over. Every route has a meter with series of its own.

A meter takes the place of the route's `log` and calls what stood there before. Labels are looked up
once: a request pays for one dictionary lookup, not for making text. Requests of one outcome are counted many
at a time: what is read of the registry is exact nevertheless.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.telemetry import Counter, Histogram, Owing, Registry
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.plan import ApiFacts, Count
from frontdesk.gateway.pipeline.sockets import VERSION
from frontdesk.rules.events.websocket import RESERVED
from frontdesk.rules.webhooks.verdict import Reason

Log = Callable[[Exchange], None]

UNMATCHED: Final = "unmatched"
"""The route of requests that found none, of preflights, and of what never became a request."""

MESSAGE: Final = "MESSAGE"
"""The method of what comes on a WebSocket connection after its handshake."""

_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", MESSAGE, "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
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


_AT_ONCE: Final = 256
"""Requests of one outcome that are counted together, unless somebody asks before."""


@dataclass(slots=True, eq=False)
class _Series:
    """What requests of one outcome are counted in. See `telemetry.Owing`.

    seen: of each that is not counted yet, seconds that it took in all and seconds of our own, bytes that were
    sent and bytes that were received. rejections: None where it is no refusal. messages: what came and what
    was answered on a connection, None for requests.
    """

    owing: set[Owing]
    duration: Histogram
    overhead: Histogram
    request_body: Histogram
    response_body: Histogram
    rejections: Counter | None
    messages: tuple[Counter, Counter] | None
    seen: list[tuple[float, float, int, int]] = field(default_factory=list)

    def see(self, one: tuple[float, float, int, int]) -> None:
        """Count one: what `seen` has of it."""
        seen = self.seen
        if not seen:
            self.owing.add(self)
        seen.append(one)
        if len(seen) == _AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """See Owing."""
        seconds, own, sent, received = zip(*self.seen, strict=True)
        self.seen.clear()
        self.owing.discard(self)
        self.duration.observe_all(seconds)
        self.overhead.observe_all(own)
        self.response_body.observe_all(sent)
        self.request_body.observe_all(tuple(filter(None, received)))
        if self.rejections is not None:
            self.rejections.value += len(seconds)
        if self.messages is not None:
            came, answered = self.messages
            came.value += len(seconds)
            answered.value += len(sent) - sent.count(0)


class RequestMeter:
    """Counts the requests of one route, or its messages."""

    __slots__ = ("_api", "_messages", "_next", "_overhead", "_registry", "_route", "_series")

    def __init__(self, registry: Registry, api: ApiFacts, route_key: str, log: Log) -> None:
        """route_key: "METHOD /path", that of a message, "$default", or "" and "-" for none. log: called afterwards."""
        self._registry = registry
        self._api = api
        is_socket = api.kind == "websocket"
        path = route_key if is_socket else route_key.rpartition(" ")[2]
        self._route = route = UNMATCHED if route_key in ("", "-") else path
        self._messages: tuple[Counter, Counter] | None = None
        if is_socket and route_key not in RESERVED:
            counted = partial(registry.counter, metrics.SOCKET_MESSAGES, api.name)
            self._messages = counted("in", route), counted("out", route)
        self._next = log
        self._overhead = registry.histogram(metrics.OVERHEAD, api.name)
        self._series: dict[tuple[str, int, str, str, str], _Series] = {}

    def record(self, ex: Exchange) -> None:
        """Count a request that is over."""
        outcome = ex.method, ex.status, ex.version, ex.scheme, ex.error
        series = self._series.get(outcome) or self._resolve(*outcome)
        began, ended, latency = ex.started, ex.ended, ex.integration_latency
        # Exchange.own_time, written out: a call would cost as much as what it does.
        own = (ex.head_sent or ended) - began - (latency if latency > 0.0 else 0.0)  # noqa: FURB136 - max() takes thrice as long
        series.see((ended - began, own, ex.response_length, ex.body_length))
        self._next(ex)

    def unseen(self, status: int) -> Count:
        """Return what counts messages that nobody looks at; see `plan.Standing`."""
        by_scheme: dict[str, _Series] = {}

        def count(scheme: str, began: float, ended: float, received: int, sent: int) -> None:
            series = by_scheme.get(scheme)
            if series is None:
                series = self._resolve(MESSAGE, status, VERSION, scheme, "")
                by_scheme[scheme] = series
            took = ended - began
            series.see((took, took, sent, received))

        return count

    def _resolve(self, method: str, status: int, version: str, scheme: str, cause: str) -> _Series:
        registry, api, route = self._registry, self._api, self._route
        shown = method if method in _METHODS else "_OTHER"
        where = (shown, route, api.name, api.stage)
        found = _Series(
            registry.owing,
            registry.histogram(
                metrics.REQUEST_DURATION,
                *(shown, route, str(status), scheme, version.removeprefix("HTTP/")),
                *(error_type(status, cause), api.name, api.stage),
            ),
            self._overhead,
            registry.histogram(metrics.REQUEST_BODY, *where),
            registry.histogram(metrics.RESPONSE_BODY, *where),
            self._rejections(status, cause),
            self._messages if method == MESSAGE else None,
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
