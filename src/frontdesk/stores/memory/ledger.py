"""Owns the counts of limits in this process: one number per key, memory bounded, no timers.

Made for one thread: a call is never interrupted by another one, which makes the counts exact.
"""

from collections import deque
from collections.abc import Sequence

from frontdesk.ports.ledger import Claim, Grant, Rule
from frontdesk.rules.resilience.bucket import SECOND, granted, refused, take

_SWEPT_PER_NEW_KEY = 2  # one would keep pace; the second shrinks the table after a rush


class MemoryLedger:
    """A Ledger in a dict.

    A key whose bucket is full again is as good as absent: each new key makes the oldest ones be looked
    at, and dropped or put back. When `max_keys` are all in use, further subjects of a rule share one
    bucket: a flood of invented keys can neither fill the memory nor make the ledger forget a count.
    """

    __slots__ = ("_max_keys", "_oldest", "_tats")

    def __init__(self, max_keys: int = 100_000) -> None:
        """max_keys: about 200 bytes each."""
        self._max_keys = max_keys
        self._tats: dict[str | Rule, int] = {}
        self._oldest: deque[str | Rule] = deque()

    def __len__(self) -> int:
        """Keys held, expired ones among them."""
        return len(self._tats)

    def try_take(self, key: str, rule: Rule, n: int, now: float) -> Grant:
        """Take `n` requests from `key`, or nothing. See `ports.ledger.Ledger`."""
        instant = int(now * SECOND)
        place: str | Rule = key
        stored = self._tats.get(key)
        if stored is None:
            place, stored = self._first(key, rule, instant)
        tat = take(stored, instant, rule, n)
        if tat is None:
            return refused(stored, instant, rule, n)
        if place not in self._tats:
            self._oldest.append(place)
        self._tats[place] = tat
        return granted(tat, instant, rule)

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant]:
        """Take one request from every claim, or from none. See `ports.ledger.Ledger`."""
        instant = int(now * SECOND)
        tats = self._tats
        taken: list[tuple[str | Rule, int]] = []
        tightest, fullest = 0, -1.0
        for index, (key, rule) in enumerate(claims):
            place: str | Rule = key
            stored = tats.get(key)
            if stored is None:
                place, stored = self._first(key, rule, instant)
            tat = take(stored, instant, rule, 1)
            if tat is None:
                return self._longest_wait(claims, instant)
            taken.append((place, tat))
            fill = (tat - instant) / rule.span
            if fill > fullest:
                tightest, fullest = index, fill
        for place, tat in taken:
            if place not in tats:
                self._oldest.append(place)
            tats[place] = tat
        return tightest, granted(taken[tightest][1], instant, claims[tightest][1])

    def _longest_wait(self, claims: Sequence[Claim], instant: int) -> tuple[int, Grant]:
        refusals = []
        for index, (key, rule) in enumerate(claims):
            stored = self._tats.get(key) or self._tats.get(rule, 0)
            if take(stored, instant, rule, 1) is None:
                refusals.append((index, refused(stored, instant, rule, 1)))
        return max(refusals, key=lambda refusal: refusal[1].retry_after)

    def _first(self, key: str, rule: Rule, instant: int) -> tuple[str | Rule, int]:
        """Return where a key that is not held will be kept, and its tat so far."""
        tats, oldest = self._tats, self._oldest
        for _ in range(min(_SWEPT_PER_NEW_KEY, len(oldest))):
            old = oldest.popleft()
            if tats[old] > instant:
                oldest.append(old)
            else:
                del tats[old]
        place = key if len(tats) < self._max_keys else rule
        # A subject that shared a bucket begins its own with that one's state, not with a new burst.
        return place, tats.get(rule, 0)
