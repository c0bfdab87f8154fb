"""Owns what is done for queues in the background: their messages are counted, and old ones forgotten."""

from collections.abc import Iterator
from typing import NamedTuple

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.queue import REMEMBERED, Counts


class Rates(NamedTuple):
    """Messages a second that this process has sent and been done with, over the last round."""

    sent: float = 0.0
    deleted: float = 0.0


class Keeping(Rounds):
    """Goes round the queues every 15 seconds."""

    every = 15.0
    undone = "messages are not counted"

    def __init__(self, queues: Queues, clock: Clock, wheel: Wheel) -> None:
        super().__init__(clock, wheel)
        self._queues = queues
        self._counts: dict[str, Counts] = {}
        self._handled: dict[str, Rates] = {}
        self._rates: dict[str, Rates] = {}
        self._looked = clock.monotonic()

    def samples(self) -> Iterator[Sample]:
        """Give the last counts. See base.telemetry.Collector."""
        now = self._clock.time()
        for name, (visible, in_flight, delayed, oldest) in self._counts.items():
            yield Sample(metrics.QUEUE_DEPTH.name, (name, "visible"), visible)
            yield Sample(metrics.QUEUE_DEPTH.name, (name, "inflight"), in_flight)
            yield Sample(metrics.QUEUE_DEPTH.name, (name, "delayed"), delayed)
            age = 0.0 if oldest is None else max(0.0, now - oldest)
            yield Sample(metrics.QUEUE_OLDEST.name, (name,), age)

    def rates(self, name: str) -> Rates:
        """Tell how fast a queue goes."""
        return self._rates.get(name, Rates())

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
        self._measure()
        await self._queues.forget_known(self._clock.time() - REMEMBERED)

    def _measure(self) -> None:
        now = self._clock.monotonic()
        seconds, self._looked = max(0.001, now - self._looked), now
        handled = {
            name: Rates(*(self._queues.handled(name, each) for each in Rates._fields))
            for name in self._counts
        }
        self._rates = {
            name: Rates(
                *(
                    (new - old) / seconds
                    for new, old in zip(of_it, self._handled.get(name, Rates()), strict=True)
                )
            )
            for name, of_it in handled.items()
        }
        self._handled = handled
