"""Composes state machines in one process: what runs their executions, who does their tasks, their API."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from frontdesk.app.state_machines import file_machines
from frontdesk.app.stores import Stores
from frontdesk.aws.states.service import operations, states_service
from frontdesk.aws.states.test_state import StateTrials
from frontdesk.aws.wire import Service
from frontdesk.base.clock import Clock
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
from frontdesk.durable.life import Workflow
from frontdesk.durable.machines import Machines
from frontdesk.durable.tasks.activities import ActivityTasks
from frontdesk.durable.tasks.connections import connections_of
from frontdesk.durable.tasks.files import FileTasks
from frontdesk.durable.tasks.functions import Functions, FunctionTasks
from frontdesk.durable.tasks.http import HttpTasks
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.table import Doers, Services
from frontdesk.durable.tasks.task import Doer
from frontdesk.ports.journal import Journal
from frontdesk.ports.tracing import Tracer

_EXECUTION: Final = "execution"


class ExecutionWork:
    """All executions of one gateway.

    Used in this order: `offer`, `start`, `adopt` for each configuration, `begin` once the driver has; `stop`.
    """

    def __init__(
        self,
        config: Config,
        stores: Stores,
        journal: Journal,
        clock: Clock,
        wheel: Wheel,
        *,
        driver: Driver,
        functions: Functions,
        log: Callable[[str, bytes], None],
        registry: Registry,
        tracer: Tracer | None,
    ) -> None:
        """driver: is to have the `workflows`. functions: finds those that tasks name. log: takes lines of a machine's log."""
        where = {"region": config.region, "account": config.account}
        self.machines = Machines(stores.shared, clock, **where)
        activities = Activities(stores.shared, clock, **where)
        self.jobs = Jobs(clock, wheel)
        self._http = HttpTasks(self.jobs, clock, wheel, region=config.region, tracer=tracer)
        self._files = FileTasks(self.jobs)
        self._rows: dict[tuple[str, str], Doer] = {**self._http.rows, **self._files.rows}
        doers = Doers(
            FunctionTasks(functions, clock), ActivityTasks(activities, self.jobs), self._rows
        )
        process = Process(
            self.machines,
            doers,
            self.jobs,
            clock,
            wheel,
            log=_Log(log),
            registry=registry,
            tracer=tracer,
        )
        process.driver = driver
        self.workflows: Mapping[str, Workflow] = {
            _EXECUTION: process,
            EXPRESS: ExpressWorkflow(process),
        }
        self.executions = DurableExecutions(
            process, driver, self.machines, clock, deepest=config.limits.nested_executions
        )
        self._open = OpenExecutions(journal, clock, wheel)
        registry.collect(self._open.samples)
        self._retention = Retention(journal, self.machines, clock, wheel)
        self._operations = operations(
            machines=self.machines,
            catalog=stores.shared,
            clock=clock,
            executions=self.executions,
            activities=activities,
            post_started=self.executions.started_activity,
            trials=StateTrials(doers, clock, **where),
        )

    @property
    def wire(self) -> Service:
        """The Step Functions API."""
        return states_service(self._operations)

    def offer(self, rows: Services) -> None:
        """Have the tasks of other services done, too."""
        self._rows |= rows

    async def start(self) -> None:
        """Read what the API has made. Raises: StoreError."""
        await self.machines.start()

    async def adopt(self, loaded: Loaded) -> None:
        """Take another configuration. Raises: StoreError."""
        self._http.adopt(connections_of(loaded.config))
        self._files.adopt(loaded.config.buckets)
        await self.machines.adopt(file_machines(loaded))

    def begin(self) -> None:
        """Count those that are open, and remove those that are kept no longer."""
        self._open.start()
        self._retention.start()

    async def stop(self) -> None:
        """Do no task any more; the driver has stopped."""
        await self._retention.stop()
        await self._open.stop()
        await self.jobs.stop()
        self._http.close()
        self.machines.stop()


class _Log:
    """Writes events of executions as lines of JSON."""

    def __init__(self, write: Callable[[str, bytes], None]) -> None:
        self._write = write

    def __call__(self, machine: str, event: Mapping[str, Any]) -> None:
        """See process.Log."""
        self._write(machine, orjson.dumps(event) + b"\n")
