"""Owns the attempts of a call: whether the breaker lets one out, what follows a failure, and when.

The rules are `rules.resilience.course`; here are the clock, the random numbers and the timer. To its caller a
call looks the same with attempts or without; to the connections each attempt is a call of its own.
"""

import logging
import random
from collections.abc import Callable
from typing import Final, Protocol

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.base.telemetry import AttemptObserver
from frontdesk.base.wheel import Timer, Wheel
from frontdesk.client.call import Call
from frontdesk.rules.resilience.breaker import Breaker
from frontdesk.rules.resilience.budget import RetryBudget
from frontdesk.rules.resilience.course import Course
from frontdesk.rules.resilience.retry import Failed, RetryPolicy
from frontdesk.rules.resilience.retry_after import asked_wait

ONCE: Final = RetryPolicy(attempts=1)
"""No retries."""

_TOLD_EVERY: Final = 10.0  # seconds between two log lines about an empty budget

_log = logging.getLogger("frontdesk.upstream")


class Backend(Protocol):
    """The upstream, as attempts see it: where they go, and what all of its calls share."""

    name: str
    breaker: Breaker
    budget: RetryBudget
    observer: AttemptObserver | None

    def send(self, call: Call) -> None:
        """Send one attempt."""
        ...


class Persistent:
    """Sends calls to one backend under one retry policy."""

    def __init__(
        self,
        backend: Backend,
        policy: RetryPolicy,
        timeout: float,
        *,
        clock: Clock,
        wheel: Wheel,
        chance: Callable[[], float] | None = None,
    ) -> None:
        """timeout: seconds for all attempts of a call; whoever calls cancels it then.

        chance: gives 0 to 1, so that those who failed together do not come back together.
        """
        self.backend = backend
        self.policy = policy
        self.timeout = timeout
        self.clock = clock
        self.monotonic = clock.monotonic
        self.wheel = wheel
        self.chance = chance or random.Random().random  # noqa: S311 - spreads, hides nothing
        self._told = float("-inf")

    def send(self, call: Call) -> None:
        """Send a call; `call.respond` or `call.fail` tells what came of it in the end."""
        _Attempts(call, self).begin()

    def tell_exhausted(self, now: float) -> None:
        """Say in the log that the budget is used up, not too often."""
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            _log.warning("retry budget is used up", extra={"upstream": self.backend.name})


class _Attempts(Call):
    """One call: the attempt under way, or the wait before the next."""

    __slots__ = ("_call", "_course", "_rules", "_timer")

    def __init__(self, call: Call, rules: Persistent) -> None:
        # Not by way of the base class: what it would find out is known.
        self.method = call.method
        self.head = call.head
        self.body = call.body
        self.has_host = call.has_host
        self.upgrade = call.upgrade
        self.repeatable = call.repeatable
        self.replayed = False
        self.address = ""
        self.carrier = None
        call.carrier = self
        self._call = call
        self._rules = rules
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Make the first attempt."""
        rules = self._rules
        now, backend = rules.monotonic(), rules.backend
        self._course = Course(rules.policy, backend.breaker, backend.budget, now + rules.timeout)
        self._attempt(now)

    # -- the backend's side ------------------------------------------------------------------------

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        now = self._rules.monotonic()
        self._observe(now, status, "")
        if status < 400:
            self._course.succeeded(now)
        else:
            asked = asked_wait(fields, self._rules.clock.time())
            if self._goes_on(Failed(status, asked=asked), now):
                if type(body) is not bytes:
                    body.cancel()  # type: ignore[union-attr]  # a Source
                return
        call = self._call
        call.carrier = None
        call.address = self.address
        call.respond(status, fields, body, tunnel)

    def fail(self, error: UpstreamError) -> None:
        now = self._rules.monotonic()
        self._observe(now, 0, error.reason)
        if not self._goes_on(Failed(reason=error.reason, sent=error.sent), now):
            self._part().fail(error)

    # -- the caller's side -------------------------------------------------------------------------

    def drop(self, call: Call, *, too_slow: bool) -> None:  # noqa: ARG002 - it has only one
        """Let go of the call, which was cancelled."""
        if self._timer is not None:
            self._timer.stop()
        now = self._rules.monotonic()
        if self._course.under_way:
            self._observe(now, 0, "timeout" if too_slow else "cancelled")
        self._course.dropped(now, too_slow=too_slow)
        self._part()
        self.cancel(too_slow=too_slow)

    # -- attempts ----------------------------------------------------------------------------------

    def _attempt(self, now: float) -> None:
        backend = self._rules.backend
        if self._course.set_out(now):
            backend.send(self)
        else:
            wait = max(1.0, backend.breaker.wait(now))
            refusal = UpstreamError("circuit_open", "Circuit breaker is open", retry_after=wait)
            self._part().fail(refusal)

    def _goes_on(self, failed: Failed, now: float) -> bool:
        """Arrange for another attempt; False: there is none."""
        rules, course = self._rules, self._course
        wait, stop = course.after(
            failed,
            now,
            chance=rules.chance(),
            repeatable=self.repeatable,
            last=(failed.sent and type(self.body) is not bytes)  # what was read of it is gone
            or b"\r\nx-retry-attempt:" in self._call.head.lower(),  # retried in front of us
        )
        if stop:
            if stop == "budget":
                rules.tell_exhausted(now)
            return False
        self.head = b"%bX-Retry-Attempt: %d\r\n" % (self._call.head, course.number - 1)
        self.replayed = False
        if self._timer is None:
            self._timer = rules.wheel.timer(self._again)
        self._timer.at(now + wait)
        return True

    def _again(self) -> None:
        self._attempt(self._rules.monotonic())

    def _part(self) -> Call:
        """Leave the call to its caller."""
        call = self._call
        call.carrier = None
        call.address = self.address
        return call

    def _observe(self, now: float, status: int, error: str) -> None:
        took = now - self._course.begun
        self._call.attempted(self.address, status, error, took)
        observer = self._rules.backend.observer
        if observer is not None:
            observer.attempted(self.method, status, error, took)
