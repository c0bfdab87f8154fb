"""Owns the way of one request to its backend and back: what is sent, and the answer as a Reply.

Knows backends only as a Sender of calls; bodies stream both ways and are never looked at.
"""

import base64
import hashlib
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Field, Fields, Source
from frontdesk.base.telemetry import AttemptObserver
from frontdesk.client.attempts import Persistent, Persisting
from frontdesk.client.call import Call, Sender
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import (
    PARKED,
    Attempt,
    Exchange,
    Parked,
    Reply,
    write_fields,
)
from frontdesk.gateway.pipeline.integrations.http_target import Text
from frontdesk.gateway.pipeline.replies import refusal
from frontdesk.rules.http.forwarding import (
    forwarded,
    forwarded_for,
    loops,
    nearest,
    port_of,
    via,
)

_WEBSOCKET_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3

# Differs: [backend-failures] AWS is known for 503 and 504 only.
FAILURES: Final[dict[str, int]] = {
    "bulkhead_full": 503,
    "cancelled": 503,
    "circuit_open": 503,
    "closed": 503,
    "connect": 503,
    "connect_timeout": 504,
    "egress_limited": 503,
    "protocol": 502,  # AWS does not say; RFC 9110 §15.6.3
    "resolve": 503,
    "timeout": 504,
    "tls": 503,
    "unavailable": 503,
}
"""Reason of an UpstreamError → status for the client. A backend that cannot be reached is 503 at an HTTP
API, one that takes too long 504."""


class Forwarder:
    """The last stage of a route that an HTTP backend answers."""

    __slots__ = (
        "_call",
        "_deliver",
        "_keep_host",
        "_maps_host",
        "_method",
        "_observer",
        "_send",
        "_target",
        "_timeout",
        "monotonic",
    )

    def __init__(
        self,
        sender: Sender | Persistent,
        target: Text,
        *,
        method: str,
        keep_host: bool,
        maps_host: bool,
        timeout: float,
        clock: Clock,
        observer: AttemptObserver | None = None,
        deliver: Callable[[Exchange, Reply], None] = run.resume,
    ) -> None:
        """target: makes the request target. method: "" for the client's. timeout: seconds to answer.

        keep_host: the backend sees the client's Host. maps_host: the route may set one itself.
        observer: told what becomes of each call. deliver: takes the backend's answer, and resumes.
        """
        self._deliver = deliver
        self._observer = observer
        self._send: Callable[[Any], None] = sender.send
        persistent = isinstance(sender, Persistent)
        self._call = _PersistentForwarding if persistent else _Forwarding
        self._target = target
        self._method = method
        self._keep_host = keep_host
        self._maps_host = maps_host
        self._timeout = timeout
        self.monotonic = clock.monotonic

    def forward(self, ex: Exchange) -> Reply | Parked:
        """Send the request on and park; the answer resumes the exchange."""
        method, body = self._method or ex.method, ex.body if ex.source is None else ex.source
        call = self._call(method, b"", body)
        if not self._write(ex, call):
            return refusal(508, "loop")
        call.exchange = ex
        call.deliver = self._deliver
        call.observer = self._observer
        call.monotonic = self.monotonic
        if ex.upgrade:
            call.upgrade = True
        if b"idempotency-key" in ex.headers:
            call.repeatable = True
        ex.integration_started = now = self.monotonic()
        ex.cancel_work = call.stop
        ex.client.set_deadline(ex, now + self._timeout)
        self._send(call)
        return PARKED

    def copy(self, ex: Exchange, call: Persisting) -> None:
        """Send the request as `call`, which is not the exchange's own."""
        call.method = self._method or ex.method
        self._write(ex, call)
        self._send(call)

    def _write(self, ex: Exchange, call: Call) -> bool:
        """Write the head of a call; False: the request has been here before."""
        section = ex.section
        host = ex.headers.get(b"host", b"")
        introduction = self._introduce(ex, host)
        if introduction is None:
            return False
        # Differs: [traceparent] AWS sends its own field only.
        parent = ex.traceparent
        trace = f"traceparent: {parent}\r\n" if parent else ""
        line = f"{call.method} {self._target(ex)} HTTP/1.1\r\n{trace}".encode("latin-1")
        if section is not None and section.fields is ex.fields:
            head = line + section.lines() + introduction
        else:
            head = line + write_fields(ex.fields) + introduction
        has_host = self._maps_host and any(name.lower() == b"host" for name, _ in ex.fields)
        if self._keep_host and host and not has_host:
            head += b"Host: %b\r\n" % host
            has_host = True
        call.head = head
        if has_host:
            call.has_host = True
        return True

    def _introduce(self, ex: Exchange, host: bytes) -> bytes | None:
        """Write the lines that tell the backend of the client; None: the request has been here before."""
        if host and len(ex.held) == 1:  # most requests hold back nothing but Host
            return _introduction(ex.peer, ex.scheme, ex.version, host)
        if loops(ex.headers.get(b"via", b"")):  # Differs: [loop] AWS documents no such look.
            return None
        return _introduction_behind_others(ex, host)


class CredentialedForwarder(Forwarder):
    """One whose backend knows us by a header field of our own."""

    __slots__ = ("_line", "_name")

    def __init__(
        self, field: Field, sender: Sender | Persistent, target: Text, **settings: Any
    ) -> None:
        """field: with the credentials. The others: see Forwarder."""
        super().__init__(sender, target, **settings)
        self._name = field[0].lower()
        self._line = b"%b: %b\r\n" % field

    def _write(self, ex: Exchange, call: Call) -> bool:
        fields = ex.fields
        ex.fields = [field for field in fields if field[0].lower() != self._name]
        written = super()._write(ex, call)
        ex.fields = fields
        call.head += self._line
        return written


def _introduction_behind_others(ex: Exchange, host: bytes) -> bytes:
    """Write the introduction behind other proxies, and what the client wants of the connection."""
    headers = ex.headers
    received = tuple(map(headers.get, _RECEIVED))
    introduction = _introduction(ex.peer, ex.scheme, ex.version, host, received)
    if ex.upgrade:
        return introduction + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    if b"trailers" in headers.get(b"te", b"").lower():
        return introduction + b"Connection: TE\r\nTE: trailers\r\n"
    return introduction


_RECEIVED: Final = (
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"forwarded",
    b"via",
)


@lru_cache(1024)
def _introduction(
    peer: str,
    scheme: str,
    version: str,
    host: bytes,
    received: tuple[bytes | None, ...] = (None,) * 5,
) -> bytes:
    """Write the lines that tell the backend of the client. Clients repeat themselves: remembered.

    received: the values of `_RECEIVED`. Of them only a trusted proxy may say anything but Via.
    """
    # Differs: [introduction] AWS adds `by=`, its own name in Via, X-Forwarded-* for functions only.
    client, proto = peer.encode(), scheme.encode()
    addresses, asked_host, asked_port, hops, passed = (value or b"" for value in received)
    lines = [
        b"X-Forwarded-For: " + forwarded_for(addresses, client),
        b"X-Forwarded-Port: " + (nearest(asked_port) or port_of(host, scheme)),
        b"X-Forwarded-Proto: " + proto,
        b"Forwarded: " + forwarded(hops, client, host, proto),
        b"Via: " + via(passed, version.removeprefix("HTTP/").encode()),
    ]
    if host:
        lines.append(b"X-Forwarded-Host: " + (nearest(asked_host) or host))
    return b"\r\n".join(lines) + b"\r\n"


class _OfExchange(Call):
    """One request at its backend, for one exchange."""

    __slots__ = ()

    deliver: Callable[[Exchange, Reply], None]
    exchange: Exchange
    observer: AttemptObserver | None
    monotonic: Callable[[], float]

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        ex = self.exchange
        ex.upstream = self.address
        ex.integration_latency = took = self.monotonic() - ex.integration_started
        ex.integration_status = status
        if self.observer is not None:
            self.observer.attempted(self.method, status, "", took)
        if tunnel is not None and not _accepts(ex, fields):
            tunnel.cancel()
            run.resume(ex, refusal(502, "upstream:protocol"))
        else:
            # Differs: [streamed-answers] AWS waits for the whole body, 10 MB of it, before this.
            reply = Reply(status, fields, body)
            reply.tunnel = tunnel
            self.deliver(ex, reply)

    def fail(self, error: UpstreamError) -> None:
        ex = self.exchange
        ex.upstream = self.address
        ex.integration_error = f"{error.reason}: {error.message}"
        self._ended(error.reason)
        wait = error.retry_after
        later = [(b"retry-after", b"%d" % ceil(wait))] if wait else []
        run.resume(ex, refusal(FAILURES[error.reason], f"upstream:{error.reason}", *later))

    def attempted(self, address: str, status: int, error: str, seconds: float) -> None:
        self.exchange.attempts += (Attempt(address, status, error, seconds),)

    def stop(self, why: str) -> None:
        """Stop waiting, for the exchange: its time is over or its client has gone."""
        ex = self.exchange
        ex.upstream = self.address
        ex.integration_error = why
        too_slow = why == "timeout"
        self._ended("timeout" if too_slow else "cancelled")
        self.cancel(too_slow=too_slow)

    def _ended(self, reason: str) -> None:
        """Take note that no answer came. reason: as of an UpstreamError."""
        ex = self.exchange
        ex.integration_latency = took = self.monotonic() - ex.integration_started
        if self.observer is not None:
            self.observer.attempted(self.method, 0, reason, took)


_OF_EXCHANGE: Final = ("deliver", "exchange", "monotonic", "observer")


class _Forwarding(_OfExchange):
    """One that is sent once."""

    __slots__ = _OF_EXCHANGE


class _PersistentForwarding(Persisting, _OfExchange):
    """One that may be repeated."""

    __slots__ = _OF_EXCHANGE

    take = _OfExchange.respond  # quicker than by super(), at each answer


def _accepts(ex: Exchange, fields: Fields) -> bool:
    """Whether a 101 is the answer to the client's WebSocket key (RFC 6455 §4.2.2)."""
    digest = hashlib.sha1(ex.headers[b"sec-websocket-key"] + _WEBSOCKET_GUID, usedforsecurity=False)
    accept = base64.b64encode(digest.digest())
    answer = {name.lower(): value for name, value in fields}
    return (
        answer.get(b"sec-websocket-accept") == accept
        and answer.get(b"upgrade", b"").lower() == b"websocket"
    )
