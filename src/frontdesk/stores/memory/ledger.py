"""Owns the counts of limits in this process: one number per key, memory bounded, no timers.

Made for one thread: a call is never interrupted by another one, which makes the counts exact.
"""

from collections import deque
from collections.abc import Sequence

from frontdesk.ports.ledger import Claim, Grant, Rule
from frontdesk.rules.resilience.bucket import SECOND, granted, refused, take, wait

_SWEPT_PER_NEW_KEY = 2  # one would keep pace; the second shrinks the table after a rush
_NOT_SWEPT = 256  # so few keys are not worth looking after


class MemoryLedger:
    """A Ledger in a dict.

    A key whose bucket is full again is as good as absent: each new key makes the oldest ones be looked
    at, and dropped or put back. When `max_keys` are all in use, further subjects of a rule share one
    bucket: a flood of invented keys can neither fill the memory nor make the ledger forget a count.
    """

    __slots__ = ("_max_keys", "_oldest", "_overflow", "_tats")

    def __init__(self, max_keys: int = 100_000) -> None:
        """max_keys: about 200 bytes each."""
        self._max_keys = max_keys
        self._tats: dict[str, int] = {}
        self._oldest: deque[str] = deque()
        self._overflow: dict[Rule, int] = {}  # the shared buckets; empty but for a flood

    def __len__(self) -> int:
        """Buckets held, full ones among them."""
        return len(self._tats) + len(self._overflow)

    def try_take(self, key: str, rule: Rule, n: int, now: float) -> Grant:
        """Take `n` requests from `key`, or nothing. See `ports.ledger.Ledger`."""
        instant = int(now * SECOND)
        stored = self._stored(key, rule)
        tat = take(stored, instant, rule, n)
        if tat is None:
            return refused(stored, instant, rule, n)
        self._store(key, rule, tat, instant)
        return granted(tat, instant, rule)

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant]:
        """Take one request from every claim, or from none. See `ports.ledger.Ledger`."""
        instant = int(now * SECOND)
        tats = self._tats
        taken: list[tuple[str, Rule, int]] = []
        tightest, fullest = 0, -1.0
        for key, rule in claims:
            stored = tats.get(key)
            if stored is None:
                stored = self._stored(key, rule)
            tat = take(stored, instant, rule, 1)
            if tat is None:
                return self._longest_wait(claims, instant)
            fill = (tat - instant) / rule.span
            if fill > fullest:
                tightest, fullest = len(taken), fill
            taken.append((key, rule, tat))
        for key, rule, tat in taken:
            if key in tats:
                tats[key] = tat
            else:
                self._store(key, rule, tat, instant)
        _, rule, tat = taken[tightest]
        return tightest, granted(tat, instant, rule)

    def _longest_wait(self, claims: Sequence[Claim], instant: int) -> tuple[int, Grant]:
        worst, longest, fullest = 0, 0, 0
        for index, (key, rule) in enumerate(claims):
            stored = self._stored(key, rule)
            missing = wait(stored, instant, rule, 1)
            if missing > longest:
                worst, longest, fullest = index, missing, stored
        return worst, refused(fullest, instant, claims[worst][1], 1)

    def _stored(self, key: str, rule: Rule) -> int:
        # A subject that shared a bucket begins its own with that one's state, not with a new burst.
        return self._tats.get(key) or (self._overflow.get(rule, 0) if self._overflow else 0)

    def _store(self, key: str, rule: Rule, tat: int, instant: int) -> None:
        tats = self._tats
        if key in tats:
            tats[key] = tat
            return
        self._sweep(instant)
        if len(tats) < self._max_keys:
            tats[key] = tat
            self._oldest.append(key)
        else:
            self._overflow[rule] = tat

    def _sweep(self, instant: int) -> None:
        tats, oldest = self._tats, self._oldest
        if len(oldest) > _NOT_SWEPT or len(oldest) >= self._max_keys:
            for _ in range(min(_SWEPT_PER_NEW_KEY, len(oldest))):
                key = oldest.popleft()
                if tats[key] > instant:
                    oldest.append(key)
                else:
                    del tats[key]
        if self._overflow:
            self._overflow = {rule: tat for rule, tat in self._overflow.items() if tat > instant}
