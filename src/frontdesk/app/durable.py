"""Composes durable work in one process: state machines, who does their tasks, the driver of the journal, queues, topics."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.app.inbox import InboxWork
from frontdesk.app.invocations import InvocationWork
from frontdesk.app.outgoing import OutgoingWork
from frontdesk.app.publishing import PublishWork
from frontdesk.app.queues import QueueWork
from frontdesk.app.records import RecordWork
from frontdesk.app.state_machines import file_machines
from frontdesk.app.stores import Stores, WorkStores
from frontdesk.aws.states.service import operations, states_service
from frontdesk.aws.states.test_state import StateTrials
from frontdesk.aws.wire import Service
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.load import Loaded
from frontdesk.config.models.root import Config
from frontdesk.durable.activities import Activities
from frontdesk.durable.driver import Driver
from frontdesk.durable.executions.counting import OpenExecutions
from frontdesk.durable.executions.express import KIND as EXPRESS
from frontdesk.durable.executions.express import ExpressWorkflow
from frontdesk.durable.executions.process import Process
from frontdesk.durable.executions.retention import Retention
from frontdesk.durable.executions.service import DurableExecutions
from frontdesk.durable.executions.telling import ExecutionNews
from frontdesk.durable.invocations.subject import Subjects
from frontdesk.durable.life import Workflow
from frontdesk.durable.machines import Machines
from frontdesk.durable.schedules.adopting import Schedules
from frontdesk.durable.schedules.definition import definitions
from frontdesk.durable.schedules.life import KIND as SCHEDULE
from frontdesk.durable.schedules.life import ScheduleWorkflow
from frontdesk.durable.schedules.retention import ScheduleRetention
from frontdesk.durable.schedules.targets import Targets
from frontdesk.durable.tasks.activities import ActivityTasks
from frontdesk.durable.tasks.connections import connections_of
from frontdesk.durable.tasks.files import FileTasks
from frontdesk.durable.tasks.functions import Functions, FunctionTasks
from frontdesk.durable.tasks.http import HttpTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.queues import QueueTasks
from frontdesk.durable.tasks.table import Doers, services
from frontdesk.durable.tasks.task import Doer
from frontdesk.gateway.admin import Face
from frontdesk.ports.tracing import Tracer
from frontdesk.stores.vault.endpoints import Endpoints

_EXECUTION: Final = "execution"


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
        catalog, where = stores.shared, {"region": config.region, "account": config.account}
        self.machines = Machines(catalog, clock, **where)
        self.activities = Activities(catalog, clock, **where)
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
        self._jobs = Jobs(clock, wheel)
        rows: dict[tuple[str, str], Doer] = {}
        doers = Doers(
            FunctionTasks(functions, clock), ActivityTasks(self.activities, self._jobs), rows
        )
        process = Process(
            self.machines,
            doers,
            self._jobs,
            clock,
            wheel,
            log=_Log(log),
            registry=registry,
            tracer=tracer,
        )
        workflows: dict[str, Workflow] = {_EXECUTION: process, EXPRESS: ExpressWorkflow(process)}
        self._driver = process.driver = Driver(
            work.journal,
            clock,
            wheel,
            workflows,
            registry=registry,
            committed=ExecutionNews(news).committed,
        )
        self.executions = DurableExecutions(
            process,
            self._driver,
            self.machines,
            clock,
            deepest=config.limits.nested_executions,
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
        workflows[SCHEDULE] = ScheduleWorkflow(Targets(self.executions, functions), registry)
        self._schedules = Schedules(work.journal, clock)
        self._http = HttpTasks(self._jobs, clock, wheel, region=config.region, tracer=tracer)
        self._files = FileTasks(self._jobs)
        rows |= services(functions, clock, self.executions, self._jobs, self.invocations.all)
        rows |= {**self._http.rows, **self._files.rows}
        rows |= QueueTasks(self.queues.queues, self._jobs).rows
        rows |= self.publishing.tasks(self._jobs)
        self._open = OpenExecutions(work.journal, clock, wheel)
        registry.collect(self._open.samples)
        self._retention = Retention(work.journal, self.machines, clock, wheel)
        self._schedule_retention = ScheduleRetention(work.journal, clock, wheel)
        self._operations = operations(
            machines=self.machines,
            catalog=catalog,
            clock=clock,
            executions=self.executions,
            activities=self.activities,
            post_started=self.executions.started_activity,
            trials=StateTrials(doers, clock, **where),
        )

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
        return states_service(self._operations), self.queues.wire, *self.publishing.wires

    async def start(self, loaded: Loaded) -> None:
        """Take the machines of the file, and begin to drive. Raises: StoreError."""
        await self.machines.start()
        await self.queues.start()
        await self.publishing.start()
        await self.adopt(loaded)
        await self._driver.start()
        self.invocations.start()
        self.outgoing.start()
        self.inbox.start()
        self.records.start()
        self._open.start()
        self._retention.start()
        self._schedule_retention.start()

    async def adopt(self, loaded: Loaded) -> None:
        """Take another configuration. Raises: StoreError."""
        self._http.adopt(connections_of(loaded.config))
        self._files.adopt(loaded.config.buckets)
        await self.machines.adopt(file_machines(loaded))
        await self._schedules.adopt(definitions(loaded.config))
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
        await self._retention.stop()
        await self._schedule_retention.stop()
        await self._open.stop()
        await self._jobs.stop()
        self._http.close()
        self.publishing.stop()
        self.machines.stop()


class _Log:
    """Writes events of executions as lines of JSON."""

    def __init__(self, write: Callable[[str, bytes], None]) -> None:
        self._write = write

    def __call__(self, machine: str, event: Mapping[str, Any]) -> None:
        """See process.Log."""
        self._write(machine, orjson.dumps(event) + b"\n")
