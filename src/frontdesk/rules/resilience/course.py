"""Owns one call on its way through its attempts: what the breaker lets out, what follows a failure. Pure.

The one core of all outbound calls: the door's upstreams and `frontdesk.Client` are shells around it, which
hold the clock, the random numbers and the timers.
"""

from typing import Final

from frontdesk.rules.resilience.breaker import REFUSED, Breaker
from frontdesk.rules.resilience.budget import RetryBudget
from frontdesk.rules.resilience.retry import Failed, Next, RetryPolicy, follow

FAILURES: Final = frozenset(range(500, 600)) - {501}
"""Answers that count against the backend."""

_OURS: Final = frozenset(
    {
        *("cancelled", "unavailable", "bulkhead_full", "circuit_open", "egress_limited"),
        *("blocked", "throttled", "unauthorized"),
    }
)
"""Reasons that say nothing about the backend."""

_TOO_MANY: Final = 429
_TOO_BUSY: Final = frozenset({_TOO_MANY, 503})


class Course:
    """The attempts of one call.

    Each attempt begins with `set_out` and ends with one of `succeeded`, `after` and `dropped`. The call is
    over after `succeeded`, `dropped`, a refused `set_out` and an `after` that stops. All moments are
    monotonic seconds.

    number: of the latest attempt, counted from 1. begun: when it set out; whoever holds it back moves this.
    """

    __slots__ = (
        "_breaker",
        "_budget",
        "_cost",
        "_deadline",
        "_permit",
        "_policy",
        "_wait",
        "begun",
        "number",
    )

    def __init__(
        self,
        policy: RetryPolicy,
        breaker: Breaker,
        budget: RetryBudget,
        deadline: float,
        *,
        permit: int = REFUSED,
        begun: float = 0.0,
    ) -> None:
        """deadline: from which on nobody waits any more.

        permit, begun: of a first attempt that has set out already; then the budget knows of the call, too.
        """
        self._policy = policy
        self._breaker = breaker
        self._budget = budget
        self._deadline = deadline
        self._permit = permit
        self._cost = 0  # tokens of the latest retry
        self._wait = 0.0  # before the latest attempt
        self.number = 1
        self.begun = begun
        if permit == REFUSED:
            budget.begun += 1

    def set_out(self, now: float) -> bool:
        """Begin an attempt; False: the breaker refuses it, and the call is over."""
        self._permit = permit = self._breaker.admit(now)
        if permit == REFUSED:
            self._end(succeeded=False)
            return False
        self.begun = now
        return True

    def succeeded(self, now: float) -> None:
        """Learn of an answer below 400."""
        self._breaker.record(self._permit, now, failed=False, took=now - self.begun)
        self._end(succeeded=True)

    def after(
        self, failed: Failed, now: float, *, chance: float, repeatable: bool, last: bool = False
    ) -> Next:
        """Learn of any other end; returns what follows. Stops as `follow` does, and with `budget`.

        chance: a random number from 0 to 1. repeatable: as of `follow`. last: there is no other attempt.
        """
        self._judge(failed, now)
        then = Next(stop="final")
        if not last:
            then = follow(
                self._policy,
                failed,
                self.number,
                repeatable=repeatable,
                remaining=self._deadline - now,
                chance=chance,
                previous=self._wait,
            )
        if not then.stop:
            throttled = failed.status in _TOO_BUSY
            cost = self._budget.take(now, throttled=throttled, first=self.number == 1)
            if cost:
                self._cost = cost
                self._wait = then.wait
                self.number += 1
                return then
            then = Next(stop="budget")
        self._end(succeeded=bool(failed.status) and failed.status not in FAILURES)
        return then

    def dropped(self, now: float, *, too_slow: bool = False) -> None:
        """Learn that the caller has given up, during an attempt or between two. too_slow: see Call.cancel."""
        if self._permit != REFUSED:
            if too_slow:
                self._record(now, failed=True)
            else:
                self._release()
        self._end(succeeded=False)

    @property
    def under_way(self) -> bool:
        """Whether an attempt has begun and not ended."""
        return self._permit != REFUSED

    def _judge(self, failed: Failed, now: float) -> None:
        # 429 says that there are too many calls, not that anything is broken.
        if failed.status == _TOO_MANY or failed.reason in _OURS:
            self._release()
        else:
            broken = failed.status in FAILURES or bool(failed.reason)
            self._record(now, failed=broken, asked=failed.asked or 0.0)

    def _record(self, now: float, *, failed: bool, asked: float = 0.0) -> None:
        permit, self._permit = self._permit, REFUSED
        self._breaker.record(permit, now, failed=failed, took=now - self.begun, asked=asked)

    def _release(self) -> None:
        permit, self._permit = self._permit, REFUSED
        self._breaker.release(permit)

    def _end(self, *, succeeded: bool) -> None:
        retried = self.number > 1
        self._budget.end(succeeded=succeeded, retried=retried, cost=self._cost)
