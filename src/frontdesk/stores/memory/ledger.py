"""Owns the counts of limits in this process: one number per key, memory bounded, no timers.

Made for one thread: a call is never interrupted by another one, which makes the counts exact.
"""

from collections import deque
from collections.abc import Sequence

from frontdesk.ports.ledger import Answer, Claim, Grant, Limit, Quota
from frontdesk.rules.resilience.bucket import SECOND
from frontdesk.rules.resilience.quota import expired

_SWEPT_PER_NEW_KEY = 2  # one would keep pace; the second shrinks the table after a rush
_NOT_SWEPT = 256  # so few keys are not worth looking after


class MemoryLedger:
    """An EmbeddedLedger in a dict.

    A key whose bucket is full again is as good as absent: each new key makes the oldest ones be looked
    at, and dropped or put back. When `max_keys` are all in use, further subjects of a limit share one
    bucket: a flood of invented keys can neither fill the memory nor make the ledger forget a count.
    Subjects of reserved limits are not among these, and have room whatever comes.
    """

    __slots__ = ("_max_keys", "_numbers", "_oldest", "_over", "_overflow", "_reserved")

    def __init__(self, max_keys: int = 100_000) -> None:
        """max_keys: about 200 bytes each."""
        self._max_keys = max_keys
        self._numbers: dict[str, int] = {}
        self._oldest: deque[str] = deque()
        self._reserved: deque[str] = deque()  # as `_oldest`, of reserved limits
        self._over = 0.0
        self._overflow: dict[Limit, int] = {}  # the shared buckets; empty but for a flood

    def __len__(self) -> int:
        """Buckets held, full ones among them."""
        return len(self._numbers) + len(self._overflow)

    def try_take(self, key: str, limit: Limit, n: int, now: float) -> Grant:
        """Take `n` requests from `key`, or nothing."""
        instant = int(now * SECOND)
        stored = self._stored(key, limit)
        taken = limit.take(stored, instant, n)
        if taken is None:
            return limit.refused(stored, instant, n)
        self._store(key, limit, taken, instant)
        return limit.granted(taken, instant)

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant]:
        """Take one request from every claim, or from none. See `ports.ledger.Ledger`."""
        instant = int(now * SECOND)
        numbers = self._numbers
        if len(claims) == 1:  # most often: there is nothing to compare
            key, limit = claims[0]
            stored = numbers.get(key)
            number = None if stored is None else limit.take(stored, instant, 1)
            if number is not None:
                numbers[key] = number
                return 0, limit.granted(number, instant)
        taken: list[tuple[str, Limit, int]] = []
        tightest, fullest = 0, -1.0
        for key, limit in claims:
            stored = numbers.get(key)
            if stored is None:
                stored = self._stored(key, limit)
            number = limit.take(stored, instant, 1)
            if number is None:
                return self._longest_wait(claims, instant)
            fill = limit.fill(number, instant)
            if fill > fullest:
                tightest, fullest = len(taken), fill
            taken.append((key, limit, number))
        for key, limit, number in taken:
            if key in numbers:
                numbers[key] = number
            else:
                self._store(key, limit, number, instant)
        _, limit, number = taken[tightest]
        return tightest, limit.granted(number, instant)

    def ask(self, claims: Sequence[Claim], now: float, answer: Answer) -> None:
        """Answer as `try_take_all`, which never needs this."""
        answer(*self.try_take_all(claims, now))

    def preset(self, key: str, quota: Quota, count: int) -> None:
        """Have at least `count` requests taken from a quota."""
        if count > self.used(key, quota):
            self._store(key, quota, quota.preset(count), 0)

    def used(self, key: str, quota: Quota) -> int:
        """Return how many requests have been taken from a quota."""
        return quota.count(self._numbers.get(key, 0))

    def forget(self, time: float) -> None:
        """Let go, in time, of quotas that were over at `time`, seconds since 1970."""
        self._over = time

    def _longest_wait(self, claims: Sequence[Claim], instant: int) -> tuple[int, Grant]:
        worst, longest, fullest = 0, 0.0, 0
        for index, (key, limit) in enumerate(claims):
            stored = self._stored(key, limit)
            missing = limit.wait(stored, instant, 1)
            if missing > longest:
                worst, longest, fullest = index, missing, stored
        return worst, claims[worst][1].refused(fullest, instant, 1)

    def _stored(self, key: str, limit: Limit) -> int:
        # A subject that shared a bucket begins its own with that one's state, not with a new burst.
        return self._numbers.get(key) or (self._overflow.get(limit, 0) if self._overflow else 0)

    def _store(self, key: str, limit: Limit, number: int, instant: int) -> None:
        numbers = self._numbers
        if key in numbers:
            numbers[key] = number
            return
        oldest = self._reserved if limit.reserved else self._oldest
        self._sweep(oldest, instant)
        if limit.reserved or len(oldest) < self._max_keys:
            numbers[key] = number
            oldest.append(key)
        else:
            self._overflow[limit] = number

    def _sweep(self, oldest: deque[str], instant: int) -> None:
        numbers = self._numbers
        if len(oldest) > _NOT_SWEPT or len(oldest) >= self._max_keys:
            for _ in range(min(_SWEPT_PER_NEW_KEY, len(oldest))):
                key = oldest.popleft()
                number = numbers[key]
                if number > instant and not expired(number, self._over):
                    oldest.append(key)
                else:
                    del numbers[key]
        if self._overflow:
            self._overflow = {
                limit: number for limit, number in self._overflow.items() if number > instant
            }
