"""State machines at work in a test: a clock that is advanced, doers that wait to be told, processes that can die."""

import asyncio
import json
from dataclasses import dataclass

from frontdesk.base.news import News
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.driver import Driver, Pace
from frontdesk.durable.executions.express import ExpressWorkflow
from frontdesk.durable.executions.process import Process
from frontdesk.durable.executions.service import DurableExecutions
from frontdesk.durable.executions.telling import ExecutionNews
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.journal import MemoryJournal
from tests.durable.scripted import Clock

PLACE = {"region": "us-east-1", "account": "000000000000"}
ARN = "arn:aws:states:us-east-1:000000000000"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:"


def task(resource="pay", following=None, **fields):
    """Return a Task of a function, or of a whole ARN."""
    resource = resource if resource.startswith("arn:") else FUNCTION + resource
    return {"Type": "Task", "Resource": resource, **fields} | (
        {"Next": following} if following else {"End": True}
    )


def machine(**states):
    """Return a definition that starts with the first of these states."""
    return {"StartAt": next(iter(states)), "States": states}


@dataclass
class Asked:
    """A task that a doer was asked for."""

    task: object
    answer: object
    cancelled: bool = False

    @property
    def name(self):
        return self.task.resource.name or self.task.resource.service

    @property
    def arguments(self):
        return self.task.invoke.arguments

    def cancel(self) -> None:
        self.cancelled = True


class Doers:
    """Whoever does tasks: `results` by name answer at once; others wait in `asked`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.results = {}
        self.recalled: list[str] = []

    def do(self, task, answer):
        asked = Asked(task, answer)
        if asked.name in self.results:
            self.results[asked.name](asked)
            return None
        self.asked.append(asked)
        return asked

    def recalls(self, resource):
        return resource.has_token

    def recall(self, task, over):
        self.recalled.append(task.invoke.token)
        over()


class AtWork:
    """One process with its machines. `next_process` is another one after it, or beside it, on the same journal."""

    def __init__(self, journal=None, catalog=None, clock=None, **machines) -> None:
        self.clock = clock or Clock()
        self.wheel = Wheel(self.clock.monotonic())
        self.journal = journal or MemoryJournal()
        self.catalog = catalog or MemoryCatalog(self.clock)
        self.definitions = machines
        self.doers = Doers()
        self.registry = Registry()
        self.log = []
        self.jobs = Jobs(self.clock, self.wheel)
        self.machines = Machines(self.catalog, self.clock, **PLACE)
        process = Process(
            self.machines,
            self.doers,
            self.jobs,
            self.clock,
            self.wheel,
            log=lambda name, event: self.log.append((name, event)),
            registry=self.registry,
        )
        workflows = {"execution": process, "express": ExpressWorkflow(process)}
        self.news = News()
        told = ExecutionNews(self.news).committed
        process.driver = Driver(
            self.journal, self.clock, self.wheel, workflows, Pace(), committed=told
        )
        self.driver = process.driver
        self.executions = DurableExecutions(process, process.driver, self.machines, self.clock)

    async def start(self):
        await self.machines.start()
        await self.machines.adopt(
            {
                name: FileMachine(
                    name,
                    json.dumps({k: v for k, v in one.items() if k not in {"express", "log"}}),
                    one.get("express", False),
                    100.0,
                    one.get("log", "OFF"),
                )
                for name, one in self.definitions.items()
            }
        )
        await self.driver.start()
        await self.settle()
        return self

    async def next_process(self):
        return await AtWork(self.journal, self.catalog, self.clock, **self.definitions).start()

    def kill(self) -> None:
        """End the process without a word to the journal."""
        self.driver.stopping = True
        for held in list(self.driver._held.values()):
            held.let_go()

    async def stop(self) -> None:
        await self.driver.stop(0.0)
        await self.jobs.stop()
        self.machines.stop()

    async def settle(self) -> None:
        for _ in range(80):
            await asyncio.sleep(0)

    async def advance(self, seconds, *others) -> None:
        """Let time pass for this process and others."""
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + 0.25)
            for one in (self, *others):
                one.wheel.advance(self.clock.now)
            await self.settle()

    async def started(self, machine_="m", given=None, **what):
        """Start an execution, and let it come to where it waits."""
        execution = await self.executions.start(machine_, json.dumps(given or {}), **what)
        await self.settle()
        return execution.arn

    async def end(self, arn):
        """Return (status, output or error)."""
        found = await self.executions.describe(arn)
        output = None if found.output is None else json.loads(found.output)
        return found.status, found.error if output is None else output

    async def history(self, arn):
        page = await self.executions.history(arn, most=1000)
        return [event.type for event in page.events]
