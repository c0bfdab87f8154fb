"""Owns the asynchronous invocations of one gateway: accepts them, and has each function's looked after.

Whoever accepts one in this process has it made at once; what others have accepted, what waits for its next
attempt, and what was left by a crash is looked for once a second. See `ports.invocations`.
"""

import asyncio
from math import inf
from typing import Final

from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.invocations.attempts import Attempts
from frontdesk.durable.invocations.destinations import Destinations
from frontdesk.durable.invocations.kept import PREFIX, Kept, queue_of
from frontdesk.durable.invocations.line import Line
from frontdesk.durable.invocations.subject import Subjects
from frontdesk.durable.queues.queues import SLICE, Queues, new_message_id
from frontdesk.durable.rounds import Rounds
from frontdesk.ports.executions import Executions
from frontdesk.ports.queue import Counts, Outgoing, QueueStore
from frontdesk.ports.tracing import Tracer
from frontdesk.rules.asynchronous.destination import Destination

AT_ONCE: Final = 10
"""Invocations of a function at once in one process, where it has no reserved concurrency."""


class DurableInvocations(Rounds):
    """All asynchronous invocations of one gateway. Used on its event loop."""

    every = 1.0
    undone = "asynchronous invocations are not looked for"

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
        tracer: Tracer | None = None,
    ) -> None:
        """subjects: finds functions. queues, executions: where records may go. tracer: see Attempts."""
        super().__init__(clock, wheel)
        self._store = store
        self._subjects = subjects
        self._destinations = Destinations(queues, executions, subjects, self._accept_record)
        self._attempts = Attempts(
            store, clock, registry, subjects, self._destinations, tracer=tracer
        )
        self._lines: dict[str, Line] = {}
        self._ended = False

    async def accept(
        self,
        function: str,
        qualifier: str,
        event: bytes,
        *,
        trace: str = "",
        client_context: str = "",
    ) -> str | None:
        """See ports.invocations."""
        if self._subjects(function, qualifier) is None:
            return None
        kept = Kept(qualifier, trace, client_context)
        message = Outgoing(new_message_id(), event, kept.written())
        await self._store.send(queue_of(function), [message], now=self._clock.time())
        self._attempts.count(function, "accepted")
        self._look(function)
        return message.id

    def knows(self, destination: Destination) -> bool:
        """Whether there is such a queue or function."""
        return self._destinations.knows(destination)

    async def waiting(self) -> dict[str, Counts]:
        """Count the invocations that are not over, by function. Raises: StoreError."""
        now = self._clock.time()
        names = sorted(await self._store.names(PREFIX))
        return {
            name.removeprefix(PREFIX): await self._store.counts(name, now=now) for name in names
        }

    async def forget(self, function: str, before: float = inf) -> int:
        """Drop what has been accepted for a function until then; return how many. Raises: StoreError."""
        total = 0
        while True:
            gone = await self._store.forget(PREFIX + function, before, most=SLICE)
            total += gone
            if gone < SLICE:
                return total

    async def go_round(self) -> None:
        """Look for what waits. Raises: StoreError."""
        for name in await self._store.names(PREFIX):
            self._look(name.removeprefix(PREFIX))
        self._lines = {name: line for name, line in self._lines.items() if not line.is_idle}

    async def end(self, drain: float) -> None:
        """Begin nothing more, and let attempts end for up to `drain` seconds; others make what is left."""
        self._ended = True
        await self.stop()
        await asyncio.gather(*(line.end(drain) for line in self._lines.values()))

    def _look(self, function: str) -> None:
        """Have the invocations of a function made, unless only other gateways know it."""
        subject = self._subjects(function, "")
        if subject is None or self._ended:
            return
        line = self._lines.get(function)
        if line is None:
            line = Line(function, self._store, self._clock, self._attempts)
            self._lines[function] = line
        line.look(AT_ONCE if subject.reserved is None else max(1, subject.reserved))

    async def _accept_record(
        self, function: str, qualifier: str, event: bytes, trace: str
    ) -> str | None:
        return await self.accept(function, qualifier, event, trace=trace)
