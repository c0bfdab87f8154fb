"""Owns what is kept for each of many places that are called now and then: the most recent ones stay."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Final, Generic, Protocol, TypeVar

MOST_ORIGINS: Final = 100
"""Places whose connections are kept open, and whose refusals are remembered."""


class Kept(Protocol):
    """What is kept: something with connections."""

    def retire(self) -> None:
        """Close each connection as soon as no call is under way on it."""
        ...

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        ...


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Kept)


class Origins(Generic[K, V]):
    """Places by their settings. Used on one event loop."""

    def __init__(self, make: Callable[[K], V], most: int = MOST_ORIGINS) -> None:
        """make: runs in a thread, because reading the system's certificates takes tens of milliseconds."""
        self._make = make
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._making = asyncio.Lock()

    def each(self) -> Iterable[tuple[K, V]]:
        """Go through all that are kept."""
        return tuple(self._kept.items())

    def found(self, key: K) -> V | None:
        """Return a place that is kept."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    async def get(self, key: K) -> V:
        """Return a place, made if need be. Raises: what `make` raises."""
        kept = self.found(key)
        if kept is not None:
            return kept
        async with self._making:
            kept = self.found(key)
            if kept is None:
                kept = self._kept[key] = await asyncio.to_thread(self._make, key)
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)[1].retire()
        return kept

    def close(self) -> None:
        """Close all connections; calls under way fail."""
        for kept in self._kept.values():
            kept.close()
        self._kept.clear()
