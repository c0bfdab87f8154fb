"""Composes asynchronous invocations in one process: who keeps and makes them, what is done in the background."""

import asyncio

from frontdesk.app.invocations_api import InvocationsApi
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.durable.invocations.keeping import Keeping
from frontdesk.durable.invocations.subject import Subjects
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.executions import Executions
from frontdesk.ports.queue import QueueStore
from frontdesk.ports.tracing import Tracer


class InvocationWork:
    """All asynchronous invocations of one gateway. Used in this order: `start`, `stop`."""

    def __init__(
        self,
        store: QueueStore,
        clock: Clock,
        wheel: Wheel,
        *,
        subjects: Subjects,
        queues: Queues,
        executions: Executions,
        registry: Registry,
        tracer: Tracer | None,
    ) -> None:
        """subjects: finds functions. queues, executions: where records may go."""
        self.all = DurableInvocations(
            store,
            clock,
            wheel,
            subjects=subjects,
            queues=queues,
            executions=executions,
            registry=registry,
            tracer=tracer,
        )
        self._keeping = Keeping(self.all, lambda name: subjects(name, "") is not None, clock, wheel)
        registry.collect(self._keeping.samples)
        self._clock = clock

    @property
    def face(self) -> InvocationsApi:
        """The operator's requests."""
        return InvocationsApi(self.all, self._clock)

    def start(self) -> None:
        """Begin to make what was accepted, and to count it."""
        self.all.start()
        self._keeping.start()

    async def stop(self, drain: float) -> None:
        """Let attempts end for up to `drain` seconds; those left are made by whoever comes next."""
        await asyncio.gather(self.all.end(drain), self._keeping.stop())
