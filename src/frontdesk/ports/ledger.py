"""The Ledger port: who may still take how much of what, answered synchronously.

Owns the contract of rate limits. Adapters: `stores.memory.ledger`; the conformance suite runs on each.
"""

from collections.abc import Sequence
from typing import Protocol

from frontdesk.rules.resilience.bucket import Grant, Rule

__all__ = ["Claim", "Grant", "Ledger", "Rule"]

Claim = tuple[str, Rule]
"""A key and its rule. The key names the limit and its subject; two rules never share a key."""


class Ledger(Protocol):
    """Counts for limits. A refused attempt consumes nothing. `now` never goes back between calls."""

    def try_take(self, key: str, rule: Rule, n: int, now: float) -> Grant:
        """Take `n` requests from `key` under `rule` at monotonic second `now`, or nothing."""
        ...

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant]:
        """Take one request from every claim, or from none. claims: at least one, keys distinct.

        Returns the index and the grant of the claim that matters: when all pass, the tightest (the
        fullest bucket of its burst); otherwise the refusing one with the longest wait.
        """
        ...
