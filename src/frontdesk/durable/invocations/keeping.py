"""Owns what is done for asynchronous invocations in the background: they are counted, and orphans forgotten."""

from collections.abc import Callable, Iterator
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.queue import Counts

ORPHANED: Final = 86_400.0
"""Seconds for which invocations wait for a function that is not there: the file may name it again."""


class Keeping(Rounds):
    """Goes round the functions that have invocations every 15 seconds."""

    every = 15.0
    undone = "asynchronous invocations are not counted"

    def __init__(
        self,
        invocations: DurableInvocations,
        knows: Callable[[str], bool],
        clock: Clock,
        wheel: Wheel,
    ) -> None:
        """knows: whether there is a function."""
        super().__init__(clock, wheel)
        self._invocations = invocations
        self._knows = knows
        self._counts: dict[str, Counts] = {}

    def samples(self) -> Iterator[Sample]:
        """Give the last counts. See base.telemetry.Collector."""
        now = self._clock.time()
        for function, (visible, in_flight, delayed, oldest) in self._counts.items():
            yield Sample(metrics.ASYNC_DEPTH.name, (function,), visible + in_flight + delayed)
            age = 0.0 if oldest is None else max(0.0, now - oldest)
            yield Sample(metrics.ASYNC_OLDEST.name, (function,), age)

    async def go_round(self) -> None:
        """Count, and forget what waits in vain. Raises: StoreError."""
        now = self._clock.time()
        found = await self._invocations.waiting()
        for function, counts in found.items():
            is_old = counts.oldest is not None and counts.oldest <= now - ORPHANED
            if is_old and not self._knows(function):
                await self._invocations.forget(function, now - ORPHANED)
        # Whoever had some and has none left is still told of: as none.
        self._counts = dict.fromkeys(self._counts, Counts()) | found
