"""Composes the schedules of one process: what runs them, what is kept of them."""

from collections.abc import Mapping

from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.life import Workflow
from frontdesk.durable.schedules.adopting import Schedules
from frontdesk.durable.schedules.definition import definitions
from frontdesk.durable.schedules.life import KIND, ScheduleWorkflow
from frontdesk.durable.schedules.retention import ScheduleRetention
from frontdesk.durable.schedules.targets import Targets
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.executions import Executions
from frontdesk.ports.journal import Journal


class ScheduleWork:
    """All schedules of one gateway. Used in this order: `adopt` for each configuration, `begin`, `stop`."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        wheel: Wheel,
        *,
        functions: Functions,
        executions: Executions,
        registry: Registry,
    ) -> None:
        """functions, executions: what schedules start. The driver of the journal is to have the `workflows`."""
        workflow = ScheduleWorkflow(Targets(executions, functions), registry)
        self.workflows: Mapping[str, Workflow] = {KIND: workflow}
        self._schedules = Schedules(journal, clock)
        self._retention = ScheduleRetention(journal, clock, wheel)

    async def adopt(self, config: Config) -> None:
        """Take another configuration. Raises: StoreError."""
        await self._schedules.adopt(definitions(config))

    def begin(self) -> None:
        """Keep no more of them than is wanted."""
        self._retention.start()

    async def stop(self) -> None:
        """Leave what is kept as it is."""
        await self._retention.stop()
