"""Owns answers in this process: what the Cache port means, in the fewest words. Bounded by bytes.

Made for one thread. An answer that has been read lately outlives one that has not.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final

from frontdesk.ports.cache import MAX_WAITING, PASSING, Entry, Flight, Stats, Waiter

MAX_BYTES: Final = 64 * 1024**2
MAX_ENTRY: Final = 1024**2

_SKEW: Final = 60.0  # seconds by which clocks may differ, or have been set back
_MAX_PASSING: Final = 10_000  # keys


class MemoryCache:
    """See `ports.cache.Cache`; gone with the process."""

    def __init__(self, max_bytes: int = MAX_BYTES, max_entry: int = MAX_ENTRY) -> None:
        """max_bytes: of all entries. max_entry: of one; none is kept that is larger than all may be."""
        self.max_entry = min(max_entry, max_bytes)
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0
        self._evictions = 0
        self._leading: dict[str, MemoryFlight] = {}
        self._flying: dict[str, list[MemoryFlight]] = {}
        self._passing: dict[str, float] = {}
        self._due: deque[tuple[Waiter, Entry | Flight]] = deque()
        self._giving = False

    def get(self, key: str, now: float) -> Entry | None:
        """See the port."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.stored - _SKEW <= now < entry.expires:
            self._entries.move_to_end(key)
            return entry
        self._drop(key)
        return None

    def join(self, key: str, now: float, waiter: Waiter | None) -> Flight | None:
        """See the port."""
        leading = self._leading.get(key)
        if leading is None:
            if self._passing.get(key, 0.0) > now:
                return self.lead(key)
            return self._take_off(key, ())
        if waiter is None:
            return None
        if len(leading.waiting) >= MAX_WAITING:
            return self.lead(key)
        leading.waiting[waiter] = None
        return None

    def leave(self, key: str, waiter: Waiter) -> None:
        """See the port."""
        for flight in self._flying.get(key, ()):
            flight.waiting.pop(waiter, None)

    def lead(self, key: str) -> Flight:
        """See the port."""
        flight = MemoryFlight(self, key)
        self._flying.setdefault(key, []).append(flight)
        return flight

    def discard(self, key: str) -> None:
        """See the port."""
        self._forget(key)

    async def flush(self, prefix: str = "") -> int:
        """See the port."""
        return self._forget_all(prefix)

    def stats(self) -> Stats:
        """See the port."""
        return Stats(len(self._entries), self._bytes, self._max_bytes, self._evictions)

    def close(self) -> None:
        """See the port."""

    # -- for flights ------------------------------------------------------------------------------

    def landed(self, flight: "MemoryFlight", entry: Entry) -> None:
        """Keep an answer and give it to those who wait."""
        self._end(flight)
        if not flight.outdated:
            self._keep(flight.key, entry)
            self._passing.pop(flight.key, None)
        self._give((waiter, entry) for waiter in flight.waiting)

    def declined(self, flight: "MemoryFlight", now: float) -> None:
        """Have those who wait fetch for themselves."""
        self._end(flight)
        while len(self._passing) >= _MAX_PASSING:
            del self._passing[next(iter(self._passing))]
        self._passing[flight.key] = now + PASSING
        self._give((waiter, self.lead(flight.key)) for waiter in flight.waiting)

    def abandoned(self, flight: "MemoryFlight") -> None:
        """Have the first of those who wait fetch for the others."""
        self._end(flight)
        leading = self._leading.get(flight.key)
        if leading is not None:  # it took off after a flush
            leading.waiting.update(flight.waiting)
        elif flight.waiting:
            first, *others = flight.waiting
            self._give([(first, self._take_off(flight.key, others))])

    def _take_off(self, key: str, waiting: Iterable[Waiter]) -> "MemoryFlight":
        flight = self._leading[key] = MemoryFlight(self, key, waiting)
        self._flying.setdefault(key, []).append(flight)
        return flight

    def _end(self, flight: "MemoryFlight") -> None:
        key = flight.key
        if self._leading.get(key) is flight:
            del self._leading[key]
        flying = self._flying[key]
        flying.remove(flight)
        if not flying:
            del self._flying[key]

    def _give(self, answers: Iterable[tuple[Waiter, Entry | Flight]]) -> None:
        """Call those who wait one after the other: whoever takes over may give up in that very call."""
        self._due.extend(answers)
        if self._giving:
            return
        self._giving = True
        try:
            while self._due:
                waiter, answer = self._due.popleft()
                waiter(answer)
        finally:
            self._giving = False

    # -- entries ----------------------------------------------------------------------------------

    def _keep(self, key: str, entry: Entry) -> None:
        self._drop(key)
        size = entry.size + len(key)
        if size > self.max_entry:
            return
        while self._bytes + size > self._max_bytes:
            self._drop(next(iter(self._entries)))
            self._evictions += 1
        self._entries[key] = entry
        self._bytes += size

    def _forget_all(self, prefix: str) -> int:
        found = [key for key in self._entries if key.startswith(prefix)]
        flown = [key for key in self._flying if key.startswith(prefix)]
        for key in (*found, *flown):
            self._forget(key)
        return len(found)

    def _forget(self, key: str) -> None:
        """Drop an entry, and what is being fetched for it."""
        self._drop(key)
        for flight in self._flying.get(key, ()):
            flight.outdated = True
        self._leading.pop(key, None)

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size + len(key)


class MemoryFlight:
    """See `ports.cache.Flight`. waiting: in the order in which they came. outdated: not to be kept."""

    __slots__ = ("_cache", "_over", "key", "outdated", "waiting")

    def __init__(self, cache: MemoryCache, key: str, waiting: Iterable[Waiter] = ()) -> None:
        self.key = key
        self.waiting = dict.fromkeys(waiting)
        self.outdated = False
        self._cache = cache
        self._over = False

    def land(self, entry: Entry) -> None:
        """See the port."""
        if not self._over:
            self._over = True
            self._cache.landed(self, entry)

    def decline(self, now: float) -> None:
        """See the port."""
        if not self._over:
            self._over = True
            self._cache.declined(self, now)

    def abandon(self) -> None:
        """See the port."""
        if not self._over:
            self._over = True
            self._cache.abandoned(self)
