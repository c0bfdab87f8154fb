"""Owns the removal of blobs that no record has any more: all rows are looked through, some at a time.

A document moves from data to history and to changes, never back, so that looking in this order finds it
wherever it is. What is written meanwhile has been kept anew by then (`blobs`).
"""

from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.ports.records import RecordStore, Texts
from frontdesk.records.blobs import MARK, Blobs

GRACE: Final = 3600.0
"""Seconds that a blob is kept at least: whoever kept it has written its row by then, or never will."""

_PAUSE: Final = 3600.0
"""Seconds between the beginnings of two looks through all rows."""

_SLICE: Final = 200
_SLICES: Final = 20
"""Slices of rows in one part of a look."""

_REMOVED: Final = 500
"""Files that are removed in one part."""

_ORDER: Final[tuple[Texts, ...]] = ("command", "data", "history", "changes")


class Sweep:
    """Removes blobs in parts, each of which takes a bounded time. What it knows it may forget at any time."""

    def __init__(self, store: RecordStore, blobs: Blobs, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._begins = 0.0
        self._before = 0.0
        self._left: set[str] = set()
        """Files that no row is known to have."""
        self._to_look: list[Texts] = []
        self._after: tuple[object, ...] = ()

    async def go_on(self) -> None:
        """Do the next part, if there is one. Raises: StoreError."""
        if not self._left:
            await self._begin()
        for _ in range(_SLICES):
            if not self._left or not self._to_look:
                break
            await self._look()
        if self._left and not self._to_look:
            some = [self._left.pop() for _ in range(min(_REMOVED, len(self._left)))]
            await self._blobs.remove(some, self._before)

    async def _begin(self) -> None:
        now = self._clock.time()
        if now < self._begins:
            return
        self._begins, self._before = now + _PAUSE, now - GRACE
        self._left = await self._blobs.old(self._before)
        self._to_look, self._after = list(_ORDER), ()

    async def _look(self) -> None:
        """Look through one slice of rows."""
        where = self._to_look[0]
        seen = await self._store.mentions(where, MARK, after=self._after, most=_SLICE)
        self._left -= seen.found
        self._after = seen.last or ()
        if seen.last is None:
            self._to_look.pop(0)
