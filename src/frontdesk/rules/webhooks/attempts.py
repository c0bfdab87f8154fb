"""Owns what becomes of a delivery after an attempt: done with, tried again and when, or given up. Pure.

Source: Svix, "Retry Schedule"; Standard Webhooks, "Deliverability and reliability"; RFC 9110 §10.2.3.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

SCHEDULE: Final = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds between the attempts: eight of them in 27 hours and a half."""

JITTER: Final = 0.2
"""Share of a wait by which it may be shorter or longer."""

SLOWED: Final = 60.0
"""Seconds that somebody is left alone at least who is too slow, or says that we are too fast."""

LONGEST_PAUSE: Final = 86_400.0
"""Seconds that a Retry-After is followed at most."""

_GONE: Final = 410
_TOO_MANY: Final = 429
_ASKING: Final = frozenset({429, 503})
_LATE: Final = frozenset({"timeout", "connect_timeout"})


class Result(NamedTuple):
    """What an attempt has come to.

    status: of the answer, 0 without one. reason: of the UpstreamError, "" for a whole answer. asked: seconds
    of its Retry-After.
    """

    status: int = 0
    reason: str = ""
    asked: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver has it."""
        return not self.reason and 200 <= self.status < 300

    @property
    def error(self) -> str:
        """Why it has failed, in a word; "" where it has not."""
        return self.reason or ("" if self.succeeded else f"status {self.status}")


class Verdict(NamedTuple):
    """What follows. wait: seconds until the next attempt. pause: until anything else is sent there.

    gone: the endpoint wants nothing any more.
    """

    state: Literal["delivered", "waiting", "exhausted"]
    wait: float = 0.0
    pause: float = 0.0
    gone: bool = False


def verdict(result: Result, tries: int, schedule: Sequence[float], chance: float) -> Verdict:
    """Judge an attempt. tries: how many were made before it. chance: a random number from 0 to 1."""
    if result.succeeded:
        return Verdict("delivered")
    asked = 0.0
    if result.status in _ASKING and not result.reason:
        asked = min(result.asked or 0.0, LONGEST_PAUSE)
    gone = result.status == _GONE and not result.reason
    if gone or tries >= len(schedule):
        return Verdict("exhausted", pause=asked, gone=gone)
    wait = schedule[tries] * (1.0 - JITTER + 2 * JITTER * chance)
    slowed = result.status == _TOO_MANY or result.reason in _LATE
    return Verdict("waiting", max(wait, asked, SLOWED if slowed else 0.0), asked)
