"""Composes webhooks that are taken in one process: their inbox, who deals with them, what is done in the background."""

from collections.abc import Mapping

from frontdesk.app.inbox_api import InboxApi
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.config.models.webhook import Webhook
from frontdesk.durable.inbox.hook import hooks
from frontdesk.durable.inbox.inbox import Inbox
from frontdesk.durable.inbox.keeping import Keeping
from frontdesk.durable.inbox.targets import Starts, Targets
from frontdesk.durable.inbox.turns import Turns
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.inbox import InboxStore
from frontdesk.ports.tracing import Tracer


class InboxWork:
    """All webhooks that one gateway takes. Used in this order: `start`, `adopt` for each configuration, `stop`."""

    def __init__(
        self,
        store: InboxStore,
        clock: Clock,
        wheel: Wheel,
        *,
        functions: Functions,
        queues: Queues,
        executions: Starts,
        registry: Registry,
        tracer: Tracer | None,
    ) -> None:
        """functions, queues, executions: find those that webhooks are handed to."""
        targets = Targets(functions, queues, executions, tracer)
        self._turns = Turns(store, targets, clock, wheel, registry)
        self.hooks = Inbox(store, targets, self._turns, clock, registry)
        self.inbox = store
        self._keeping = Keeping(store, clock, wheel)
        self._webhooks: Mapping[str, Webhook] = {}
        registry.collect(self._keeping.samples)

    @property
    def face(self) -> InboxApi:
        """The operator's requests."""
        return InboxApi(self.inbox, self.hooks, lambda: self._webhooks)

    def start(self) -> None:
        """Begin to deal with what waits, and to count it."""
        self._turns.start()
        self._keeping.start()

    def adopt(self, config: Config) -> None:
        """Take another configuration."""
        self._webhooks = config.webhooks
        found = hooks(config)
        for part in (self.hooks, self._turns, self._keeping):
            part.adopt(found)

    async def stop(self, drain: float) -> None:
        """Let turns end for up to `drain` seconds; others go on with those left."""
        await self._turns.end(drain)
        await self._keeping.stop()
