"""Owns what is done for records in the background: what is over goes, and what waits is counted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.record import RecordModule
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.records import RecordStore, Subscriber, Table
from frontdesk.records.sweeping import Sweep

_SLICE: Final = 500


class Keeping(Rounds):
    """Goes round the records every 15 seconds, where the file has any."""

    every = 15.0
    undone = "records are not looked after"

    def __init__(
        self,
        store: RecordStore,
        subscribers: Callable[[], Sequence[Subscriber]],
        clock: Clock,
        wheel: Wheel,
        sweep: Sweep | None = None,
    ) -> None:
        """sweep: of the files of large attributes, where there are any."""
        super().__init__(clock, wheel)
        self._store = store
        self._subscribers = subscribers
        self._sweep = sweep
        self._modules: Mapping[str, RecordModule] = {}
        self._waiting: dict[Subscriber, tuple[int, float | None]] = {}

    def adopt(self, modules: Mapping[str, RecordModule]) -> None:
        """Take the modules of the file."""
        self._modules = modules

    def samples(self) -> Iterator[Sample]:
        """Give the last counts. See base.telemetry.Collector."""
        now = self._clock.time()
        for subscriber, (count, oldest) in self._waiting.items():
            labels = (subscriber.module, subscriber.kind)
            yield Sample(metrics.RECORD_CHANGES.name, labels, count)
            age = 0.0 if oldest is None else max(0.0, now - oldest)
            yield Sample(metrics.RECORD_OLDEST.name, labels, age)

    async def go_round(self) -> None:
        """Remove what is over, and count what waits. Raises: StoreError."""
        if not self._modules:
            self._waiting = {}
            return
        now = self._clock.time()
        while await self._store.forget(now, most=_SLICE) >= _SLICE:
            pass
        for module, entry in self._modules.items():
            await self._trim("command", module, entry.retention.command)
            await self._trim("history", module, entry.retention.history)
        if self._sweep is not None:
            await self._sweep.go_on()
        self._waiting = {each: await self._store.waiting(each.name) for each in self._subscribers()}

    async def _trim(self, table: Table, module: str, retention: float | None) -> None:
        if retention is None:
            return
        before = self._clock.time() - retention
        while await self._store.trim(table, module, before, most=_SLICE) >= _SLICE:
            pass
