"""Owns what a call raises. The class says whose fault it is; `attempts` tell what was tried.

CallError
├── ConnectError        no connection: name, network, TLS. The server has done nothing
├── CallTimeoutError    an attempt or the whole call took too long. The server may have done it
├── BrokenAnswerError   the connection broke, or the answer is no HTTP or too large. It may have done it
├── RetryLaterError     the server asks for a longer wait than the call has: see `at`
├── StatusError         the answer is 400 or more; raised only by Answer.raise_for_status
├── UnauthorizedError   the token endpoint gave no token
└── RefusedError        we did not call
    ├── CircuitOpenError     the host fails too often
    ├── BulkheadFullError    too many calls are under way
    ├── ThrottledError       it is not this call's turn for too long
    └── BlockedError         the guard forbids the URL
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from frontdesk.base.errors import FrontdeskError, UpstreamError

if TYPE_CHECKING:  # answers raise these errors
    from frontdesk.client.session.answers import Answer


class Attempt(NamedTuple):
    """One attempt of a call.

    status: 0 without an answer. error: why there was none, as of UpstreamError, else "". seconds: until its
    end. waited: seconds before it. address: "host:port", "" where none was reached. replayed: it went to a
    kept connection that the server had just closed, and once more to a new one.
    """

    status: int
    error: str
    seconds: float
    waited: float
    address: str
    replayed: bool = False


class CallError(FrontdeskError):
    """A call has come to nothing.

    code: stable, for programs. retryable: whether trying again later may help. retry_after: seconds until
    then, where somebody has said so, else 0.0. attempts: what was tried. answer: the last one, where there is one.
    """

    code = "call"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        attempts: tuple[Attempt, ...] = (),
        retry_after: float = 0.0,
        answer: "Answer | None" = None,
    ) -> None:
        super().__init__(message)
        self.attempts = attempts
        self.retry_after = retry_after
        self.answer = answer

    @property
    def status(self) -> int:
        """The status of the last answer, 0 without one."""
        return self.answer.status if self.answer is not None else 0


class ConnectError(CallError):
    """There is no connection to the server, which has done nothing."""

    code = "connect_error"


class CallTimeoutError(CallError, TimeoutError):
    """No answer came in time; the server may have done what it was asked for."""

    code = "timeout"


class BrokenAnswerError(CallError):
    """The answer broke off or cannot be read; the server may have done what it was asked for."""

    code = "broken_answer"


class RetryLaterError(CallError):
    """The server asks to be called later than this call can wait. at: when, in seconds since 1970."""

    code = "retry_later"
    at: float = 0.0


class StatusError(CallError):
    """The server answers that it did not do it."""

    code = "http_error"


class UnauthorizedError(CallError):
    """There is no access token."""

    code = "unauthorized"
    retryable = False


class RefusedError(CallError):
    """We did not call."""

    code = "refused"


class CircuitOpenError(RefusedError):
    """The host fails too often; it is asked again after `retry_after` seconds."""

    code = "circuit_open"


class BulkheadFullError(RefusedError):
    """Too many calls of this host are under way."""

    code = "bulkhead_full"


class ThrottledError(RefusedError):
    """The host gets no more calls for `retry_after` seconds."""

    code = "throttled"


class BlockedError(RefusedError):
    """The guard forbids this URL."""

    code = "blocked"
    retryable = False


_CLASSES: Final[Mapping[str, type[CallError]]] = MappingProxyType(
    {
        "blocked": BlockedError,
        "bulkhead_full": BulkheadFullError,
        "circuit_open": CircuitOpenError,
        "closed": BrokenAnswerError,
        "connect": ConnectError,
        "connect_timeout": ConnectError,
        "egress_limited": ThrottledError,
        "protocol": BrokenAnswerError,
        "resolve": ConnectError,
        "throttled": ThrottledError,
        "timeout": CallTimeoutError,
        "tls": ConnectError,
        "unauthorized": UnauthorizedError,
        "unavailable": BulkheadFullError,
    }
)
"""By the reason of an UpstreamError."""


def call_error(error: UpstreamError, attempts: tuple[Attempt, ...]) -> CallError:
    """Return what a failure of the core is to the caller."""
    kind = _CLASSES.get(error.reason, CallError)
    return kind(error.message, attempts=attempts, retry_after=error.retry_after)
