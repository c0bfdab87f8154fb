"""Composes durable work in one process: the driver of the journal, what it drives, queues, topics, webhooks, records."""

import asyncio
from collections.abc import Callable

from frontdesk.app.executions import ExecutionWork
from frontdesk.app.inbox import InboxWork
from frontdesk.app.invocations import InvocationWork
from frontdesk.app.outgoing import OutgoingWork
from frontdesk.app.publishing import PublishWork
from frontdesk.app.queues import QueueWork
from frontdesk.app.records import RecordWork
from frontdesk.app.schedules import ScheduleWork
from frontdesk.app.stores import Stores, WorkStores
from frontdesk.aws.wire import Service
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.durable.driver import Driver
from frontdesk.durable.executions.telling import ExecutionNews
from frontdesk.durable.invocations.subject import Subjects
from frontdesk.durable.life import Workflow
from frontdesk.durable.tasks.functions import Functions
from frontdesk.durable.tasks.queues import QueueTasks
from frontdesk.durable.tasks.table import services
from frontdesk.gateway.admin import Face
from frontdesk.ports.tracing import Tracer
from frontdesk.stores.vault.endpoints import Endpoints


class DurableWork:
    """All durable work of one gateway. Used in this order: `start`, `adopt` for each configuration, `stop`."""

    def __init__(
        self,
        config: Config,
        stores: Stores,
        work: WorkStores,
        clock: Clock,
        wheel: Wheel,
        *,
        functions: Functions,
        subjects: Subjects,
        endpoints: Endpoints,
        log: Callable[[str, bytes], None],
        registry: Registry,
        news: News,
        tracer: Tracer | None,
    ) -> None:
        """functions: finds those that tasks name, subjects those that are invoked later.

        endpoints: opens those of outgoing webhooks. log: takes lines of a machine's log. news: is told what executions do.
        tracer: begins spans; None: they are sent nowhere.
        """
        workflows: dict[str, Workflow] = {}
        self._driver = Driver(
            work.journal,
            clock,
            wheel,
            workflows,
            registry=registry,
            committed=ExecutionNews(news).committed,
        )
        self._states = ExecutionWork(
            config,
            stores,
            work.journal,
            clock,
            wheel,
            driver=self._driver,
            functions=functions,
            log=log,
            registry=registry,
            tracer=tracer,
        )
        self.machines, self.executions = self._states.machines, self._states.executions
        self.queues = QueueWork(
            config,
            stores,
            work.queues,
            clock,
            wheel,
            functions=functions,
            registry=registry,
            tracer=tracer,
        )
        self.records = RecordWork(
            config,
            clock,
            wheel,
            queues=self.queues.queues,
            functions=functions,
            registry=registry,
        )
        self.invocations = InvocationWork(
            work.queues,
            clock,
            wheel,
            subjects=subjects,
            queues=self.queues.queues,
            executions=self.executions,
            registry=registry,
            tracer=tracer,
        )
        self.publishing = PublishWork(
            config,
            stores,
            clock,
            queues=self.queues.queues,
            invocations=self.invocations.all,
            executions=self.executions,
            registry=registry,
        )
        self.inbox = InboxWork(
            work.inbox,
            clock,
            wheel,
            functions=functions,
            queues=self.queues.queues,
            executions=self.executions,
            registry=registry,
            tracer=tracer,
        )
        self.outgoing = OutgoingWork(
            work.deliveries,
            endpoints,
            clock,
            wheel,
            queues=self.queues.queues,
            invocations=self.invocations.all,
            registry=registry,
        )
        self._schedules = ScheduleWork(
            work.journal,
            clock,
            wheel,
            functions=functions,
            executions=self.executions,
            registry=registry,
        )
        workflows |= {**self._states.workflows, **self._schedules.workflows}
        self._offer_tasks(functions, clock)

    def _offer_tasks(self, functions: Functions, clock: Clock) -> None:
        """Have executions do what the other parts do."""
        jobs, later = self._states.jobs, self.invocations.all
        self._states.offer(services(functions, clock, self.executions, jobs, later))
        self._states.offer(QueueTasks(self.queues.queues, jobs).rows)
        self._states.offer(self.publishing.tasks(jobs))

    @property
    def faces(self) -> tuple[Face, ...]:
        """The operator's requests about queues, later invocations, webhooks both ways and records."""
        return (
            self.queues.face,
            self.invocations.face,
            self.inbox.face,
            self.outgoing.face,
            self.records.face,
        )

    @property
    def wires(self) -> tuple[Service, ...]:
        """The APIs of Step Functions, SQS, SNS and EventBridge."""
        return self._states.wire, self.queues.wire, *self.publishing.wires

    async def start(self, loaded: Loaded) -> None:
        """Take the machines of the file, and begin to drive. Raises: StoreError."""
        await self._states.start()
        await self.queues.start()
        await self.publishing.start()
        await self.adopt(loaded)
        await self._driver.start()
        self.invocations.start()
        self.outgoing.start()
        self.inbox.start()
        self.records.start()
        self._states.begin()
        self._schedules.begin()

    async def adopt(self, loaded: Loaded) -> None:
        """Take another configuration. Raises: StoreError."""
        await self._states.adopt(loaded)
        await self._schedules.adopt(loaded.config)
        self.queues.adopt(loaded.config)
        await self.records.adopt(loaded.config)
        self.outgoing.adopt(loaded.config)
        self.inbox.adopt(loaded.config)
        self.publishing.adopt(loaded.config)

    async def stop(self, drain: float) -> None:
        """Let tasks end for up to `drain` seconds, then leave the rest to whoever comes next."""
        await asyncio.gather(
            self._driver.stop(drain),
            self.queues.stop(drain),
            self.invocations.stop(drain),
            self.outgoing.stop(drain),
            self.inbox.stop(drain),
        )
        await self.records.stop(drain)
        await self._schedules.stop()
        await self._states.stop()
        self.publishing.stop()
