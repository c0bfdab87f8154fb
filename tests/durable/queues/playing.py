"""Plays queues with a clock of the test and functions that are told what to answer."""

import asyncio
import json

from frontdesk.base.telemetry import Registry
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.ports.invoker import Outcome
from frontdesk.ports.queue import Outgoing, Queue
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.queue import MemoryQueues

NOW = 1_700_000_000.0


class Clock:
    def __init__(self):
        self.now = NOW

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


class World:
    """Queues of the API by name, and the calls of functions. answers: of the next calls, else null."""

    def __init__(self):
        self.clock = Clock()
        self.registry = Registry()
        self.store = MemoryQueues()
        self.catalog = MemoryCatalog(self.clock)
        self.queues = Queues(
            self.store,
            self.catalog,
            self.clock,
            self.registry,
            region="eu-west-1",
            account="123456789012",
        )
        self.calls = []
        self.answers = []
        self.waiting = []
        self.hold = False

    async def queue(self, name, **rules):
        definition = Definition(rules=Queue(name, **rules), created=NOW, changed=NOW)
        await self.queues.put(definition)
        return definition

    async def send(self, queue, *bodies, **fields):
        messages = [Outgoing(new_message_id(), body.encode(), **fields) for body in bodies]
        return [sent.id for sent in await self.queues.send(queue, messages)]

    def records(self, queue):
        """Return all messages, hidden or not."""
        return list(self.store._in(queue.name))

    def function(self, name, qualifier):
        return None if name == "missing" else self

    def invoke(self, invocation, done):
        self.calls.append(json.loads(invocation.event)["Records"])
        if self.hold:
            self.waiting.append(done)
        else:
            answer = self.answers.pop(0) if self.answers else Outcome(b"null")
            asyncio.get_running_loop().call_soon(done, answer)
        return self

    def cancel(self, *, kill):
        pass

    def bodies(self):
        return [[record["body"] for record in call] for call in self.calls]

    def counted(self, queue, operation):
        samples = {each.labels: each.value for each in self.registry.samples()}
        return samples.get((queue.name, operation), 0)


async def settled(condition):
    """Give others their turns until something holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody tells of what happens in between
            await asyncio.sleep(0)
