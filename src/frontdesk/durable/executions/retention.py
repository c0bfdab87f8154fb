"""Owns the forgetting of executions that ended long ago. Knows no driver."""

from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.durable.executions.express import KIND as EXPRESS
from frontdesk.durable.machines import RETENTION, Machines
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.journal import Journal

_SLICE: Final = 200
"""Executions that are forgotten in one commit."""


class Retention(Rounds):
    """Forgets executions of each machine after its time, and those of machines that are no more after the longest."""

    every = 600.0
    undone = "old executions are kept for now"

    def __init__(self, journal: Journal, machines: Machines, clock: Clock, wheel: Wheel) -> None:
        super().__init__(clock, wheel)
        self._journal = journal
        self._machines = machines

    async def go_round(self) -> None:
        """See Rounds."""
        terms = self._terms()
        for name, seconds in terms.items():
            await self._forget(f"/{name}", seconds)
        await self._forget("", max((RETENTION, *terms.values())))

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
