"""Owns which consumers there are, as the file says, over reloads."""

import asyncio
from collections.abc import Mapping
from typing import Final

from frontdesk.config.models.root import Config
from frontdesk.durable.queues.consumer import Consumer
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.tasks.functions import Functions

_PATIENCE: Final = 900.0
"""Seconds that calls of a former consumer may take: as long as a function may."""


class Consumers:
    """All consumers of one gateway. functions: finds those that consumers name."""

    def __init__(self, queues: Queues, functions: Functions) -> None:
        self._queues = queues
        self._functions = functions
        self._consumers: Mapping[str, Consumer] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def adopt(self, config: Config) -> None:
        """Begin with new consumers, leave those that stayed as they were, and end the others."""
        found: dict[str, Consumer] = {}
        for name, entry in config.queues.items():
            queue = self._queues.find(name)
            if entry.consumer is None or queue is None:
                continue
            former = self._consumers.get(name)
            if former is not None and former.identity == (queue, entry.consumer):
                found[name] = former
            else:
                found[name] = Consumer(self._queues, queue, entry.consumer, self._functions)
        former_ones, self._consumers = self._consumers, found
        for name, consumer in former_ones.items():
            if found.get(name) is not consumer:
                consumer.stop()
                ending = asyncio.get_running_loop().create_task(consumer.end(_PATIENCE))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
        for name, consumer in found.items():
            if former_ones.get(name) is not consumer:
                consumer.start()

    async def stop(self, drain: float) -> None:
        """Receive nothing more, and wait for calls under way up to `drain` seconds."""
        await asyncio.gather(*(consumer.end(drain) for consumer in self._consumers.values()))
        for ending in self._ending:
            ending.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
