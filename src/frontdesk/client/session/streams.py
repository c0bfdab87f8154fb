"""Owns the two bodies of a call that come in parts, between the core's callbacks and `async for`."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable
from typing import Self

from frontdesk.base.streams import HIGH_WATER, LOW_WATER, Fields, Sink, Source
from frontdesk.client.session.errors import BrokenAnswerError


class Incoming:
    """The Sink of an answer: whoever iterates gets what has come, and the server waits for whoever is slow."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._paused = False
        self._over = False
        self._broken = ""
        self._waiter: asyncio.Future[None] | None = None
        source.attach(self)

    def cancel(self) -> None:
        """Want no more of it."""
        if not self._over:
            self._over = True
            self._source.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._broken:
                raise BrokenAnswerError(f"the answer breaks off: {self._broken}")
            if self._over:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = self._chunks.popleft()
        self._held -= len(data)
        if self._paused and self._held <= LOW_WATER:
            self._paused = False
            self._source.resume()
        return data

    def write(self, data: bytes) -> None:
        """See Sink."""
        self._chunks.append(data)
        self._held += len(data)
        if self._held > HIGH_WATER and not self._paused:
            self._paused = True
            self._source.pause()
        self._wake()

    def end(self, trailers: Fields | None = None) -> None:  # noqa: ARG002 - nobody asks for them
        """See Sink."""
        self._over = True
        self._wake()

    def abort(self, reason: str) -> None:
        """See Sink."""
        self._over = True
        self._broken = reason
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Outgoing:
    """The Source of a request: what an iterable gives, as fast as the server takes it."""

    length: int | None = None

    def __init__(self, content: AsyncIterable[bytes]) -> None:
        self._content = content
        self._flows = asyncio.Event()
        self._flows.set()
        self._task: asyncio.Task[None] | None = None

    def attach(self, sink: Sink) -> None:
        """See Source."""
        self._task = asyncio.get_running_loop().create_task(self._feed(sink))

    def pause(self) -> None:
        """See Source."""
        self._flows.clear()

    def resume(self) -> None:
        """See Source."""
        self._flows.set()

    def cancel(self) -> None:
        """See Source."""
        if self._task is not None:
            self._task.cancel()

    async def _feed(self, sink: Sink) -> None:
        try:
            async for data in self._content:
                await self._flows.wait()
                if data:
                    sink.write(data)
        except Exception as error:  # noqa: BLE001 - whoever reads must hear that no more will come
            sink.abort(self._why(error))
        else:
            sink.end()

    def _why(self, error: Exception) -> str:
        """Say why it breaks off: the iterable is the user's, and its failure the call's."""
        return f"the body of the request failed: {type(error).__name__}"
