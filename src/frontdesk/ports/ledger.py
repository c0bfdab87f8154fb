"""The Ledger port: who may still take how much of what.

Owns the contract of rate limits and quotas. Adapters: `stores.memory.ledger` and
`stores.shared_memory.ledger` are embedded, they always know the answer; `stores.redis.ledger` may have to
ask first. The conformance suite runs on each.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from frontdesk.rules.resilience.bucket import Grant, Rule
from frontdesk.rules.resilience.quota import Quota

__all__ = [
    "UNKNOWN",
    "Answer",
    "Claim",
    "EmbeddedLedger",
    "Grant",
    "Ledger",
    "Limit",
    "Quota",
    "Rule",
]

Limit = Rule | Quota

Claim = tuple[str, Limit]
"""A key and its limit. The key names the limit and its subject; two limits never share a key."""

Answer = Callable[[int, Grant], None]
"""Takes what `try_take_all` returns."""

UNKNOWN: Final = Grant(False, 0, 1.0, 1.0)
"""The grant of an attempt that is refused because the counts are out of reach: told by `is`, and a fault
of ours, not of the caller. Never given by embedded ledgers."""


class Ledger(Protocol):
    """Counts for limits. A refused attempt consumes nothing. `now` never goes back between calls."""

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant] | None:
        """Take one request from every claim, or from none. claims: at least one, keys distinct.

        now: monotonic second. Returns the index and the grant of the claim that matters: when all pass,
        the tightest (the fullest bucket of its burst); otherwise the refusing one with the longest wait.
        None: the counts are elsewhere, and have to be asked for by `ask`. Embedded ledgers never say so.
        """
        ...

    def ask(self, claims: Sequence[Claim], now: float, answer: Answer) -> None:
        """Take after all what `try_take_all` could not tell at once.

        answer: called once, on the event loop, never before this returns, and soon: a store that does
        not answer is taken for lost, and then the policy for that case decides.
        """
        ...


class EmbeddedLedger(Ledger, Protocol):
    """A ledger whose counts end with the machine's memory: its quotas are to be preset after a start."""

    def preset(self, key: str, quota: Quota, count: int) -> None:
        """Have at least `count` requests taken from a quota."""
        ...

    def used(self, key: str, quota: Quota) -> int:
        """Return how many requests have been taken from a quota."""
        ...

    def forget(self, time: float) -> None:
        """Let go, in time, of quotas that were over at `time`, seconds since 1970."""
        ...
