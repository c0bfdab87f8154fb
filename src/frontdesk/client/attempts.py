"""Owns the attempts of a call: whether the breaker lets one out, what follows a failure, and when.

The rules are `rules.resilience.course`; here are the clock, the random numbers and the timer. The call itself
is each of its attempts: as long as nothing fails, it costs a look at the breaker and two numbers of the budget.
"""

import logging
import random
from collections.abc import Callable
from typing import Final, Protocol

from frontdesk.base.clock import Clock
from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.base.telemetry import AttemptObserver
from frontdesk.base.wheel import Wheel
from frontdesk.client.call import Call
from frontdesk.rules.resilience.breaker import REFUSED, Breaker
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
        # What each call looks at, without going by way of the backend.
        self.name, self.observer = backend.name, backend.observer
        self.breaker, self.budget = backend.breaker, backend.budget
        self.attempt = backend.send
        self.policy = policy
        self.timeout = timeout
        self.clock = clock
        self.monotonic = clock.monotonic
        self.wheel = wheel
        self.chance = chance or random.Random().random  # noqa: S311 - spreads, hides nothing
        self._told = float("-inf")

    def send(self, call: "Persisting") -> None:
        """Send a call; `call.respond` or `call.fail` tells what came of it in the end."""
        call.rules = self
        call.later = None
        call.begun = now = self.monotonic()
        self.budget.begun += 1
        breaker = self.breaker
        call.permit = permit = breaker.generation if breaker.calm else breaker.admit(now)
        if permit != REFUSED:
            self.attempt(call)
        else:
            self.budget.end(succeeded=False)
            call.give_up(self.refusal(now))

    def refusal(self, now: float) -> UpstreamError:
        """Say that the breaker lets nothing out, and for how long."""
        wait = max(1.0, self.breaker.wait(now))
        return UpstreamError("circuit_open", "Circuit breaker is open", retry_after=wait)

    def tell_exhausted(self, now: float) -> None:
        """Say in the log that the budget is used up, not too often."""
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            _log.warning("retry budget is used up", extra={"upstream": self.name})


class Persisting(Call):
    """A call that a `Persistent` may repeat; to be named before the class that takes the answer.

    That class hears of the answer with which it ends, of no other.

    rules: whose it is, until it is over; None makes a call like any other, for whatever else it is sent by.
    permit, begun: of the first attempt. later: what the others need.
    """

    __slots__ = ("begun", "later", "permit", "rules")

    rules: Persistent | None
    later: "_Later | None"
    permit: int
    begun: float

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        rules = self.rules
        if rules is not None:
            now = rules.monotonic()
            if status < 400 and self.later is None:
                self.rules = None
                took = now - self.begun
                # Nearly all calls come here while neither breaker nor purse would change: two looks say so.
                if not rules.breaker.calm:
                    rules.breaker.record(self.permit, now, failed=False, took=took)
                budget = rules.budget
                if budget.untouched:
                    budget.ended += 1
                else:
                    budget.end(succeeded=True)
                observer = rules.observer
                if observer is not None:
                    observer.attempted(self.method, status, "", took)
            elif self._later(rules).answered(now, status, fields):
                if type(body) is not bytes:
                    body.cancel()  # type: ignore[union-attr]  # a Source
                return
        self.take(status, fields, body, tunnel)

    def take(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        """Take the answer with which the call ends."""
        super().respond(status, fields, body, tunnel)

    def fail(self, error: UpstreamError) -> None:
        rules = self.rules
        if rules is None or not self._later(rules).failed(rules.monotonic(), error):
            super().fail(error)

    def cancel(self, *, too_slow: bool = False) -> None:
        rules = self.rules
        if rules is not None:
            self._later(rules).dropped(rules.monotonic(), too_slow=too_slow)
        super().cancel(too_slow=too_slow)

    def give_up(self, error: UpstreamError) -> None:
        """Fail for good."""
        self.rules = None
        super().fail(error)

    def _later(self, rules: Persistent) -> "_Later":
        found = self.later
        if found is None:
            found = self.later = _Later(self, rules)
        return found


class _Later:
    """What a call needs when its first attempt has not simply been answered."""

    __slots__ = ("_call", "_course", "_head", "_rules", "_timer")

    def __init__(self, call: Persisting, rules: Persistent) -> None:
        self._call = call
        self._rules = rules
        self._head = call.head
        self._course = Course(
            rules.policy,
            rules.breaker,
            rules.budget,
            call.begun + rules.timeout,
            permit=call.permit,
            begun=call.begun,
        )
        self._timer = rules.wheel.timer(self._again)

    def answered(self, now: float, status: int, fields: Fields) -> bool:
        """Learn of an answer; whether another attempt will follow."""
        if status < 400:
            self._over(now, status, "")
            self._course.succeeded(now)
            return False
        asked = asked_wait(fields, self._rules.clock.time())
        return self._goes_on(Failed(status, asked=asked), now)

    def failed(self, now: float, error: UpstreamError) -> bool:
        """Learn that there is no answer; whether another attempt will follow."""
        return self._goes_on(Failed(reason=error.reason, sent=error.sent), now)

    def dropped(self, now: float, *, too_slow: bool) -> None:
        """Learn that nobody waits any more."""
        self._timer.stop()
        course = self._course
        if course.under_way:
            self._over(now, 0, "timeout" if too_slow else "cancelled")
        self._call.rules = None
        course.dropped(now, too_slow=too_slow)

    def _goes_on(self, failed: Failed, now: float) -> bool:
        """Arrange for another attempt; False: there is none."""
        rules, course, call = self._rules, self._course, self._call
        begun = course.begun
        wait, stop = course.after(
            failed,
            now,
            chance=rules.chance(),
            repeatable=call.repeatable,
            last=(failed.sent and type(call.body) is not bytes)  # what was read of it is gone
            or b"\r\nx-retry-attempt:" in self._head.lower(),  # retried in front of us
        )
        if stop:
            if stop == "budget":
                rules.tell_exhausted(now)
            self._over(now, failed.status, failed.reason)
            return False
        self._observe(failed.status, failed.reason, now - begun)
        call.attempted(call.address, failed.status, failed.reason, now - begun)
        call.head = b"%bX-Retry-Attempt: %d\r\n" % (self._head, course.number - 1)
        call.replayed = False
        self._timer.at(now + wait)
        return True

    def _again(self) -> None:
        rules = self._rules
        now = rules.monotonic()
        if self._course.set_out(now):
            rules.attempt(self._call)
        else:
            self._call.give_up(rules.refusal(now))

    def _over(self, now: float, status: int, error: str) -> None:
        """Take note of the last attempt."""
        call, took = self._call, now - self._course.begun
        call.rules = None
        self._observe(status, error, took)
        if self._course.number > 1:
            call.attempted(call.address, status, error, took)

    def _observe(self, status: int, error: str, took: float) -> None:
        observer = self._rules.observer
        if observer is not None:
            observer.attempted(self._call.method, status, error, took)
