"""The Ledger port: who may still take how much of what, answered synchronously.

Owns the contract of rate limits. Adapters: `stores.memory.ledger`; the conformance suite runs on each.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit as GCRA sees it.

    name: `[A-Za-z0-9_-]+`, shown in RateLimit fields. interval: seconds between two requests at the
    sustained rate (period / limit). burst: requests that may come at once, at least 1.
    limit, window: the same rule as the operator wrote it (requests, seconds), for the headers.
    """

    name: str
    interval: float
    burst: int
    limit: int
    window: float


class Grant(NamedTuple):
    """The answer to one attempt.

    remaining: whole requests that would still be allowed now. reset: seconds until the full burst is
    back. retry_after: seconds until the refused request could pass, 0.0 when allowed.
    """

    allowed: bool
    remaining: int
    reset: float
    retry_after: float


class Ledger(Protocol):
    """Counts for limits. A refused attempt consumes nothing."""

    def try_take(self, key: bytes | str, rule: Rule, n: int, now: float) -> Grant:
        """Take `n` requests from `key` under `rule` at monotonic second `now`, or nothing.

        key must name the limit and its subject; two rules never share a key.
        """
        ...
