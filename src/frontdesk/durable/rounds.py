"""Owns work that comes round again and again in the background, never two rounds at once. Knows no kind of work."""

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import ClassVar, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.outage import Outage

_LOG: Final = logging.getLogger(__name__)


class Rounds(ABC):
    """Derive from it and say what a round is. Used on one event loop."""

    every: ClassVar[float]
    """Seconds between the beginnings of two rounds; one that takes longer puts off the next."""

    undone: ClassVar[str]
    """What to tell the log when the store has kept a round from being done."""

    def __init__(self, clock: Clock, wheel: Wheel) -> None:
        self._clock = clock
        self._timer = wheel.timer(self._begin)
        self._outage = Outage(_LOG, self.undone)
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin the first round now."""
        self._begin()

    async def stop(self) -> None:
        """Begin no more rounds, and give up the one that is under way."""
        self._timer.stop()
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    @abstractmethod
    async def go_round(self) -> None:
        """Do what is to be done in one round. Raises: StoreError."""

    def _begin(self) -> None:
        self._timer.at(self._clock.monotonic() + self.every)
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._go_round())

    async def _go_round(self) -> None:
        try:
            await self.go_round()
        except StoreError as error:
            self._outage.failed(error)
        else:
            self._outage.over()
