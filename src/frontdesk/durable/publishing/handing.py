"""Owns the handing on of what was published: one batch for each queue, invocations, executions, all committed.

Knows neither topics nor buses. What several receivers get is not one commit: after a crash between two of
them the publisher has no answer, publishes again, and some get it twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry
from frontdesk.durable.publishing.receivers import Receiver
from frontdesk.durable.publishing.rules import DEFAULT
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.ports.executions import ExecutionError, Executions
from frontdesk.ports.invocations import Invocations
from frontdesk.ports.queue import Outgoing
from frontdesk.rules.events.sqs import Attributes

_LOG: Final = logging.getLogger("frontdesk.publishing")
_LATEST: Final = "$LATEST"


class Handed(NamedTuple):
    """What one receiver gets.

    source: ARN of the topic or the rule. body: text for a queue, JSON text for others. attributes: of a
    queue's message. group, same: for a FIFO queue; same: "": its body. key: name of an execution, the same
    whenever this is handed on. dead: what a queue gets in its place where the receiver cannot have it.
    """

    source: str
    to: Receiver
    body: bytes
    attributes: Attributes = Attributes()
    group: str = ""
    same: str = ""
    key: str = ""
    dead: "Handed | None" = None


class Handing:
    """Hands things on. Used on one event loop."""

    def __init__(
        self, queues: Queues, invocations: Invocations, executions: Executions, registry: Registry
    ) -> None:
        self._queues = queues
        self._invocations = invocations
        self._executions = executions
        self._registry = registry

    async def hand(self, things: Sequence[Handed]) -> None:
        """Return when all that can have it have it for good. Raises: StoreError; some may have it then.

        A receiver that is not there, or does not take it, is told of in the log.
        """
        # Differs: [publish-at-once] AWS answers once it has it, and hands it on afterwards.
        works = self._sends(each for each in things if each.to.kind == "queue")
        works += [self._invoke(each) for each in things if each.to.kind == "function"]
        works += [self._start(each) for each in things if each.to.kind == "state_machine"]
        await _all(works)

    def _sends(self, things: Iterable[Handed]) -> list[Awaitable[None]]:
        """Make one batch for each queue."""
        in_order = sorted(things, key=lambda each: each.to.name)  # stable: in order for each queue
        batches = groupby(in_order, key=lambda each: each.to.name)
        return [self._send(name, [*batch]) for name, batch in batches]

    async def _send(self, name: str, batch: Sequence[Handed]) -> None:
        queue = self._queues.find(name)
        if queue is None:
            await self._failed(batch, "there is no such queue")
            return
        fifo = queue.rules.fifo
        messages = [
            Outgoing(
                new_message_id(),
                each.body,
                each.attributes.written(),
                each.group or (_group(each) if fifo else ""),
                each.same if fifo else "",
            )
            for each in batch
        ]
        await self._queues.send(queue, messages)
        self._count(batch, "delivered")

    async def _invoke(self, thing: Handed) -> None:
        name, _, qualifier = thing.to.name.partition(":")
        accepted = await self._invocations.accept(
            name,
            "" if qualifier == _LATEST else qualifier,
            thing.body,
            trace=thing.attributes.trace,
        )
        if accepted is None:
            await self._failed([thing], "there is no such function")
        else:
            self._count([thing], "delivered")

    async def _start(self, thing: Handed) -> None:
        try:
            await self._executions.start(
                thing.to.name, thing.body.decode(), name=thing.key, trace=thing.attributes.trace
            )
        except ExecutionError as error:
            if error.code != "ExecutionAlreadyExists":  # else it was handed on before
                # Differs: [event-retries] EventBridge tries for a day, and its targets have dead letters.
                await self._failed([thing], error.message)
                return
        self._count([thing], "delivered")

    async def _failed(self, things: Sequence[Handed], why: str) -> None:
        """Say so, and give what has a queue for that to it. Raises: StoreError."""
        for each in things:
            extra = {"source": each.source, "to": " ".join(each.to), "error": why}
            _LOG.warning("what was published is not handed on", extra=extra)
        self._count(things, "failed")
        await _all(self._sends(each.dead for each in things if each.dead is not None))

    def _count(self, things: Iterable[Handed], result: str) -> None:
        for each in things:
            counter = self._registry.counter(metrics.DELIVERIES, _name(each.source), result)
            counter.value += 1


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """Wait until all have ended, then raise what the first has raised."""
    for error in await asyncio.gather(*works, return_exceptions=True):
        if error is not None:
            raise error


def _name(source: str) -> str:
    """Shorten an ARN to the name of a topic, or to `rule/BUS/NAME`."""
    name = source.split(":", 5)[5]
    kind, _, rule = name.partition("/")
    # The ARN of a rule of the default bus does not name its bus.
    return f"rule/{DEFAULT}/{rule}" if kind == "rule" and "/" not in rule else name


def _group(thing: Handed) -> str:
    """Name the group of what has none: all that comes from one topic or rule."""
    return _name(thing.source).rpartition("/")[2][:128]
