"""Owns answers that are made part by part, each when the client has taken the one before it.

Knows nothing of what the parts say.
"""

import asyncio
from collections.abc import AsyncIterator

from frontdesk.base.errors import FrontdeskError
from frontdesk.base.streams import Sink


class Parts:
    """A Source of what an iterator makes. Used on one event loop."""

    length: int | None = None

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        """parts: none of them empty. A FrontdeskError breaks the answer off."""
        self._parts = parts
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._task: asyncio.Task[None] | None = None

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._task = asyncio.ensure_future(self._send(sink))

    def pause(self) -> None:
        """See Source."""
        self._wanted.clear()

    def resume(self) -> None:
        """See Source."""
        self._wanted.set()

    def cancel(self) -> None:
        """See Source."""
        if self._task is not None:
            self._task.cancel()

    async def _send(self, sink: Sink) -> None:
        try:
            async for part in self._parts:
                await self._wanted.wait()
                sink.write(part)
        except FrontdeskError as error:
            sink.abort(error.message)
        else:
            sink.end()
