"""Owns the counts of limits that the processes of one host share: one table in memory, one lock.

The kernel frees the lock when its holder is killed, and every write leaves the table valid. So nothing
is leased, sent or repaired: a limit is exact at any rate, whichever process counts.
"""

import fcntl
import mmap
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from frontdesk.ports.ledger import Answer, Claim, Grant, Limit, Quota
from frontdesk.rules.resilience.bucket import SECOND
from frontdesk.rules.resilience.quota import expired

_HEADER: Final = 64
"""Bytes in front: a seed of 16, then numbers: the latest instant that anybody has counted at; the second
since 1970 at which quotas that may be forgotten were over; how many places are not reserved."""
_SEED: Final = slice(0, 16)
_LATEST: Final = slice(16, 24)
_OVER: Final = slice(24, 32)
_PLACES: Final = slice(32, 40)

_DIGEST: Final = 16
_TAT: Final = 8

_WINDOW: Final = 64
"""Places, from its own on, that a key may take."""

_SHARED: Final = 4096
"""Buckets for newcomers that find no place."""

_REMEMBERED: Final = 50_000
"""Keys whose digest each process remembers."""


def create_memory(places: int = 2**17, reserved: int = 2**19) -> int:
    """Make the memory of a ledger; returns its descriptor.

    places, reserved: powers of 2; keys at a time, and those of reserved limits apart. Memory of places
    that nobody has come to is not taken.
    """
    slots = places + _WINDOW + reserved + _WINDOW
    descriptor = os.memfd_create("frontdesk-ledger")
    os.ftruncate(descriptor, _HEADER + slots * (_DIGEST + _TAT) + _SHARED * _TAT)
    # With a seed of its own no client can aim at a place of the table.
    os.pwrite(descriptor, secrets.token_bytes(_SEED.stop), 0)
    os.pwrite(descriptor, places.to_bytes(8, sys.byteorder), _PLACES.start)
    return descriptor


class SharedLedger:
    """An EmbeddedLedger in memory that several processes have mapped. Made for one thread of each.

    One array of digests of keys, and beside it one of their numbers (see `bucket`, `quota`). A key stands at
    its place or at one of the next. A key whose bucket is full again is as good as absent: newcomers
    write over it. A newcomer that finds no place shares one bucket with others of its limit: a flood of
    invented keys can neither fill the memory nor make the ledger forget a count. Subjects of reserved
    limits have places apart, where no client can lead another.

    A process that is killed between two writes leaves a key with a full bucket, or limits from which its
    request has been taken already: the request ends with it.
    """

    __slots__ = (
        "_descriptor",
        "_digest",
        "_latest",
        "_memory",
        "_over",
        "_places",
        "_regions",
        "_shared",
        "_tats",
    )

    def __init__(self, descriptor: int) -> None:
        """Map the memory that `create_memory` has made. descriptor: it stays the caller's."""
        # Opened anew, because a lock belongs to what has been opened, not to the process.
        self._descriptor = os.open(f"/proc/self/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC)
        self._memory = memory = mmap.mmap(self._descriptor, 0)
        slots = (len(memory) - _HEADER - _SHARED * _TAT) // (_DIGEST + _TAT)
        self._places = slots
        free = int.from_bytes(memory[_PLACES], sys.byteorder)
        reserved = slots - free - 2 * _WINDOW
        # First place and mask, by whether a limit is reserved.
        self._regions = ((0, free - 1), (free + _WINDOW, reserved - 1))
        self._tats = memoryview(memory)[_HEADER + slots * _DIGEST :].cast("q")
        self._latest = memoryview(memory)[_LATEST].cast("q")
        self._over = memoryview(memory)[_OVER].cast("q")
        seed = memory[_SEED]

        @lru_cache(_REMEMBERED)
        def digest(key: str) -> bytes:
            text = key.encode("utf-8", "surrogatepass")
            return blake2b(text, digest_size=_DIGEST, key=seed).digest()

        @lru_cache
        def shared(limit: Limit) -> int:
            return slots + int.from_bytes(digest(f"\0{limit}")[:4]) % _SHARED

        self._digest = digest
        self._shared = shared

    def try_take(self, key: str, limit: Limit, n: int, now: float) -> Grant:
        """Take `n` requests from `key`, or nothing."""
        return self._take(((key, limit),), n, now)[1]

    def try_take_all(self, claims: Sequence[Claim], now: float) -> tuple[int, Grant]:
        """Take one request from every claim, or from none. See `ports.ledger.Ledger`."""
        return self._take(claims, 1, now)

    def ask(self, claims: Sequence[Claim], now: float, answer: Answer) -> None:
        """Answer as `try_take_all`, which never needs this."""
        answer(*self.try_take_all(claims, now))

    def preset(self, key: str, quota: Quota, count: int) -> None:
        """Have at least `count` requests taken from a quota."""
        missing = count - self.used(key, quota)
        if missing > 0:
            unbounded = replace(quota, limit=sys.maxsize)
            self._take(((key, unbounded),), missing, 0.0)

    def used(self, key: str, quota: Quota) -> int:
        """Return how many requests have been taken from a quota."""
        return quota.count(self._tats[self._find(self._digest(key), quota)])

    def forget(self, time: float) -> None:
        """Let go, in time, of quotas that were over at `time`, seconds since 1970."""
        self._over[0] = int(time)

    def close(self) -> None:
        """Unmap the memory."""
        self._tats.release()
        self._latest.release()
        self._over.release()
        self._memory.close()
        os.close(self._descriptor)

    def _take(self, claims: Sequence[Claim], n: int, now: float) -> tuple[int, Grant]:
        digests = [self._digest(key) for key, _ in claims]
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            # Who has read the clock first need not be the first here.
            instant = self._latest[0] = max(int(now * SECOND), self._latest[0])
            return self._take_locked(claims, digests, n, instant)
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _take_locked(
        self, claims: Sequence[Claim], digests: list[bytes], n: int, instant: int
    ) -> tuple[int, Grant]:
        tats = self._tats
        places: list[int] = []
        taken: list[int] = []
        tightest, fullest = 0, -1.0
        for digest, (_, limit) in zip(digests, claims, strict=True):
            place = self._find(digest, limit)
            tat = limit.take(tats[place], instant, n)
            if tat is None:
                return self._longest_wait(claims, digests, n, instant)
            fill = limit.fill(tat, instant)
            if fill > fullest:
                tightest, fullest = len(taken), fill
            places.append(place)
            taken.append(tat)
        # Those that have a place first: then no newcomer takes it for free.
        for place, tat in zip(places, taken, strict=True):
            if place < self._places:
                tats[place] = tat
        for place, tat, digest, (_, limit) in zip(places, taken, digests, claims, strict=True):
            if place >= self._places:
                self._add(digest, tat, instant, limit, shared=place)
        return tightest, claims[tightest][1].granted(taken[tightest], instant)

    def _longest_wait(
        self, claims: Sequence[Claim], digests: list[bytes], n: int, instant: int
    ) -> tuple[int, Grant]:
        worst, longest, fullest = 0, 0.0, 0
        for index, (_, limit) in enumerate(claims):
            stored = self._tats[self._find(digests[index], limit)]
            missing = limit.wait(stored, instant, n)
            if missing > longest:
                worst, longest, fullest = index, missing, stored
        return worst, claims[worst][1].refused(fullest, instant, n)

    def _find(self, digest: bytes, limit: Limit) -> int:
        """Find the place of a key. One that is absent begins with the bucket that its limit shares."""
        start = _HEADER + self._first(digest, limit) * _DIGEST
        at = self._memory.find(digest, start, start + _WINDOW * _DIGEST)
        if at >= 0:
            return (at - _HEADER) // _DIGEST
        return self._shared(limit)

    def _first(self, digest: bytes, limit: Limit) -> int:
        region, mask = self._regions[limit.reserved]
        return region + (int.from_bytes(digest[:4]) & mask)

    def _add(self, digest: bytes, tat: int, instant: int, limit: Limit, *, shared: int) -> None:
        first, over = self._first(digest, limit), self._over[0]
        for place in range(first, first + _WINDOW):
            former = self._tats[place]
            if former <= instant or expired(former, over):
                # In this order: half of it is a key with a full bucket.
                at = _HEADER + place * _DIGEST
                self._memory[at : at + _DIGEST] = digest
                self._tats[place] = tat
                return
        self._tats[shared] = max(tat, self._tats[shared])
