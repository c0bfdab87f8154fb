"""Owns how a subscriber is told of changes: at least once, of each record in order, again after a failure.

Knows neither handlers nor hooks: whoever calls says how changes are delivered.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.ports.records import Change, RecordStore, Subscriber

_LOG: Final = logging.getLogger("frontdesk.records")

_STILL_THERE: Final = 3600.0
"""Seconds between two times that a subscriber says that it is there."""

_SLOWEST: Final = 300.0

Deliver = Callable[[Sequence[Change]], Awaitable[Collection[Change]]]
"""Delivers changes of different records; returns those that failed."""


def backoff(tries: int) -> float:
    """Return the seconds until a change is delivered again that failed so often."""
    return min(_SLOWEST, 2.0 ** min(tries - 1, 10))


class Drain:
    """Delivers what a subscriber waits for, as long as it runs. Used on one event loop."""

    def __init__(
        self,
        store: RecordStore,
        subscriber: Subscriber,
        deliver: Deliver,
        clock: Clock,
        *,
        batch: int = 1,
        concurrency: int = 5,
        max_age: float = 86_400.0,
        look: float = 1.0,
        lease: float = 30.0,
    ) -> None:
        """batch: changes of one delivery. concurrency: deliveries at once. max_age: seconds until it is given up.

        look: seconds between two looks for what others have written. lease: seconds for which changes are nobody
        else's; prolonged while they are delivered.
        """
        self._store = store
        self._subscriber = subscriber
        self._deliver = deliver
        self._clock = clock
        self._batch = batch
        self._concurrency = concurrency
        self._max_age = max_age
        self._look = look
        self._lease = lease
        self._seen = -_STILL_THERE
        self._news = asyncio.Event()
        self._stopped = False
        self._deliveries: set[asyncio.Task[None]] = set()
        self._work: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Have changes kept from now on, and begin to deliver. Raises: StoreError."""
        await self._say()
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._go_on())

    def wake(self) -> None:
        """Look now: there is something."""
        self._news.set()

    async def stop(self, patience: float) -> None:
        """Take nothing more, and wait for deliveries under way. Those that are left come again."""
        self._stopped = True
        self.wake()
        if self._work is not None:
            await self._work
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=patience)
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)

    async def _go_on(self) -> None:
        while not self._stopped:
            self._news.clear()
            try:
                found = await self._begin()
            except StoreError as error:
                self._tell("changes are not read", error.message)
                found = False
            if not found and not self._stopped:
                await self._until_news()

    async def _begin(self) -> bool:
        """Begin one delivery. False: there is nothing, or no room. Raises: StoreError."""
        if len(self._deliveries) >= self._concurrency:
            return False
        await self._say()
        now = self._clock.time()
        taken = await self._store.take(
            self._subscriber.name, most=self._batch, now=now, until=now + self._lease
        )
        if not taken:
            return False
        delivery = asyncio.get_running_loop().create_task(self._finish(taken))
        self._deliveries.add(delivery)
        delivery.add_done_callback(self._over)
        return True

    def _over(self, delivery: asyncio.Task[None]) -> None:
        self._deliveries.discard(delivery)
        self.wake()  # the next of the same records may have waited for it

    async def _finish(self, taken: Sequence[Change]) -> None:
        try:
            failed = await self._delivered(taken)
            await self._store.settle([change for change in taken if change not in failed])
            for change in failed:
                await self._put_off(change)
        except StoreError as error:  # the lease ends, and they come again
            self._tell("changes are not settled", error.message)

    async def _delivered(self, taken: Sequence[Change]) -> Collection[Change]:
        """Deliver, and keep others away for as long as it takes. Raises: StoreError."""
        work = asyncio.ensure_future(self._deliver_apart(taken))
        try:
            while not (await asyncio.wait({work}, timeout=self._lease / 3))[0]:
                for change in taken:
                    await self._store.postpone(change, until=self._clock.time() + self._lease)
        except BaseException:
            work.cancel()
            raise
        return work.result()

    async def _deliver_apart(self, taken: Sequence[Change]) -> Collection[Change]:
        """Deliver those that come again each by itself: one that always fails takes no other along."""
        fresh = [change for change in taken if change.tries == 1]
        failed = list(await self._deliver(fresh)) if fresh else []
        for change in taken:
            if change.tries > 1:
                failed += await self._deliver([change])
        return failed

    async def _put_off(self, change: Change) -> None:
        now = self._clock.time()
        if now - change.made < self._max_age:
            await self._store.postpone(change, until=now + backoff(change.tries))
            return
        self._tell("a change is given up", f"{change.name.pk}#{change.name.sk}@{change.version}")
        await self._store.settle([change])

    async def _say(self) -> None:
        now = self._clock.time()
        if now - self._seen >= _STILL_THERE:
            await self._store.subscribe(self._subscriber, now=now)
            self._seen = now

    async def _until_news(self) -> None:
        try:
            async with asyncio.timeout(self._look):
                await self._news.wait()
        except TimeoutError:
            return

    def _tell(self, what: str, why: str) -> None:
        _LOG.warning(what, extra={"subscriber": self._subscriber.name, "error": why})
