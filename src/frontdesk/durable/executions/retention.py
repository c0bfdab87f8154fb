"""Owns the forgetting of executions that ended long ago. Knows no driver."""

import asyncio
import logging
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.executions.express import KIND as EXPRESS
from frontdesk.durable.machines import RETENTION, Machines
from frontdesk.ports.journal import Journal

_LOG: Final = logging.getLogger(__name__)

_EVERY: Final = 600.0
"""Seconds between two looks."""

_SLICE: Final = 200
"""Executions that are forgotten in one commit."""


class Retention:
    """Forgets executions of each machine after its time, and those of machines that are no more after the longest."""

    def __init__(self, journal: Journal, machines: Machines, clock: Clock, wheel: Wheel) -> None:
        self._journal = journal
        self._machines = machines
        self._clock = clock
        self._timer = wheel.timer(self._begin)
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look now, and again every ten minutes."""
        self._begin()

    async def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def _begin(self) -> None:
        self._timer.at(self._clock.monotonic() + _EVERY)
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._forget_all())

    async def _forget_all(self) -> None:
        try:
            terms = self._terms()
            for name, seconds in terms.items():
                await self._forget(f"/{name}", seconds)
            await self._forget("", max((RETENTION, *terms.values())))
        except StoreError as error:
            _LOG.warning("old executions are kept for now", extra={"error": error.message})

    def _terms(self) -> dict[str, float]:
        terms = dict.fromkeys(self._machines.entries(), RETENTION)
        for name, standing in self._machines.of_file().items():
            terms[name] = standing.machine.retention
        return terms

    async def _forget(self, below: str, seconds: float) -> None:
        before = self._clock.time() - seconds
        for kind in ("execution", EXPRESS):
            while await self._journal.forget(f"{kind}{below}", before, most=_SLICE) == _SLICE:
                pass
