"""Owns the attempts of a call: whether the breaker lets one out, what follows a failure, and when.

The rules are `rules.resilience`; here are the clock, the random numbers and the timer. To its caller a
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
from frontdesk.rules.resilience.breaker import REFUSED, Breaker
from frontdesk.rules.resilience.budget import RetryBudget
from frontdesk.rules.resilience.retry import Failed, RetryPolicy, follow
from frontdesk.rules.resilience.retry_after import asked_wait

ONCE: Final = RetryPolicy(attempts=1)
"""No retries."""

_OURS: Final = frozenset(
    {"cancelled", "unavailable", "bulkhead_full", "circuit_open", "egress_limited"}
)
"""Reasons that say nothing about the backend."""

_FAILURES: Final = frozenset(range(500, 600)) - {501}
"""Answers that count against the backend."""

_TOO_BUSY: Final = frozenset({429, 503})
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

    __slots__ = (
        "_begun",
        "_call",
        "_cost",
        "_deadline",
        "_number",
        "_permit",
        "_rules",
        "_timer",
        "_wait",
    )

    # Of the latest attempt; the last two once there has been a retry:
    _permit: int
    _begun: float
    _wait: float
    _cost: int

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
        self._number = 1
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Make the first attempt."""
        rules = self._rules
        now = rules.monotonic()
        self._deadline = now + rules.timeout
        rules.backend.budget.begun()
        self._attempt(now)

    # -- the backend's side ------------------------------------------------------------------------

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        now = self._rules.monotonic()
        if status < 400:
            backend = self._rules.backend
            took = now - self._begun
            backend.breaker.record(self._permit, now, failed=False, took=took)
            if backend.observer is not None:
                backend.observer.attempted(self.method, status, "", took)
            if self._number == 1:  # `_end`, written out: most calls come this way
                backend.budget.ended(succeeded=True)
                call = self._call
                call.carrier = None
                call.address = self.address
                call.respond(status, fields, body, tunnel)
                return
            self._end(succeeded=True)
        else:
            asked = asked_wait(fields, self._rules.clock.time())
            self._judge(now, status, asked or 0.0)
            self._observe(now, status, "")
            if self._goes_on(Failed(status, asked=asked), now):
                if type(body) is not bytes:
                    body.cancel()  # type: ignore[union-attr]  # a Source
                return
            self._end(succeeded=status not in _FAILURES)
        self._call.respond(status, fields, body, tunnel)

    def fail(self, error: UpstreamError) -> None:
        now = self._rules.monotonic()
        if error.reason in _OURS:
            self._release()
        else:
            self._record(now, failed=True)
        self._observe(now, 0, error.reason)
        if not self._goes_on(Failed(reason=error.reason, sent=error.sent), now):
            self._end(succeeded=False)
            self._call.fail(error)

    # -- the caller's side -------------------------------------------------------------------------

    def drop(self, call: Call, *, too_slow: bool) -> None:  # noqa: ARG002 - it has only one
        """Let go of the call, which was cancelled."""
        if self._timer is not None:
            self._timer.stop()
        if self._permit != REFUSED:
            now = self._rules.monotonic()
            self._observe(now, 0, "timeout" if too_slow else "cancelled")
            if too_slow:
                self._record(now, failed=True)
            else:
                self._release()
        self._end(succeeded=False)
        self.cancel(too_slow=too_slow)

    # -- attempts ----------------------------------------------------------------------------------

    def _attempt(self, now: float) -> None:
        backend = self._rules.backend
        self._permit = permit = backend.breaker.admit(now)
        if permit == REFUSED:
            self._end(succeeded=False)
            wait = max(1.0, backend.breaker.wait(now))
            self._call.fail(
                UpstreamError("circuit_open", "Circuit breaker is open", retry_after=wait)
            )
            return
        self._begun = now
        backend.send(self)

    def _goes_on(self, failed: Failed, now: float) -> bool:
        """Arrange for another attempt; False: there is none."""
        rules, budget = self._rules, self._rules.backend.budget
        if failed.sent and type(self.body) is not bytes:  # what was read of it is gone
            return False
        chance = rules.chance()
        wait, stop = follow(
            rules.policy,
            failed,
            self._number,
            repeatable=self.repeatable,
            remaining=self._deadline - now,
            chance=chance,
            previous=self._wait if self._number > 1 else 0.0,
        )
        if stop or b"\r\nx-retry-attempt:" in self._call.head.lower():  # retried in front of us
            return False
        throttled = failed.status in _TOO_BUSY
        cost = budget.take(now, throttled=throttled, first=self._number == 1)
        if not cost:
            rules.tell_exhausted(now)
            return False
        self._cost = cost
        self._wait = wait
        self.head = b"%bX-Retry-Attempt: %d\r\n" % (self._call.head, self._number)
        self._number += 1
        self.replayed = False
        if self._timer is None:
            self._timer = rules.wheel.timer(self._again)
        self._timer.at(now + wait)
        return True

    def _again(self) -> None:
        self._attempt(self._rules.monotonic())

    def _end(self, *, succeeded: bool) -> None:
        """Settle the budget and leave the call to its caller."""
        budget = self._rules.backend.budget
        if self._number == 1:
            budget.ended(succeeded=succeeded)
        else:
            budget.ended(succeeded=succeeded, retried=True, cost=self._cost)
        call = self._call
        call.carrier = None
        call.address = self.address

    # -- what an attempt says of the backend -------------------------------------------------------

    def _judge(self, now: float, status: int, asked: float) -> None:
        """Count an answer of 400 or more."""
        if status == 429:  # too many calls: nothing is broken
            self._release()
        else:
            self._record(now, failed=status in _FAILURES, asked=asked)

    def _record(self, now: float, *, failed: bool, asked: float = 0.0) -> None:
        permit, self._permit = self._permit, REFUSED
        took = now - self._begun
        self._rules.backend.breaker.record(permit, now, failed=failed, took=took, asked=asked)

    def _release(self) -> None:
        permit, self._permit = self._permit, REFUSED
        self._rules.backend.breaker.release(permit)

    def _observe(self, now: float, status: int, error: str) -> None:
        observer = self._rules.backend.observer
        if observer is not None:
            observer.attempted(self.method, status, error, now - self._begun)
