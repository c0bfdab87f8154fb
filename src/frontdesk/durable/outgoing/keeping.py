"""Owns what is done for outgoing webhooks in the background: old messages are forgotten, others counted.

At its first round it seals endpoints that were kept in plain text.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.deliveries import KNOWN, Counts, DeliveryStore
from frontdesk.stores.vault.endpoints import Endpoints

SLICE = 500
"""Messages that are forgotten in one commit."""

_LOG: Final = logging.getLogger("frontdesk.outgoing")


class Keeping(Rounds):
    """Goes round every 15 seconds, while there are settings."""

    every = 15.0
    undone = "outgoing webhooks are not counted"

    def __init__(
        self,
        store: DeliveryStore,
        endpoints: Endpoints,
        settings: Callable[[], Settings | None],
        clock: Clock,
        wheel: Wheel,
    ) -> None:
        super().__init__(clock, wheel)
        self._store = store
        self._endpoints = endpoints
        self._are_sealed = False
        self._settings = settings
        self._counts: Counts | None = None

    def samples(self) -> Iterator[Sample]:
        """Give the last counts. See base.telemetry.Collector."""
        if self._counts is None:
            return
        waiting, oldest, disabled = self._counts
        late = 0.0 if oldest is None else max(0.0, self._clock.time() - oldest)
        yield Sample(metrics.OUTGOING_WAITING.name, (), waiting)
        yield Sample(metrics.OUTGOING_OLDEST.name, (), late)
        yield Sample(metrics.OUTGOING_DISABLED.name, (), disabled)

    async def go_round(self) -> None:
        """Forget what is too old, and count the rest. Raises: StoreError."""
        settings = self._settings()
        if settings is None:
            self._counts = None
            return
        if not self._are_sealed:
            await self._seal()
        now = self._clock.time()
        while await self._store.forget(now - settings.retention, most=SLICE) == SLICE:
            pass
        await self._store.forget_events(now - KNOWN)
        self._counts = await self._store.counts()

    async def _seal(self) -> None:
        """Seal what is kept in plain text, once in a process, and tell of what cannot be opened."""
        locked = await self._endpoints.seal_plain()
        self._are_sealed = True
        if locked:
            error = next(iter(locked.values()))
            more = {"endpoints": len(locked), "error": error.message, "hint": error.hint}
            _LOG.error("the master key that endpoints are sealed under is missing", extra=more)
