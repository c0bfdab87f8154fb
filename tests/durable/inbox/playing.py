"""Plays an inbox with a clock of the test, functions that are told what to answer, queues and state machines."""

import asyncio
import json

from frontdesk.base.telemetry import Registry
from frontdesk.config.models.webhook import Webhook
from frontdesk.durable.inbox.hook import Hook
from frontdesk.durable.inbox.inbox import Inbox
from frontdesk.durable.inbox.keeping import Keeping
from frontdesk.durable.inbox.targets import Targets
from frontdesk.durable.inbox.turns import Turns
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.inbox import Proven
from frontdesk.ports.invoker import Outcome
from frontdesk.ports.queue import Queue
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.inbox import MemoryInbox
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.memory.queue import MemoryQueues
from tests.durable.executions.at_work import AtWork, machine, task

WAITS = machine(A=task("slow"))


def failure(kind="Error", why="no"):
    return Outcome(json.dumps({"errorType": kind, "errorMessage": why}).encode(), "Unhandled")


class World:
    """One process that takes webhooks. `beside` is another one with the same stores."""

    def __init__(self, stores=None, clock=None, **hooks):
        self.queue_store, journal = stores or (MemoryQueues(), MemoryJournal())
        self.at_work = AtWork(journal, clock=clock, m=WAITS)
        self.clock, self.wheel = self.at_work.clock, self.at_work.wheel
        self.journal = journal
        self.registry = Registry()
        self.queues = Queues(
            self.queue_store,
            MemoryCatalog(self.clock),
            self.clock,
            self.registry,
            region="us-east-1",
            account="000000000000",
        )
        self.store = MemoryInbox(self.queue_store, journal)
        self.hooks = hooks
        self.calls = []
        self.answers = []
        self.hold = False
        self.held = []
        self.cancelled = 0

    async def start(self, store=None):
        self.store = store or self.store
        await self.at_work.start()
        targets = Targets(self.function, self.queues, self.at_work.executions)
        self.turns = Turns(
            self.store, targets, self.clock, self.wheel, self.registry, chance=lambda: 0.5
        )
        self.inbox = Inbox(self.store, targets, self.turns, self.clock, self.registry)
        self.keeping = Keeping(self.store, self.clock, self.wheel)
        self.adopt(**self.hooks)
        self.turns.start()
        await self.settle()
        return self

    async def beside(self, *, hold=False):
        """Start another process with the same stores."""
        other = World((self.queue_store, self.journal), self.clock, **self.hooks)
        other.hold = hold
        return await other.start(self.store)

    def adopt(self, **hooks):
        found = {}
        for name, hook in hooks.items():
            given = {"scheme": "github", "secret": "0123456789abcdef", **hook}
            found[name] = Hook(name, Webhook.model_validate(given))
        for part in (self.inbox, self.turns, self.keeping):
            part.adopt(found)

    async def queue(self, name, **rules):
        rules = Queue(name, **rules)
        await self.queues.put(Definition(rules=rules, created=0.0, changed=0.0))

    async def messages(self, name):
        received = await self.queues.receive(self.queues.find(name), most=10)
        return list(received)

    def function(self, name, _qualifier):
        return None if name == "missing" else self

    def invoke(self, invocation, done):
        self.calls.append(json.loads(invocation.event))
        if self.hold:
            self.held.append(done)
        else:
            answer = self.answers.pop(0) if self.answers else Outcome(b"null")
            asyncio.get_running_loop().call_soon(done, answer)
        return self

    def cancel(self, *, kill):
        self.cancelled += 1

    async def take(self, id_="e1", body=b'{"a":1}', *, hook="shop", type_="a.b", **other):
        """Take a delivery, and let it come to where it waits."""
        proven = Proven(id_, type_, body, **other)
        settled = await self.inbox.settle(hook, proven, within=5.0)
        await self.settle()
        return settled

    async def settle(self):
        for _ in range(40):
            await asyncio.sleep(0)

    async def advance(self, seconds):
        await self.at_work.advance(seconds)

    async def entry(self, id_="e1", hook="shop"):
        return (await self.store.find(hook, id_)).entry

    async def state(self, id_="e1"):
        return (await self.entry(id_)).state

    def ids(self):
        return [call["id"] for call in self.calls]

    def counted(self, metric, *labels):
        found = {(each.name, each.labels): each.value for each in self.registry.samples()}
        return found.get((metric, labels), 0)

    async def end(self):
        await self.turns.end(0.0)
        await self.keeping.stop()
        await self.at_work.stop()
