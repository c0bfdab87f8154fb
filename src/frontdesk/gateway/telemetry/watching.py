"""Owns what somebody who watches sees of requests and messages: each as a document when it is over, secrets masked.

While nobody watches none of this is in the way: the plan in force is exchanged for one that shows what it does.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from frontdesk.base.streams import Fields
from frontdesk.gateway.pipeline.exchange import Exchange, Reply
from frontdesk.gateway.pipeline.plan import RoutePlan
from frontdesk.gateway.pipeline.router import GatewayPlan
from frontdesk.gateway.pipeline.sockets import VERSION, SocketMount
from frontdesk.gateway.telemetry.slow import stage_times, timed
from frontdesk.rules.redaction import (
    MASK,
    SecretNames,
    mask_secrets,
    masked_body,
    masked_fields,
    masked_query,
)

AT_ONCE: Final = 10
"""Requests that are looked at in each `WINDOW`; of others only their number is told."""

WINDOW: Final = 0.1
"""Seconds."""

LARGEST: Final = 4096
"""Bytes of a body that is shown."""

_PRIVATE: Final = re.compile(
    r"(?i)(?:^|[-_])(?:assertion|auth|jwt|key|session|sig|signature)(?:$|[-_])"
)
"""Names of fields that may prove who the caller is, beside those that are never logged."""

_PLAIN: Final = frozenset(("idempotency-key", "sec-websocket-key", "surrogate-key"))
"""Names of fields that only sound like it."""

_NO_ROUTE: Final = frozenset(("", "-"))
"""Route keys of plans that belong to no route: what is not found, and what is refused unread."""

Take = Callable[[Mapping[str, Any]], None]


class WatchedPlan(GatewayPlan):
    """A plan whose requests are watched."""

    def __init__(self, plan: GatewayPlan, watch: "RequestWatch") -> None:
        self._plan = plan
        self._watch = watch
        self.sockets = {key: _WatchedMount(mount, watch) for key, mount in plan.sockets.items()}

    def plans(self) -> Any:
        """See GatewayPlan."""
        return self._plan.plans()

    def route(self, ex: Exchange) -> None:
        """See GatewayPlan."""
        self._plan.route(ex)
        ex.plan = self._watch.shown(ex.plan, ex.started)


class _WatchedMount(SocketMount):
    """Where a WebSocket API is served whose messages are watched."""

    __slots__ = ("_mount", "_watch")

    def __init__(self, mount: SocketMount, watch: "RequestWatch") -> None:
        self._mount = mount
        self._watch = watch

    def plan_of(self, message: bytes, now: float) -> RoutePlan:
        """See SocketMount."""
        return self._watch.shown(self._mount.plan_of(message, now), now)

    def take_end(self, ex: Exchange) -> bool:
        """See SocketMount."""
        is_wanted = self._mount.take_end(ex)
        if is_wanted:
            ex.plan = self._watch.shown(ex.plan, ex.started)
        return is_wanted


class _Seen:
    """What is learnt of an answer on its way out."""

    __slots__ = ("body", "fields")

    def __init__(self) -> None:
        self.fields: Fields = []
        self.body: bytes | None = None
        """None: it was not there as a whole."""


_NOTHING_SEEN: Final = _Seen()


class RequestWatch:
    """Looks at the requests of one plan in force. Used on one event loop."""

    def __init__(
        self, take: Take, names: SecretNames, monotonic: Callable[[], float] | None
    ) -> None:
        """take: gets the documents. names: see `logs.redact`. monotonic: None where stages are timed anyway."""
        self._take = take
        self._names = names
        self._monotonic = monotonic
        self._shown: dict[int, tuple[RoutePlan, RoutePlan]] = {}
        self._seen: dict[int, _Seen] = {}
        self._until = 0.0
        self._left = 0
        self._passed = 0

    def shown(self, plan: RoutePlan, now: float) -> RoutePlan:
        """Return the plan that does the same and shows it, unless there are too many. now: monotonic second."""
        if not self._has_room(now):
            return plan
        found = self._shown.get(id(plan))
        if found is None:
            found = self._shown[id(plan)] = plan, self._showing(plan)  # held, so that its id is
        return found[1]

    def see_refused(self, ex: Exchange) -> None:
        """Look at a request that was refused before it had a plan of its own, and is over."""
        if self._has_room(ex.started):
            self._take(self._document(ex, _NOTHING_SEEN))

    def _has_room(self, now: float) -> bool:
        """Tell whether one more is looked at, and count it."""
        if now >= self._until:
            self._until, self._left = now + WINDOW, AT_ONCE
        if not self._left:
            self._passed += 1
            return False
        self._left -= 1
        return True

    def _showing(self, plan: RoutePlan) -> RoutePlan:
        """Make the plan that does the same and shows it."""
        head, log, monotonic = plan.head, plan.log, self._monotonic
        steps = plan.steps[: len(head)]  # the tail's follow
        if monotonic is not None and len(steps) == len(head):
            head = tuple(
                timed(step.name, stage, monotonic, awaits_body=step.needs_body)
                for step, stage in zip(steps, head, strict=True)
            )

        def over(ex: Exchange) -> None:
            log(ex)
            self._take(self._document(ex, self._seen.pop(id(ex), _NOTHING_SEEN)))

        tail = (self._made, *plan.tail, self._sent)
        return replace(plan, head=head, tail=tail, log=over, standing=None)

    def _made(self, ex: Exchange, reply: Reply) -> Reply:
        """See the body before it is compressed."""
        self._seen[id(ex)] = seen = _Seen()
        if type(reply.body) is bytes:
            seen.body = reply.body
        return reply

    def _sent(self, ex: Exchange, reply: Reply) -> Reply:
        """See the fields as they are sent."""
        self._seen[id(ex)].fields = reply.fields
        return reply

    def _document(self, ex: Exchange, seen: _Seen) -> dict[str, Any]:
        passed, self._passed = self._passed, 0
        names, latency = self._names, ex.integration_latency
        answered = {name.lower(): value for name, value in seen.fields}
        return {
            "id": ex.request_id,
            "kind": _kind(ex),
            "time": ex.time,
            "traceId": ex.trace_id,
            "api": _said(ex.plan.api.name),
            "route": _said(ex.plan.route_key),
            "method": ex.method,
            "path": mask_secrets(ex.path),
            "query": masked_query(ex.query, names),
            "host": ex.host,
            "scheme": ex.scheme,
            "version": ex.version,
            "client": ex.client_ip,
            "connection": ex.socket.id if ex.socket is not None else "",
            "stage": ex.plan.api.stage,
            "status": ex.status,
            "ms": _ms(ex.ended - ex.started),
            "upstreamMs": _ms(latency) if latency >= 0 else None,
            "key": ex.api_key.name if ex.api_key is not None else mask_secrets(ex.principal),
            "outcome": ex.error,
            "integration": {
                "address": ex.upstream,
                "status": ex.integration_status,
                "error": mask_secrets(ex.integration_error),
                "requestId": ex.integration_request_id,
            },
            "attempts": [
                {**attempt._asdict(), "seconds": round(attempt.seconds, 6)}
                for attempt in ex.attempts
            ],
            "stages": [[name, _ms(seconds)] for name, seconds in stage_times(ex)],
            "requestHeaders": self._fields(ex.headers.items(), ex.api_key_value),
            "requestLength": ex.request_length,
            "bodyLength": ex.body_length,
            "requestBody": self._body(ex.body, ex.headers.get(b"content-type", b"")),
            "responseHeaders": self._fields(seen.fields, ex.api_key_value),
            "responseLength": ex.response_length,
            "responseBody": self._body(seen.body, answered.get(b"content-type", b"")),
            "passed": passed,
        }

    def _fields(self, fields: Iterable[tuple[bytes, bytes]], key: bytes) -> list[tuple[str, str]]:
        """Write fields as they may be shown. key: the API key that was sent, in whatever field."""
        sent = key.decode("latin-1")
        return [
            (name, MASK if _is_private(name) or (sent and sent in value) else value)
            for name, value in masked_fields(fields, self._names)
        ]

    def _body(self, body: bytes | None, kind: bytes) -> str | None:
        """Return a body as it may be shown; None: it is none, too large, or not at hand as a text."""
        if not body or len(body) > LARGEST:
            return None
        return masked_body(bytes(body), kind.decode("latin-1").lower(), self._names)


def _kind(ex: Exchange) -> str:
    """Say what it is: a message of a connection, or its end; a request that no route has taken; or any other."""
    if ex.version == VERSION:
        return "message"
    return "unrouted" if ex.plan.route_key in _NO_ROUTE else "request"


def _said(name: str) -> str:
    """Write nothing where there is no such API or route."""
    return "" if name in _NO_ROUTE else name


def _is_private(name: str) -> bool:
    return _PRIVATE.search(name) is not None and name.lower() not in _PLAIN


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
