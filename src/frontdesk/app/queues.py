"""Composes queues in one process: their store, consumers, what is done in the background."""

from frontdesk.app.queues_api import QueuesApi
from frontdesk.app.stores import Stores
from frontdesk.aws.sqs.service import SqsService, operations
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.queues.consumers import Consumers
from frontdesk.durable.queues.definition import definitions
from frontdesk.durable.queues.keeping import Keeping
from frontdesk.durable.queues.moves import Moves
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.queue import QueueStore
from frontdesk.ports.tracing import Tracer


class QueueWork:
    """All queues of one gateway. Used in this order: `start`, `adopt` for each configuration, `stop`."""

    def __init__(
        self,
        config: Config,
        stores: Stores,
        store: QueueStore,
        clock: Clock,
        wheel: Wheel,
        *,
        functions: Functions,
        registry: Registry,
        tracer: Tracer | None,
    ) -> None:
        """stores: have what the APIs have made. store: has messages. functions: finds those that consumers name."""
        self._config = config
        self._clock = clock
        self.queues = Queues(
            store,
            stores.shared,
            clock,
            registry,
            region=config.region,
            account=config.account,
        )
        self.moves = Moves(self.queues, clock)
        self.consumers = Consumers(self.queues, functions, stores.own, clock, wheel, tracer=tracer)
        self._keeping = Keeping(self.queues, clock, wheel)
        registry.collect(self._keeping.samples)

    @property
    def wire(self) -> SqsService:
        """The SQS API."""
        served = operations(self.queues, self.moves, self._clock, account=self._config.account)
        return SqsService(served, secure=self._config.admin.tls is not None)

    @property
    def face(self) -> QueuesApi:
        """The operator's requests."""
        return QueuesApi(self.queues, self.moves, self._keeping, self._clock)

    async def start(self) -> None:
        """Read what the API has made, and begin to count. Raises: StoreError."""
        await self.queues.start()
        await self.consumers.mappings.start()
        self.consumers.start()
        self._keeping.start()

    def adopt(self, config: Config) -> None:
        """Take another configuration."""
        self.queues.adopt(definitions(config, self._clock.time()))
        self.consumers.adopt(config)

    async def stop(self, drain: float) -> None:
        """Let calls end for up to `drain` seconds; the messages of those left come again."""
        self.queues.stop()
        await self.consumers.end(drain)
        await self.moves.stop()
        await self._keeping.stop()
