"""The Invoker port: run a function once with one event. Adapters: `functions` (child processes)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from frontdesk.base.streams import Source

HTTP_RESPONSE: Final = "application/vnd.awslambda.http-integration-response"
"""Content type of a stream that begins with the metadata of an HTTP response. Source: AWS, "Using
Lambda response streaming": a JSON object, eight NUL bytes, then the body."""


class Outcome(NamedTuple):
    """What came of one invocation.

    payload: the function's result as JSON text; for an error the error object of AWS
    (`{"errorMessage", "errorType", "requestId", "stackTrace"}`); b"" after a stream that ended well.
    error: "" on success; "Unhandled" when the function failed, timed out or died; "Unloadable" when it
    did so before it could take an event; "Throttled" when no concurrency was free (nothing ran);
    "Unavailable" when there is no such function any more.
    reason: for Throttled, Lambda's Reason (`ReservedFunctionConcurrentInvocationLimitExceeded`, …);
    else a short text for the log. request_id: the function's own request id (UUID).
    version: the one that ran ("$LATEST" or a number), X-Amz-Executed-Version.
    """

    payload: bytes
    error: str = ""
    reason: str = ""
    request_id: str = ""
    log_tail: bytes = b""
    version: str = "$LATEST"


class Stream(Source, Protocol):
    """A result that comes in parts, 200 MB at most. Its `length` is None.

    content_type: as the function gave it; `HTTP_RESPONSE` when metadata come first. request_id: as in
    Outcome. An error on the way is an `abort`. After `cancel` the function runs on unheard, as at AWS.
    """

    content_type: str
    request_id: str


@dataclass(slots=True)
class Invocation:
    """One event for one function.

    event: JSON text. deadline: monotonic second after which the caller no longer waits and the
    function is killed if it still runs (the function's own timeout may be earlier); a stream must have
    begun by then, and may go on until the function's own timeout. trace: the X-Amzn-Trace-Id value or
    "". client_context: decoded JSON text or "".
    stream: takes a result that comes in parts, when it begins; `done` then follows when it is over.
    None: such a result is gathered, up to the size that a whole one may have.
    trigger: `faas.trigger` of OpenTelemetry: http, pubsub, timer, other. request_id: a UUID that the
    function is to have for its own, where it runs here; "": a new one.
    """

    event: bytes
    deadline: float
    trace: str = ""
    client_context: str = ""
    stream: Callable[[Stream], None] | None = None
    trigger: str = "http"
    request_id: str = ""


class Call(Protocol):
    """A running invocation."""

    def cancel(self, *, kill: bool) -> None:
        """Stop waiting: neither `stream` nor `done` will be called.

        kill: also end the function (integration timeout). Without it the function runs to its end, as
        in AWS when a client goes away.
        """
        ...


class Invoker(Protocol):
    """Runs one function (one name and qualifier)."""

    def invoke(self, invocation: Invocation, done: Callable[[Outcome], None]) -> Call:
        """Start the function; `done` is called once, on the event loop, never before this returns."""
        ...
