"""Owns the execution log of one method under test: what each stage got and gave, in AWS's words.

Functions and backends are wrapped: they work as ever, and tell what they were sent and what they answered.
Source: AWS, "TestInvokeMethod" and "Set up CloudWatch logging for REST APIs"; recorded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Field, Fields, Source
from frontdesk.client.attempts import Persistent, Persisting
from frontdesk.client.call import Call, Sender
from frontdesk.client.upstreams import Upstream, Upstreams, UpstreamSettings
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.gateway.pipeline.gathering import Gathering
from frontdesk.ports.invoker import Call as Running
from frontdesk.ports.invoker import Invocation, Invoker, Outcome
from frontdesk.rules.events.times import java_date
from frontdesk.rules.redaction import MASK, SecretNames
from frontdesk.rules.resilience.retry import RetryPolicy

LONGEST: Final = 1024 * 1024
"""Bytes of a body that the log shows."""

LONGEST_FIELD: Final = 1024
"""Characters of a header field that the log shows."""

_MOST_GATHERED: Final = 10 * 1024**2

_FAILURES: Final[Mapping[str, str]] = {
    "function": "configuration error: Lambda invocation failed",
    "function:malformed": "configuration error: Malformed Lambda proxy response",
    "integration": "configuration error",
    "integration:answer_size": "configuration error: Integration response of more than 10 MB",
    "integration:content": "configuration error: Unable to transform the body",
    "integration:illegal_header": "configuration error: Illegal header mapped",
    "integration:no_response": "configuration error: No match for output mapping and no default "
    "endpoint response mapping configured",
    "integration:status": "configuration error: Unable to parse statusCode. It should be an integer "
    "that is defined in the request template.",
    "integration_timeout": "a timeout error",
    "media_type": "configuration error: Unsupported content type",
    "upstream": "a network error communicating with endpoint",
    "upstream:resolve": "configuration error: Invalid endpoint address",
    "upstream:timeout": "a timeout error",
    "validate": "an invalid request",
}
"""Cause of a refusal, or its part before the colon → what the log says behind "Execution failed due to"."""


class ExecutionLog:
    """The lines of one execution."""

    def __init__(self, clock: Clock, secret: SecretNames) -> None:
        """secret: names whose values are masked."""
        self._clock = clock
        self._secret = secret
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Write a line with its time, `Fri Nov 20 09:12:00 UTC 2026 : …`."""
        self.lines.append(f"{java_date(self._clock.time())} : {line}")

    def begin(self, ex: Exchange, resource: str, query: Mapping[str, str]) -> None:
        """Tell of the method's request."""
        self.lines.append(f"Execution log for request {ex.request_id}")
        self.add(f"Starting execution for request: {ex.request_id}")
        self.add(f"HTTP Method: {ex.method}, Resource Path: {resource}")
        self.add(f"Method request path: {self._pairs(ex.params.items())}")
        self.add(f"Method request query string: {self._pairs(query.items())}")
        self.add(f"Method request headers: {self._fields(ex.fields)}")
        self.add(f"Method request body before transformations: {_text(ex.body)}")

    def sent(self, uri: str, fields: Iterable[Field], body: bytes) -> None:
        """Tell of the request to an integration."""
        self.add(f"Endpoint request URI: {uri}")
        self.add(f"Endpoint request headers: {self._fields(fields)}")
        self.add(f"Endpoint request body after transformations: {_text(body)}")
        self.add(f"Sending request to {uri}")

    def received(self, status: int, seconds: float, fields: Iterable[Field], body: bytes) -> None:
        """Tell of the answer of an integration."""
        took = round(seconds * 1000)
        self.add(f"Received response. Status: {status}, Integration latency: {took} ms")
        self.add(f"Endpoint response headers: {self._fields(fields)}")
        self.add(f"Endpoint response body before transformations: {_text(body)}")

    def failed(self, cause: str, detail: str) -> None:
        """Tell why the gateway itself answers. detail: what is known beside the cause, "" for nothing."""
        said = _FAILURES.get(cause) or _FAILURES.get(cause.partition(":")[0]) or cause
        self.add(f"Execution failed due to {said}")
        if detail and detail not in said:
            self.add(detail)

    def end(self, status: int, fields: Fields, body: bytes, *, whole: bool) -> None:
        """Tell of the method's response. whole: nothing failed on the way."""
        if whole:
            self.add(f"Method response body after transformations: {_text(body)}")
            self.add(f"Method response headers: {self._fields(fields)}")
            self.add("Successfully completed execution")
        self.add(f"Method completed with status: {status}")

    def _fields(self, fields: Iterable[Field]) -> str:
        return self._pairs(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in fields
        )

    def _pairs(self, items: Iterable[tuple[str, str]]) -> str:
        """Write a map as AWS does: `{name=value, name=value}`."""
        return f"{{{', '.join(f'{name}={self._shown(name, value)}' for name, value in items)}}}"

    def _shown(self, name: str, value: str) -> str:
        if name in self._secret:
            return MASK
        return value if len(value) <= LONGEST_FIELD else f"{value[:LONGEST_FIELD]} [TRUNCATED]"


def _text(body: bytes) -> str:
    text = body[:LONGEST].decode("utf-8", "replace")
    return text if len(body) <= LONGEST else f"{text} [TRUNCATED]"


# -- functions ----------------------------------------------------------------------------------


class LoggedInvokers(Mapping[str, Invoker]):
    """Functions that tell of each call."""

    def __init__(self, invokers: Mapping[str, Invoker], log: ExecutionLog, clock: Clock) -> None:
        self._invokers = invokers
        self._log = log
        self._clock = clock

    def __getitem__(self, name: str) -> Invoker:
        return _LoggedInvoker(name, self._invokers[name], self._log, self._clock)

    def __iter__(self) -> Iterator[str]:
        return iter(self._invokers)

    def __len__(self) -> int:
        return len(self._invokers)


class _LoggedInvoker:
    def __init__(self, name: str, invoker: Invoker, log: ExecutionLog, clock: Clock) -> None:
        self._name = name
        self._invoker = invoker
        self._log = log
        self._clock = clock

    def invoke(self, invocation: Invocation, done: Callable[[Outcome], None]) -> Running:
        began = self._clock.monotonic()
        self._log.sent(f"function {self._name}", (), invocation.event)

        def tell(outcome: Outcome) -> None:
            fields = [(b"x-amzn-RequestId", outcome.request_id.encode())]
            if outcome.error:
                fields.append((b"X-Amz-Function-Error", outcome.error.encode()))
            took = self._clock.monotonic() - began
            self._log.received(_INVOKED.get(outcome.error, 200), took, fields, outcome.payload)
            done(outcome)

        return self._invoker.invoke(invocation, tell)


_INVOKED: Final = {"Throttled": 429, "Unavailable": 500}
"""Error of an outcome → status of the call, as Lambda answers."""

# -- backends -----------------------------------------------------------------------------------


class LoggedUpstreams(Upstreams):
    """Backends that tell of each call. They are those of another plan, with its connections."""

    def __init__(self, upstreams: Upstreams, log: ExecutionLog, clock: Clock) -> None:
        self._upstreams = upstreams
        self._log = log
        self._clock = clock

    def get(self, settings: UpstreamSettings) -> Upstream:
        """See Upstreams."""
        return _LoggedUpstream(self._upstreams.get(settings), settings, self._log, self._clock)


class _LoggedUpstream(Upstream):
    def __init__(
        self, upstream: Upstream, settings: UpstreamSettings, log: ExecutionLog, clock: Clock
    ) -> None:
        self.observer = None
        self._upstream = upstream
        self._targets = settings.targets
        self._log = log
        self._clock = clock

    def sender(self, retry: RetryPolicy | None, timeout: float) -> Sender | Persistent:
        sender = self._upstream.sender(retry, timeout)
        return _LoggedSender(sender, self._targets[0], self._log, self._clock)


class _LoggedSender:
    def __init__(
        self, sender: Sender | Persistent, target: str, log: ExecutionLog, clock: Clock
    ) -> None:
        self._send: Callable[[Any], None] = sender.send
        self._target = target
        self._log = log
        self._clock = clock

    def send(self, call: Call) -> None:
        line, *lines = call.head.decode("latin-1").split("\r\n")
        fields = [
            (name.encode("latin-1"), value.strip().encode("latin-1"))
            for name, _, value in (each.partition(":") for each in lines if each)
        ]
        body = call.body if isinstance(call.body, bytes) else b""
        below = line.split(" ")[1]
        self._log.sent(f"{self._target.rstrip('/')}{below}", fields, body)
        self._send(_LoggedCall(call, self._log, self._clock))


class _Logged(Call):
    """Goes to the backend in place of a call, and tells it what comes back."""

    __slots__ = ()

    _of: Call
    _log: ExecutionLog
    _clock: Clock
    _began: float

    def drop(self, _call: Call, *, too_slow: bool) -> None:
        """See Carrier: the call itself has been cancelled."""
        self.cancel(too_slow=too_slow)

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        took = self._clock.monotonic() - self._began

        def answer(whole: bytes) -> None:
            self._log.received(status, took, fields, whole)
            self._of.address = self.address
            self._of.respond(status, fields, whole, tunnel)

        if isinstance(body, bytes):
            answer(body)
        else:
            Gathering(body, _MOST_GATHERED, answer, self._broken).begin()

    def fail(self, error: UpstreamError) -> None:
        self._of.address = self.address
        self._of.fail(error)

    def _broken(self, reason: str) -> None:
        self.fail(UpstreamError("closed", f"the answer breaks off: {reason}", sent=True))


class _LoggedCall(Persisting, _Logged):
    __slots__ = ("_began", "_clock", "_log", "_of")

    def __init__(self, of: Call, log: ExecutionLog, clock: Clock) -> None:
        super().__init__(of.method, of.head, of.body)
        self.has_host, self.upgrade, self.repeatable = of.has_host, of.upgrade, of.repeatable
        self._of = of
        self._log = log
        self._clock = clock
        self._began = clock.monotonic()
        self.rules = None
        of.carrier = self
