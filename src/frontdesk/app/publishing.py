"""Composes topics and event buses in one process: whom they hand on to, their APIs, their tasks."""

from collections.abc import Mapping

from frontdesk.app.stores import Stores
from frontdesk.aws.events.service import event_bridge
from frontdesk.aws.sns.service import sns
from frontdesk.aws.wire import Service
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.handing import Handing
from frontdesk.durable.publishing.topics import Topics
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.service_actions import OwnServiceActions
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.publishing import PublishTasks
from frontdesk.durable.tasks.task import Doer
from frontdesk.ports.executions import Executions
from frontdesk.ports.invocations import Invocations


class PublishWork:
    """All topics and buses of one gateway. Used in this order: `start`, `adopt` for each configuration, `stop`."""

    def __init__(
        self,
        config: Config,
        stores: Stores,
        clock: Clock,
        *,
        queues: Queues,
        invocations: Invocations,
        executions: Executions,
        registry: Registry,
    ) -> None:
        """queues, invocations, executions: get what is published."""
        where = {"region": config.region, "account": config.account}
        handing = Handing(queues, invocations, executions, registry)
        self.topics = Topics(stores.shared, handing, **where)
        self.buses = Buses(stores.shared, handing, **where)
        self.actions = OwnServiceActions(queues, self.topics, self.buses, clock)
        self._queues = queues
        self._clock = clock

    @property
    def wires(self) -> tuple[Service, ...]:
        """The SNS API and the EventBridge API."""
        return (
            sns(self.topics, self._queues, self._clock),
            event_bridge(self.buses, self._queues, self._clock),
        )

    def tasks(self, jobs: Jobs) -> Mapping[tuple[str, str], Doer]:
        """Return the rows of the table of services."""
        return PublishTasks(self.topics, self.buses, jobs, self._clock).rows

    async def start(self) -> None:
        """Read what the APIs have made. Raises: StoreError."""
        await self.topics.start()
        await self.buses.start()

    def adopt(self, config: Config) -> None:
        """Take another configuration."""
        self.topics.adopt(config)
        self.buses.adopt(config)

    def stop(self) -> None:
        """Follow nothing any more."""
        self.topics.stop()
        self.buses.stop()
