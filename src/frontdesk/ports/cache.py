"""The Cache port: answers that are given again, and who fetches one that is missing.

Owns the contract of a store of answers, bounded by bytes, in which one request fetches what many ask for.
Adapters: `stores.memory.cache`, `stores.redis.cache`; the conformance suite runs on each. All methods
but `flush` are called on the event loop and never wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from frontdesk.base.streams import Fields

MAX_WAITING: Final = 1000
"""Requests that may wait for one flight; those beyond fetch for themselves."""

PASSING: Final = 10.0
"""Seconds for which nobody waits for a key whose answer could not be kept."""

_OVERHEAD: Final = 500  # bytes of an entry beside its content, about


@dataclass(slots=True)
class Entry:
    """One answer. Nothing in it is changed once a cache has it, but `prepared`.

    status, fields, body: as they are sent, without what tells their age. stored: second since 1970 at
    which the answer was as good as new, that is, when it came less the age that it had then. fresh:
    until when it is given without a question. expires: until when it is kept; from `fresh` on it is
    stale. vary: names of request fields (lower case) that select among several answers; what has them
    is no answer itself, but tells how to find one.
    """

    status: int
    fields: Fields
    body: bytes
    stored: float
    fresh: float
    expires: float
    vary: tuple[bytes, ...] = ()
    prepared: Any = field(default=None, compare=False, repr=False)
    """What its reader has made of it for the next time. Stays in this process."""

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        fields = sum([len(name) + len(value) for name, value in self.fields])
        return _OVERHEAD + len(self.body) + fields + sum(map(len, self.vary))


class Flight(Protocol):
    """The fetch of one answer. Ends once, by the first of these calls; later ones do nothing."""

    def land(self, entry: Entry) -> None:
        """Keep the answer, where it is not too large, and give it to all who wait."""
        ...

    def decline(self, now: float) -> None:
        """Tell that the answer cannot be kept: all who wait fetch for themselves.

        For `PASSING` seconds nobody else waits for it either.
        """
        ...

    def abandon(self) -> None:
        """Tell that no answer comes, or that it failed: the first of those who wait takes over."""
        ...


Waiter: TypeAlias = Callable[[Entry | Flight], None]
"""Takes what came of waiting, once: an answer, or the flight by which to fetch it. Who has left meanwhile
(`Cache.leave`) may still be called when that was under way, and then abandons the flight."""


class Stats(NamedTuple):
    """Entries, their bytes, how many bytes there may be, and entries dropped for want of room."""

    entries: int
    bytes: int
    max_bytes: int
    evictions: int


class Cache(Protocol):
    """Answers by key. A key begins with the names of API, stage and route, a NUL behind each.

    Times are seconds since 1970. An entry is given from `stored` (and some skew of clocks earlier) until
    `expires`. max_entry: bytes of the largest entry that is kept.
    """

    max_entry: int

    def get(self, key: str, now: float) -> Entry | None:
        """Return what is at hand at no cost. None: it has to be asked for by `join`."""
        ...

    def join(self, key: str, now: float, waiter: Waiter | None) -> Flight | None:
        """Ask for a fresh answer. Returns the flight by which the caller fetches it, or None: wait.

        One flight leads for each key; whoever comes while it flies waits, up to `MAX_WAITING`. waiter:
        called later if this returns None, never before. None: do not wait; then None means that somebody else
        fetches it already.
        """
        ...

    def leave(self, key: str, waiter: Waiter) -> None:
        """Wait no longer."""
        ...

    def lead(self, key: str) -> Flight:
        """Fetch whatever others do: a flight for which nobody waits."""
        ...

    def discard(self, key: str) -> None:
        """Drop one entry. What is being fetched meanwhile is not kept, nor given to those who come now."""
        ...

    async def flush(self, prefix: str = "") -> int:
        """Drop all entries whose keys begin so, as `discard` does; return how many there were here.

        Raises: StoreError, where others who have them could not be told.
        """
        ...

    def stats(self) -> Stats:
        """Tell what is held here."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
