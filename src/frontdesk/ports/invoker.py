"""The Invoker port: run a function once with one event. Adapters: `functions` (child processes)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Outcome(NamedTuple):
    """What came of one invocation.

    payload: the function's result as JSON text; for an error the error object of AWS
    (`{"errorMessage", "errorType", "requestId", "stackTrace"}`).
    error: "" on success; "Unhandled" when the function failed, timed out or died; "Unloadable" when it
    did so before it could take an event; "Throttled" when no concurrency was free (nothing ran);
    "Unavailable" when there is no such function any more.
    reason: for Throttled, Lambda's Reason (`ReservedFunctionConcurrentInvocationLimitExceeded`, …);
    else a short text for the log. request_id: the function's own request id (UUID).
    """

    payload: bytes
    error: str = ""
    reason: str = ""
    request_id: str = ""
    log_tail: bytes = b""


@dataclass(slots=True)
class Invocation:
    """One event for one function.

    event: JSON text. deadline: monotonic second after which the caller no longer waits and the
    function is killed if it still runs (the function's own timeout may be earlier). trace: the
    X-Amzn-Trace-Id value or "". client_context: decoded JSON text or "".
    """

    event: bytes
    deadline: float
    trace: str = ""
    client_context: str = ""


class Call(Protocol):
    """A running invocation."""

    def cancel(self, *, kill: bool) -> None:
        """Stop waiting: `done` will not be called.

        kill: also end the function (integration timeout). Without it the function runs to its end, as
        in AWS when a client goes away.
        """
        ...


class Invoker(Protocol):
    """Runs one function (one name and qualifier)."""

    arn: str

    def invoke(self, invocation: Invocation, done: Callable[[Outcome], None]) -> Call:
        """Start the function; `done` is called once, on the event loop, never before this returns."""
        ...
