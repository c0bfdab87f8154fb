"""Owns what is done for webhooks in the background: they are counted, and old ones forgotten."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from frontdesk.base import metrics
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.webhook import KEEP_BODY, RETENTION
from frontdesk.durable.inbox.hook import Hook
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.inbox import Counts, InboxStore

_SLICE: Final = 1000
"""Deliveries that are forgotten in one commit."""


class Keeping(Rounds):
    """Goes round the webhooks every 15 seconds."""

    every = 15.0
    undone = "webhooks are not counted, and old ones are kept for now"

    def __init__(self, store: InboxStore, clock: Clock, wheel: Wheel) -> None:
        super().__init__(clock, wheel)
        self._store = store
        self._hooks: Mapping[str, Hook] = {}
        self._counts: Sequence[Counts] = ()

    def adopt(self, hooks: Mapping[str, Hook]) -> None:
        """Take the webhooks of another configuration."""
        self._hooks = hooks

    def samples(self) -> Iterator[Sample]:
        """Give the last counts. See base.telemetry.Collector."""
        now = self._clock.time()
        oldest = dict.fromkeys(self._hooks, now)
        for source, state, number, since in self._counts:
            yield Sample(metrics.WEBHOOK_DEPTH.name, (source, state), number)
            if state != "dead":
                oldest[source] = min(since, oldest.get(source, now))
        for source, since in oldest.items():
            yield Sample(metrics.WEBHOOK_OLDEST.name, (source,), max(0.0, now - since))

    async def go_round(self) -> None:
        """Count them, and forget those that are too old. Raises: StoreError."""
        self._counts = await self._store.counts()
        now = self._clock.time()
        for source in await self._store.sources():
            hook = self._hooks.get(source)
            # Those of a webhook that the file names no more are not kept for ever, either.
            retention = RETENTION if hook is None else hook.retention
            keep_body = KEEP_BODY if hook is None else hook.keep_body
            when = {"before": now - retention, "bodies_before": now - keep_body}
            while await self._store.forget(source, **when, most=_SLICE, waiting=hook is None):
                pass
