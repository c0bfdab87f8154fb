"""Owns going after what others change: one look at a time, and one more for what changed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable


class Following:
    """Looks again whenever it is told that something has changed. Used on one event loop."""

    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        """look: takes in what has changed; raises nothing."""
        self._look = look
        self._stale = False
        self._work: asyncio.Future[None] | None = None

    def changed(self) -> None:
        """Look soon. For `ports.catalog.Catalog.watch`."""
        self._stale = True
        if self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._go_after())

    def stop(self) -> None:
        """Look no more."""
        if self._work is not None:
            self._work.cancel()

    async def _go_after(self) -> None:
        while self._stale:
            self._stale = False
            await self._look()
