"""Composes outgoing webhooks in one process: who keeps and sends them, what is done in the background."""

import random

from frontdesk.app.outgoing_api import OutgoingApi
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.outgoing.events import Events
from frontdesk.durable.outgoing.keeping import Keeping
from frontdesk.durable.outgoing.posting import Poster
from frontdesk.durable.outgoing.sender import Sender
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.durable.outgoing.webhooks import Webhooks
from frontdesk.ports.deliveries import DeliveryStore
from frontdesk.ports.invocations import Invocations
from frontdesk.ports.queue import Enqueuer
from frontdesk.stores.vault.endpoints import Endpoints


class OutgoingWork:
    """All outgoing webhooks of one gateway. Used in this order: `start`, `adopt` for each configuration, `stop`."""

    def __init__(
        self,
        store: DeliveryStore,
        endpoints: Endpoints,
        clock: Clock,
        wheel: Wheel,
        *,
        queues: Enqueuer,
        invocations: Invocations,
        registry: Registry,
    ) -> None:
        """endpoints: opens them. queues, invocations: where the operator is told of events."""
        self._settings: Settings | None = None
        self._poster = Poster(endpoints, clock, wheel)
        chance = random.Random().random  # noqa: S311 - spreads, hides nothing
        events = Events(queues, invocations, registry)
        self._sender = Sender(store, self._poster, events, clock, registry, chance=chance)
        self.webhooks = Webhooks(
            store, endpoints, self._sender, lambda: self._settings or Settings(), clock
        )
        self._keeping = Keeping(store, endpoints, lambda: self._settings, clock, wheel)
        registry.collect(self._keeping.samples)

    @property
    def face(self) -> OutgoingApi:
        """The operator's requests."""
        return OutgoingApi(self.webhooks, lambda: self._settings is not None)

    def start(self) -> None:
        """Begin to forget and to count."""
        self._keeping.start()

    def adopt(self, config: Config) -> None:
        """Take another configuration; begin to send, or send nothing more."""
        entry = config.outgoing_webhooks
        self._settings = None if entry is None else Settings.of(entry)
        self._sender.adopt(self._settings)

    async def stop(self, drain: float) -> None:
        """Let attempts end for up to `drain` seconds; those left are made by whoever comes next."""
        await self._sender.stop(drain)
        await self._keeping.stop()
        self._poster.close()
