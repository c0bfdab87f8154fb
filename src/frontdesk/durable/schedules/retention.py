"""Owns how much is kept of what schedules have done. Knows no driver."""

from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.durable.rounds import Rounds
from frontdesk.durable.schedules.adopting import streams_of
from frontdesk.ports.journal import Journal

KEPT: Final = 1000
"""Events of one schedule: half a day of a run every minute."""


class ScheduleRetention(Rounds):
    """Trims the streams of schedules, which never end by themselves. What is to come is in their snapshots."""

    every = 3600.0
    undone = "old events of schedules are kept for now"

    def __init__(self, journal: Journal, clock: Clock, wheel: Wheel) -> None:
        super().__init__(clock, wheel)
        self._journal = journal

    async def go_round(self) -> None:
        """See Rounds."""
        async for stream in streams_of(self._journal):
            if stream.seq > KEPT:
                await self._journal.trim(stream.id, stream.seq - KEPT + 1)
