"""Owns functions that run elsewhere: Invokers over HTTP, in the format of Lambda's Invoke.

For AWS Lambda and for `frontdesk functions serve`. Knows the client's pools, and no process.
Source: AWS Lambda API Reference, "Invoke".
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call as ClientCall
from frontdesk.client.pool import PoolLimits
from frontdesk.client.target import parse_target
from frontdesk.client.upstreams import Upstream, Upstreams, UpstreamSettings
from frontdesk.ports.invoker import Call, Invocation, Outcome
from frontdesk.rules.auth.sigv4 import Credentials, Request, sign

MAX_RESULT: Final = 8 * 1024**2
"""Bytes of an answer that are taken: Lambda's 6 MB, and room for its error objects."""

_SLACK: Final = 5.0
"""Seconds beyond the function's timeout in which silence is not yet the network's fault."""


_TOLD_EVERY: Final = 10.0
"""Seconds between two lines of the log about the same function."""

_log = logging.getLogger("frontdesk.functions")


class Signing(NamedTuple):
    """How requests are signed."""

    credentials: Credentials
    region: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """A function that runs elsewhere.

    url: of its invocations. timeout: seconds, of one call. signing: None sends no credentials.
    """

    name: str
    url: str
    timeout: float
    signing: Signing | None
    arn: str


class RemoteFunctions:
    """The functions of one gateway that run elsewhere. Equal origins share connections."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        self._clock = clock
        self._wheel = wheel
        self._upstreams = Upstreams(clock, wheel)

    def invoker(self, settings: RemoteSettings) -> "RemoteInvoker":
        """Make an Invoker; nothing is connected before it is called."""
        parts = urlsplit(settings.url)
        limits = PoolLimits(read=settings.timeout + _SLACK)
        upstream = self._upstreams.get(
            UpstreamSettings((f"{parts.scheme}://{parts.netloc}",), settings.name, limits=limits)
        )
        return RemoteInvoker(settings, upstream, self._clock, self._wheel)

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        self._upstreams.close()


class RemoteInvoker:
    """Invokes one function elsewhere. The Invoker port; results in parts come whole."""

    def __init__(
        self, settings: RemoteSettings, upstream: Upstream, clock: Clock, wheel: Wheel
    ) -> None:
        """Take what the registry has; see `RemoteFunctions.invoker`."""
        self.arn = settings.arn
        self._settings = settings
        self._upstream = upstream
        self._clock = clock
        self._wheel = wheel
        parts = urlsplit(settings.url)
        self._path, self._query = parts.path, parts.query
        self._host = parse_target(settings.url).authority
        self._told = float("-inf")

    def invoke(self, invocation: Invocation, done: Callable[[Outcome], None]) -> Call:
        """Start the function (see the port). The deadline is the caller's or the function's own.

        Differs: [remote-request-id] AWS hands the function the request id of an asynchronous invocation.
        """
        call = _RemoteCall("POST", self._head(invocation), invocation.event)
        now = self._clock.monotonic()
        timeout = self._settings.timeout
        deadline = min(invocation.deadline, now + timeout)
        call.begin(partial(self._finish, done), self._wheel, deadline, timeout)
        self._upstream.send(call)
        return _Stop(call)

    def _finish(self, done: Callable[[Outcome], None], outcome: Outcome) -> None:
        if outcome.error == "Unavailable":
            self._tell(outcome.reason)
        done(outcome)

    def _tell(self, reason: str) -> None:
        """Say in the log that the other side cannot be used, not too often."""
        now = self._clock.monotonic()
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            extra = {"function": self._settings.name}
            _log.warning("function elsewhere cannot be used: %s", reason, extra=extra)

    def _head(self, invocation: Invocation) -> bytes:
        fields = {b"host": self._host, b"content-type": b"application/json"}
        if invocation.client_context:
            context = b64encode(invocation.client_context.encode())
            fields[b"x-amz-client-context"] = context
        lines = [f"POST {self._target()} HTTP/1.1".encode()]
        signing = self._settings.signing
        if signing is not None:
            request = Request("POST", self._path, self._query, fields, invocation.event)
            credentials, region, service = signing
            fields |= sign(request, credentials, region, service, self._clock.time())
        if invocation.trace:
            fields[b"x-amzn-trace-id"] = invocation.trace.encode("latin-1")
        lines += [b"%b: %b" % field for field in fields.items()]
        return b"\r\n".join([*lines, b""])

    def _target(self) -> str:
        return f"{self._path}?{self._query}" if self._query else self._path


class _Stop:
    """The caller's end of a call (see the port)."""

    def __init__(self, call: "_RemoteCall") -> None:
        self._call = call

    def cancel(self, *, kill: bool) -> None:
        """See the port."""
        self._call.stop(kill=kill)


class _RemoteCall(ClientCall):
    """One invocation on its way, and the sink of an answer that comes in parts."""

    __slots__ = ("_body", "_done", "_fields", "_status", "_timeout", "_timer")

    def begin(
        self, done: Callable[[Outcome], None], wheel: Wheel, deadline: float, timeout: float
    ) -> None:
        """Take who hears of it, and when it is over at the latest. timeout: what the error says."""
        self.has_host = True
        self._done: Callable[[Outcome], None] | None = done
        self._timeout = timeout
        self._timer = wheel.timer(self._expire)
        self._timer.at(deadline)

    def stop(self, *, kill: bool) -> None:
        """Tell nobody of the outcome. kill: and hang up, after which a function may run on unseen."""
        self._done = None
        if kill:
            self._timer.stop()
            self.cancel()

    def respond(
        self,
        status: int,
        fields: Fields,
        body: bytes | Source,
        tunnel: Duplex | None,  # noqa: ARG002 - only an upgrade has one
    ) -> None:
        """See client.Call."""
        self._status = status
        self._fields = {name.lower(): value for name, value in fields}
        self._body = bytearray()
        if isinstance(body, bytes):
            self._body += body
            self.end()
        else:
            body.attach(self)

    def fail(self, error: UpstreamError) -> None:
        """See client.Call."""
        self._finish(Outcome(b"", "Unavailable", f"{error.reason}: {error.message}"))

    # -- as Sink ------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._body += data
        if len(self._body) > MAX_RESULT:
            self.cancel()
            self._finish(
                Outcome(b"", "Unavailable", f"the answer is longer than {MAX_RESULT} bytes")
            )

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - none tells anything
        """See Sink."""
        self._finish(_outcome(self._status, self._fields, bytes(self._body)))

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._finish(Outcome(b"", "Unavailable", f"the answer breaks off: {reason}"))

    def _expire(self) -> None:
        self.cancel(too_slow=True)
        message = f"Task timed out after {self._timeout:.2f} seconds"
        payload = {"errorType": "Sandbox.Timedout", "errorMessage": message}
        self._finish(Outcome(orjson.dumps(payload), "Unhandled", "timeout"))

    def _finish(self, outcome: Outcome) -> None:
        self._timer.stop()
        done, self._done = self._done, None
        if done is not None:
            # Never before `invoke` has returned: a connection may fail while it is asked for.
            asyncio.get_running_loop().call_soon(done, outcome)


def _outcome(status: int, fields: Mapping[bytes, bytes], body: bytes) -> Outcome:
    """Say what came of an invocation in the port's words."""
    outcome = Outcome(
        body,
        request_id=fields.get(b"x-amzn-requestid", b"").decode("latin-1"),
        version=fields.get(b"x-amz-executed-version", b"$LATEST").decode("latin-1"),
    )
    if status == 200:
        failed = b"x-amz-function-error" in fields
        return outcome._replace(error="Unhandled") if failed else outcome
    code = fields.get(b"x-amzn-errortype", b"").decode("latin-1").partition(":")[0]
    said = _members(body)
    if status == 429:
        return outcome._replace(error="Throttled", reason=said.get("Reason") or code)
    message = said.get("message") or said.get("Message") or ""
    reason = f"status {status} {code}: {message}"
    return outcome._replace(payload=b"", error="Unavailable", reason=reason)


def _members(body: bytes) -> dict[str, str]:
    """Read the texts of an error's body; it may be anything."""
    try:
        members = orjson.loads(body)
    except ValueError:
        return {}
    if not isinstance(members, dict):
        return {}
    return {name: value for name, value in members.items() if isinstance(value, str)}
