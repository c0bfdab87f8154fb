"""Owns which consumers there are: those of the file and of the Lambda API's mappings, over their changes."""

import asyncio
from collections.abc import Mapping
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.queues.consumer import Consumer
from frontdesk.durable.queues.mappings import Mappings
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.rounds import Rounds
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.tracing import Tracer

_PATIENCE: Final = 900.0
"""Seconds that calls of a former consumer may take: as long as a function may."""


class Consumers(Rounds):
    """All consumers of one gateway. Goes round every 15 seconds: queues may be others than before."""

    every = 15.0
    undone = "consumers of queues are not looked after"

    def __init__(
        self,
        queues: Queues,
        functions: Functions,
        catalog: Catalog,
        clock: Clock,
        wheel: Wheel,
        *,
        tracer: Tracer | None = None,
    ) -> None:
        """functions: finds those that consumers name. catalog: has the mappings. tracer: see Consumer."""
        super().__init__(clock, wheel)
        self.mappings = Mappings(catalog, self._refresh)
        self._queues = queues
        self._functions = functions
        self._tracer = tracer
        self._consumers: Mapping[str, Consumer] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._ended = False

    def adopt(self, config: Config) -> None:
        """Take the consumers of another configuration."""
        self.mappings.adopt(config)

    async def go_round(self) -> None:
        """See Rounds."""
        self._refresh()

    async def end(self, drain: float) -> None:
        """Receive nothing more, and wait for calls under way up to `drain` seconds."""
        self._ended = True
        await self.stop()
        await asyncio.gather(*(consumer.end(drain) for consumer in self._consumers.values()))
        for ending in self._ending:
            ending.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _refresh(self) -> None:
        """Begin with new consumers, leave those that stayed as they were, and end the others."""
        if self._ended:
            return
        found: dict[str, Consumer] = {}
        for mapping in self.mappings.all():
            queue = self._queues.find(mapping.queue)
            if queue is None or not mapping.enabled:
                continue
            entry = mapping.consumer
            former = self._consumers.get(mapping.uuid)
            if former is not None and former.identity == (queue, entry):
                found[mapping.uuid] = former
            else:
                found[mapping.uuid] = Consumer(
                    self._queues, queue, entry, self._functions, self._tracer
                )
        former_ones, self._consumers = self._consumers, found
        for key, consumer in former_ones.items():
            if found.get(key) is not consumer:
                consumer.stop()
                ending = asyncio.get_running_loop().create_task(consumer.end(_PATIENCE))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
        for key, consumer in found.items():
            if former_ones.get(key) is not consumer:
                consumer.start()
