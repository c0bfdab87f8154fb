"""Owns the ways to destinations: a record is sent to a queue, or is the input of a function or a state machine."""

from collections.abc import Awaitable, Callable
from typing import Final

from frontdesk.durable.invocations.subject import Subjects
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.ports.executions import ExecutionError, Executions
from frontdesk.ports.queue import Outgoing
from frontdesk.rules.asynchronous.destination import Destination, parse_destination
from frontdesk.rules.asynchronous.record import Ended, dead_letter_attributes, record
from frontdesk.rules.events.sqs import Attributes

_STARTED: Final = "ExecutionAlreadyExists"

Accept = Callable[[str, str, bytes, str], Awaitable[str | None]]
"""Accepts an invocation: function, qualifier, event, trace. None: there is no such function."""


class UndeliveredError(Exception):
    """A destination has not taken what was sent there. The message says why."""


class Destinations:
    """All destinations of one gateway."""

    def __init__(
        self, queues: Queues, executions: Executions, subjects: Subjects, accept: Accept
    ) -> None:
        self._subjects = subjects
        self._queues = queues
        self._executions = executions
        self._accept = accept
        self._ways = {
            "queue": self._to_queue,
            "function": self._to_function,
            "state_machine": self._to_machine,
        }

    def knows(self, destination: Destination) -> bool:
        """Whether there is such a queue or function."""
        name, _, qualifier = destination.name.partition(":")
        if destination.kind == "queue":
            return self._queues.find(name) is not None
        return destination.kind == "function" and self._subjects(name, qualifier) is not None

    async def tell(self, text: str, ended: Ended, now: float, *, trace: str) -> None:
        """Send the record of an invocation to a destination. Raises: UndeliveredError, StoreError."""
        destination = _parsed(text)
        told = record(ended, now)
        await self._ways[destination.kind](
            destination, told, ended.request_id, Attributes(trace=trace)
        )

    async def bury(self, text: str, ended: Ended, *, trace: str) -> None:
        """Send the bare event to a dead-letter queue. Raises: UndeliveredError, StoreError."""
        attributes = Attributes(dead_letter_attributes(ended), trace)
        await self._to_queue(_parsed(text), ended.event, ended.request_id, attributes)

    async def _to_queue(
        self, to: Destination, body: bytes, request_id: str, attributes: Attributes
    ) -> None:
        queue = self._queues.find(to.name)
        if to.kind != "queue" or queue is None:
            raise UndeliveredError(f"there is no such queue: {to}")
        # Differs: [fifo-destination] AWS sends to standard queues only.
        group, same = (request_id, request_id) if queue.rules.fifo else ("", "")
        message = Outgoing(new_message_id(), body, attributes.written(), group, same)
        await self._queues.send(queue, [message])

    async def _to_function(
        self, to: Destination, body: bytes, _request_id: str, attributes: Attributes
    ) -> None:
        name, _, qualifier = to.name.partition(":")
        if await self._accept(name, qualifier, body, attributes.trace) is None:
            raise UndeliveredError(f"there is no such function: {to}")

    async def _to_machine(
        self, to: Destination, body: bytes, request_id: str, attributes: Attributes
    ) -> None:
        # Differs: [machine-destination] AWS sends records to no state machine.
        given = body.decode()
        try:
            await self._executions.start(to.name, given, name=request_id, trace=attributes.trace)
        except ExecutionError as error:
            if error.code != _STARTED:  # it was, before a crash
                raise UndeliveredError(f"{to} is not started: {error.message}") from error


def _parsed(text: str) -> Destination:
    destination = parse_destination(text)
    if destination is None:
        raise UndeliveredError(f"there is no such destination: {text}")
    return destination
