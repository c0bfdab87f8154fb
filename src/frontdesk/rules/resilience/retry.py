"""Owns the decision whether a failed attempt is followed by another one, and when. Pure.

Source of what may be repeated: RFC 9110 §9.2.2; HTTP API draft "The Idempotency-Key HTTP Header Field".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from frontdesk.rules.resilience.backoff import Backoff

FAILURES: Final[Mapping[str, frozenset[str]]] = {
    "closed": frozenset({"closed"}),
    "connect": frozenset({"resolve", "connect", "connect_timeout"}),
    "timeout": frozenset({"timeout"}),
}
"""What `on` may say of an attempt without an answer → reasons of an UpstreamError."""

STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which another attempt may go better."""

ON: Final[frozenset[str | int]] = frozenset({*FAILURES, *STATUSES})
"""Everything that is retried where nothing else is said."""

_REFUSALS: Final = frozenset({429, 503})  # with Retry-After: the server has not done the work
_LATER: Final = 0.1  # of what was asked for, at most: so that not all come back at once


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which failures are tried again, how often and how soon.

    attempts: all of them, the first included; at least 1. on: words of `FAILURES` and statuses.
    longest_wait: seconds that a server may ask to wait; beyond them its answer is passed on.
    any_method: retry what is not idempotent like everything else.
    """

    attempts: int = 3
    on: frozenset[str | int] = ON
    backoff: Backoff = field(default_factory=Backoff)
    longest_wait: float = 60.0
    any_method: bool = False
    statuses: frozenset[int] = field(init=False)
    """Those of `on`."""
    reasons: frozenset[str] = field(init=False)
    """The reasons that the words of `on` stand for."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("expected at least 1 attempt")
        words = [word for word in self.on if isinstance(word, str)]
        reasons = frozenset[str]().union(*(FAILURES[word] for word in words))
        object.__setattr__(self, "statuses", frozenset(on for on in self.on if type(on) is int))
        object.__setattr__(self, "reasons", reasons)


class Failed(NamedTuple):
    """What one attempt came to.

    status: of the answer, 0 without one. reason: of the UpstreamError, "" with an answer. sent: whether
    the server may have begun to work. asked: seconds of Retry-After, None without.
    """

    status: int = 0
    reason: str = ""
    sent: bool = True
    asked: float | None = None


class Next(NamedTuple):
    """What follows.

    wait: seconds until the next attempt. stop: "" for one, else why there is none: `final` (such a failure
    is not retried), `unrepeatable` (it might be done twice), `attempts` (all used), `later` (the server
    asks for a longer wait than allowed), `deadline` (no time is left).
    """

    wait: float = 0.0
    stop: str = ""


def follow(
    policy: RetryPolicy,
    failed: Failed,
    number: int,
    *,
    repeatable: bool,
    remaining: float,
    chance: float,
    previous: float = 0.0,
) -> Next:
    """Decide what follows failed attempt `number`, which counts from 1.

    repeatable: sending it twice does no more than sending it once. remaining: seconds until nobody waits
    any more. chance: a random number from 0 to 1. previous: seconds waited before this attempt.
    """
    if not (failed.status in policy.statuses or failed.reason in policy.reasons):
        return Next(stop="final")
    if not (repeatable or policy.any_method or _nothing_done(failed)):
        return Next(stop="unrepeatable")
    if number >= policy.attempts:
        return Next(stop="attempts")
    wait = policy.backoff.wait(number, chance, previous)
    if failed.asked is not None:
        if failed.asked > policy.longest_wait:
            return Next(stop="later")
        wait = max(wait, failed.asked * (1 + _LATER * chance))
    return Next(stop="deadline") if wait >= remaining else Next(wait)


def _nothing_done(failed: Failed) -> bool:
    return not failed.sent or (failed.asked is not None and failed.status in _REFUSALS)
