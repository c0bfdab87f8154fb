"""Owns what is done for queues in the background: their messages are counted, and old ones forgotten."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.queue import REMEMBERED, Counts

_LOG: Final = logging.getLogger("frontdesk.queues")

_LOOK: Final = 15.0
"""Seconds between two rounds."""


class Keeping:
    """Goes round the queues every 15 seconds."""

    def __init__(self, queues: Queues, clock: Clock, wheel: Wheel) -> None:
        self._queues = queues
        self._clock = clock
        self._timer = wheel.timer(self._begin)
        self._counts: dict[str, Counts] = {}
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin now."""
        self._begin()

    async def stop(self) -> None:
        """Begin no more rounds."""
        self._timer.stop()
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def samples(self) -> Iterator[Sample]:
        """Give the last counts. See base.telemetry.Collector."""
        now = self._clock.time()
        for name, (visible, in_flight, delayed, oldest) in self._counts.items():
            yield Sample(metrics.QUEUE_DEPTH.name, (name, "visible"), visible)
            yield Sample(metrics.QUEUE_DEPTH.name, (name, "inflight"), in_flight)
            yield Sample(metrics.QUEUE_DEPTH.name, (name, "delayed"), delayed)
            age = 0.0 if oldest is None else max(0.0, now - oldest)
            yield Sample(metrics.QUEUE_OLDEST.name, (name,), age)

    async def go_round(self) -> None:
        """Count the messages of all queues, and forget those that are too old. Raises: StoreError."""
        found = {}
        for queue in self._queues.all():
            counts = await self._queues.counts(queue)
            before = self._clock.time() - queue.rules.retention
            if counts.oldest is not None and counts.oldest <= before:
                await self._queues.forget(queue.name, before)
                counts = await self._queues.counts(queue)
            found[queue.name] = counts
        self._counts = found
        await self._queues.forget_known(self._clock.time() - REMEMBERED)

    def _begin(self) -> None:
        self._timer.at(self._clock.monotonic() + _LOOK)
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._round())

    async def _round(self) -> None:
        try:
            await self.go_round()
        except StoreError as error:
            _LOG.warning("messages are not counted", extra={"error": error.message})
