"""Owns what is told of each call: one record, in the log and to whoever counts. It shows no secrets."""

import logging
from collections.abc import Callable, Mapping
from os import getpid
from threading import current_thread, get_ident
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from frontdesk.base.clock import SystemClock
from frontdesk.client.session.answers import Answer
from frontdesk.client.session.context import Trace
from frontdesk.client.session.errors import Attempt, CallError, CallTimeoutError
from frontdesk.client.session.requests import Request
from frontdesk.rules.redaction import mask_secrets

log: Final = logging.getLogger("frontdesk.client")

_OUTCOMES: Final[Mapping[bool, str]] = MappingProxyType({True: "ok", False: "http_error"})
_CANCELLED: Final = "cancelled"


class CallRecord(NamedTuple):
    """One call that is over.

    url: without secrets. outcome: ok, http_error, cancelled, or the code of the CallError. seconds: of all of
    it. status: of the last answer, 0 without one.
    """

    method: str
    url: str
    origin: str
    status: int
    outcome: str
    seconds: float
    attempts: tuple[Attempt, ...]
    fallback: bool
    idempotency_key: str
    trace_id: str
    error: str

    def fields(self) -> dict[str, Any]:
        """Return it as the fields of a line of the log. duration: milliseconds."""
        told: dict[str, Any] = {
            "event": "outbound.call",
            "url": self.url,
            "method": self.method,
            "duration": round(self.seconds * 1000, 1),
            "status": self.status,
            "host": self.origin.partition("://")[2],
            "attempts": len(self.attempts),
            "outcome": self.outcome,
            "fallback": self.fallback,
            "trace_id": self.trace_id,
        }
        if len(self.attempts) > 1:
            told["retry_reasons"] = [_reason(attempt) for attempt in self.attempts[:-1]]
            told["wait_ms"] = round(sum(attempt.waited for attempt in self.attempts) * 1000)
        if self.idempotency_key:
            told["idempotency_key"] = self.idempotency_key
        if self.error:
            told["error"] = self.error
        return told


Hook = Callable[[CallRecord], None]


def tell(
    request: Request,
    result: Answer | CallError | None,
    attempts: tuple[Attempt, ...],
    *,
    seconds: float,
    trace: Trace | None,
    hook: Hook | None,
) -> None:
    """Tell of a call. result: None where the caller has given up."""
    failed = not isinstance(result, Answer) or result.status >= 500
    level = logging.ERROR if failed and result is not None else logging.INFO
    if hook is None and not log.isEnabledFor(level):
        return
    record = CallRecord(
        request.method,
        request.shown_url,
        request.origin,
        result.status if result is not None else 0,
        _outcome(result),
        seconds,
        attempts,
        isinstance(result, Answer) and result.fallback,
        request.idempotency_key,
        trace.trace_id if trace is not None else "",
        mask_secrets(result.message) if isinstance(result, CallError) else "",
    )
    if log.isEnabledFor(level):
        log.handle(_line(level, record.fields()))
    if hook is not None:
        hook(record)


_LINES: Final = {
    level: vars(logging.LogRecord(log.name, level, __file__, 0, "External API call", None, None))
    for level in (logging.INFO, logging.ERROR)
}
"""What all lines of a level have in common."""


def _line(level: int, fields: dict[str, Any]) -> logging.LogRecord:
    """Make a line of the log. The class itself would find out at each call, at twice the cost, where it is."""
    now = SystemClock.time()
    line = logging.LogRecord.__new__(logging.LogRecord)
    line.__dict__ = {
        **_LINES[level],
        "created": now,
        "msecs": now % 1 * 1000,
        "process": getpid(),
        "thread": get_ident(),
        "threadName": current_thread().name,
        **fields,
    }
    return line


def tell_retry(number: int, of: int, wait: float, attempt: Attempt) -> None:
    """Tell of an attempt that is followed by another one."""
    if log.isEnabledFor(logging.WARNING):
        why = _reason(attempt)
        log.warning("Attempt %d/%d failed, retrying in %.0fms: %s", number, of, wait * 1000, why)


def _outcome(result: Answer | CallError | None) -> str:
    match result:
        case Answer():
            return _OUTCOMES[result.ok]
        case CallTimeoutError():
            return "timeout"
        case CallError():
            return result.code
    return _CANCELLED


def _reason(attempt: Attempt) -> str:
    return attempt.error or str(attempt.status)
