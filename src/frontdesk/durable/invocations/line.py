"""Owns the invocations of one function that this process makes: how many at once, and when it looks for more."""

import asyncio
import logging
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.durable.invocations.attempts import Attempts
from frontdesk.durable.invocations.kept import queue_of
from frontdesk.ports.queue import Message, QueueStore, Receipt

_LOG: Final = logging.getLogger("frontdesk.invocations")


class Line:
    """The invocations of a function. Used on one event loop."""

    def __init__(self, function: str, store: QueueStore, clock: Clock, attempts: Attempts) -> None:
        self._function = function
        self._queue = queue_of(function)
        self._store = store
        self._clock = clock
        self._attempts = attempts
        self._at_work: dict[asyncio.Task[None], Message] = {}
        self._looking: asyncio.Task[None] | None = None
        self._has_news = False
        self._at_once = 0
        self._stopped = False

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return not self._at_work and (self._looking is None or self._looking.done())

    def look(self, at_once: int) -> None:
        """Receive what there is, until `at_once` invocations are under way."""
        self._at_once = at_once
        self._has_news = True
        if not self._stopped and (self._looking is None or self._looking.done()):
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def end(self, drain: float) -> None:
        """Receive nothing more, and wait for attempts under way up to `drain` seconds; others are given back."""
        self._stopped = True
        if self._looking is not None:
            await self._looking
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=drain)
        left = dict(self._at_work)
        for attempt in left:
            attempt.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        receipts = [message.receipt for message in left.values()]
        if receipts:
            await self._give_back(receipts)

    async def _look(self) -> None:
        try:
            while self._has_news and not self._stopped:
                free = self._at_once - len(self._at_work)
                if free <= 0:
                    return  # whichever ends looks again
                self._has_news = False
                now = self._clock.time()
                received = await self._store.receive(self._queue, most=free, now=now)
                for message in received.messages:
                    self._begin(message)
                self._has_news = self._has_news or bool(received.messages)
        except StoreError as error:
            _LOG.warning(
                "asynchronous invocations are not read",
                extra={"function": self._function, "error": error.message},
            )

    def _begin(self, message: Message) -> None:
        make = self._attempts.make(self._queue, self._function, message)
        attempt = asyncio.get_running_loop().create_task(make)
        self._at_work[attempt] = message
        attempt.add_done_callback(self._over)

    def _over(self, attempt: "asyncio.Task[None]") -> None:
        was_full = len(self._at_work) >= self._at_once
        del self._at_work[attempt]
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            _LOG.error("an asynchronous invocation was not made", exc_info=error)
        if was_full:
            self.look(self._at_once)

    async def _give_back(self, receipts: list[Receipt]) -> None:
        try:
            await self._store.change(self._queue, receipts, visibility=0, now=self._clock.time())
        except StoreError as error:
            # They come again by themselves when they are no longer hidden.
            _LOG.warning("asynchronous invocations wait", extra={"error": error.message})
