"""Owns retries of any function: the decorator `retry`, and `with_retry` as the guide has it.

For calls that are not made by a Client. How long to wait is `rules.resilience.backoff`.
"""

import asyncio
import functools
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, ParamSpec, Protocol, TypeVar, cast

from frontdesk.base.clock import SystemClock
from frontdesk.rules.resilience.backoff import Backoff, Jitter

P = ParamSpec("P")
T = TypeVar("T")

Decide = Callable[[Exception], bool]
Sleep = Callable[[float], Awaitable[None]]

_log: Final = logging.getLogger("frontdesk.client")
_chance: Final = random.Random()  # noqa: S311 - spreads, hides nothing


class Logger(Protocol):
    """What `with_retry` logs to: a logging.Logger, or what looks like one."""

    def warning(self, message: str) -> Any: ...

    def error(self, message: str) -> Any: ...


def status_of(error: BaseException) -> int:
    """Return the HTTP status that an error tells, 0 for none: `error.response.status` or `error.status`.

    `status_code` in place of `status`, too, which is Python's usual name.
    """
    for place in (getattr(error, "response", None), error):
        for name in ("status", "status_code"):
            found = getattr(place, name, None)
            if isinstance(found, int) and found:
                return found
    return 0


def is_no_client_error(error: Exception) -> bool:
    """Whether an error is no 4xx: the guide's rule, which also refuses 408 and 429."""
    return not 400 <= status_of(error) < 500


def is_transient(error: Exception) -> bool:
    """Whether another attempt may help: by `retryable` where the error says so, by its status, else yes."""
    retryable = getattr(error, "retryable", None)
    if isinstance(retryable, bool):
        return retryable
    status = status_of(error)
    return status == 0 or status in _TRANSIENT


_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


async def with_retry(
    fn: Callable[[], Awaitable[T] | T],
    *,
    max_retries: int = 3,
    base_delay: float | timedelta = 1.0,
    max_delay: float | timedelta = 10.0,
    base_delay_ms: float | None = None,
    max_delay_ms: float | None = None,
    logger: Logger | None = None,
    is_retryable: Decide = is_no_client_error,
    sleep: Sleep | None = None,
) -> T:
    """Call `fn` until it does not raise, and raise its last error otherwise.

    max_retries: calls in all, the first included. base_delay, max_delay: seconds; the wait doubles after each
    failure, without jitter. base_delay_ms, max_delay_ms: the same in milliseconds, in their place.
    is_retryable: says of an error whether another call may help; by default every 4xx is final. sleep: for tests.
    Raises: ValueError for max_retries below 1; what `fn` raises.
    """
    if max_retries < 1:
        raise ValueError(f"expected at least 1 call: {max_retries}")
    base = _seconds(base_delay) if base_delay_ms is None else base_delay_ms / 1000
    longest = _seconds(max_delay) if max_delay_ms is None else max_delay_ms / 1000
    backoff = Backoff(base, longest, jitter="none")
    for attempt in range(1, max_retries + 1):
        try:
            made = fn()
            return await made if inspect.isawaitable(made) else made
        except Exception as error:
            if not is_retryable(error):
                raise
            if attempt == max_retries:
                if logger is not None:
                    logger.error(f"All {max_retries} attempts failed")  # noqa: TRY400, G004 - the guide's text
                raise
            wait = backoff.wait(attempt, 0.0)
            if logger is not None:
                logger.warning(_told(attempt, max_retries, wait, error))
            await (sleep or asyncio.sleep)(wait)  # noqa: TID251 - any program's loop, which has no wheel
    raise AssertionError


def retry(
    *,
    on: type[Exception] | tuple[type[Exception], ...] | Decide = is_transient,
    attempts: int = 3,
    timeout: float | timedelta = 45.0,
    base: float | timedelta = 0.1,
    max: float | timedelta = 5.0,  # noqa: A002 - as in Retry
    multiplier: float = 2.0,
    jitter: Jitter = "full",
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function, `async` or not, that is called again when it raises.

    on: the errors that are worth it, or a function that says so. attempts: calls in all. timeout: seconds
    from the first call on in which another one may begin. base, max, multiplier, jitter: of the waits.
    An error with `retry_after` seconds, such as a CallError, is waited for that long at least.
    Raises: ValueError for attempts below 1.
    """
    if attempts < 1:
        raise ValueError(f"expected at least 1 attempt: {attempts}")
    backoff = Backoff(_seconds(base), _seconds(max), multiplier, jitter)
    rules = _Rules(_decide(on), attempts, _seconds(timeout), backoff)

    def decorate(fn: Callable[P, T]) -> Callable[P, T]:
        if inspect.iscoroutinefunction(fn):
            return cast("Callable[P, T]", _awaited(fn, rules))

        @functools.wraps(fn)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            series = _Series(rules)
            while True:
                try:
                    return fn(*args, **kwargs)
                except Exception as error:
                    wait = series.after(error)
                    if wait is None:
                        raise
                time.sleep(wait)

        return called

    return decorate


def _awaited(fn: Callable[P, Awaitable[T]], rules: "_Rules") -> Callable[P, Awaitable[T]]:
    @functools.wraps(fn)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        series = _Series(rules)
        while True:
            try:
                return await fn(*args, **kwargs)
            except Exception as error:
                wait = series.after(error)
                if wait is None:
                    raise
            await asyncio.sleep(wait)  # noqa: TID251 - any program's loop, which has no wheel

    return called


class _Rules:
    """What a decorator says."""

    def __init__(self, decide: Decide, attempts: int, timeout: float, backoff: Backoff) -> None:
        self.decide = decide
        self.attempts = attempts
        self.timeout = timeout
        self.backoff = backoff


class _Series:
    """The calls of one decorated call."""

    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._until = SystemClock.monotonic() + rules.timeout
        self._failed = 0
        self._wait = 0.0

    def after(self, error: Exception) -> float | None:
        """Return the seconds until the next call; None: there is none."""
        rules = self._rules
        self._failed += 1
        if self._failed >= rules.attempts or not rules.decide(error):
            return None
        wait = rules.backoff.wait(self._failed, _chance.random(), self._wait)
        asked = getattr(error, "retry_after", 0.0)
        self._wait = wait if not isinstance(asked, int | float) or asked <= wait else float(asked)
        if SystemClock.monotonic() + self._wait >= self._until:
            return None
        _log.warning(_told(self._failed, rules.attempts, self._wait, error))
        return self._wait


def _decide(on: type[Exception] | tuple[type[Exception], ...] | Decide) -> Decide:
    if isinstance(on, tuple) or (isinstance(on, type) and issubclass(on, Exception)):
        kinds = on
        return lambda error: isinstance(error, kinds)
    return cast("Decide", on)


def _seconds(duration: float | timedelta) -> float:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration


def _told(attempt: int, of: int, wait: float, error: Exception) -> str:
    return f"Attempt {attempt}/{of} failed, retrying in {wait * 1000:.0f}ms: {error}"
