"""Owns one process that drives executions of three tasks, answered within it: `python -m bench.driven MEASURE COUNT STORE…`.

Prints what it has measured as JSON. STORE: `sqlite:FILE` or a URL of PostgreSQL; `waiting` takes two, empty ones.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from bench.measure import resident_bytes
from bench.process import GATEWAY_CORE
from frontdesk.app.collector import begin_to_serve
from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.secrets import Secret
from frontdesk.durable.driver import Driver
from frontdesk.durable.executions.express import ExpressWorkflow
from frontdesk.durable.executions.process import Process
from frontdesk.durable.executions.service import DurableExecutions
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.table import Doers
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.ports.journal import Journal
from frontdesk.stores.memory.catalog import MemoryCatalog

IN_FLIGHT = 200
_ROUND, _ROUNDS = 2000, 9
"""Executions of one round, and rounds, where two stores take turns."""

GIVEN = json.dumps({"order": 7, "amount": 12.5, "customer": {"name": "Ada O'Neill"}})

_PAY = "arn:aws:lambda:eu-west-1:1:function:pay"
_TASKS = {
    name: {"Type": "Task", "Resource": _PAY, "TimeoutSeconds": 60, **following}
    for name, following in (("A", {"Next": "B"}), ("B", {"Next": "C"}), ("C", {"End": True}))
}
_THREE = {"StartAt": "A", "States": _TASKS}
_WAIT = {
    "StartAt": "W",
    "States": {"W": {"Type": "Wait", "Seconds": 86_400, "Next": "A"}, **_TASKS},
}
_MACHINES = {"three": (_THREE, False), "express": (_THREE, True), "wait": (_WAIT, False)}


class Functions:
    """A Doer that answers in the next turn of the loop; or never, while it is told to."""

    def __init__(self) -> None:
        self.silent = False
        self.asked = 0

    def do(self, task: Task, answer: Answer) -> None:
        """See Doer."""
        self.asked += 1
        if not self.silent:
            asyncio.get_running_loop().call_soon(answer.succeeded, task.invoke.arguments)


class Counted(Driver):
    """A driver that tells of each end."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.on_end: Callable[[], None] = lambda: None

    def ended(self, stream: int) -> None:
        """See Keeper."""
        super().ended(stream)
        self.on_end()


class Desk:
    """What drives executions, without doors: all of it that a gateway has for them."""

    def __init__(self, store: str) -> None:
        clock = SystemClock()
        wheel = Wheel(clock.monotonic())
        self._heartbeat = Heartbeat(wheel, clock)
        self.functions = Functions()
        self._machines = Machines(MemoryCatalog(clock), clock, region="eu-west-1", account="1")
        doers = Doers(self.functions, self.functions, {})
        process = Process(
            self._machines, doers, Jobs(clock, wheel), clock, wheel, log=lambda *_: None
        )
        workflows = {"execution": process, "express": ExpressWorkflow(process)}
        self.driver = process.driver = Counted(_journal(store), clock, wheel, workflows)
        self.executions = DurableExecutions(process, self.driver, self._machines, clock)

    async def start(self) -> None:
        """Begin to drive."""
        self._heartbeat.start()
        await self._machines.start()
        await self._machines.adopt(
            {
                name: FileMachine(name, json.dumps(definition), express, 1e9, "OFF")
                for name, (definition, express) in _MACHINES.items()
            }
        )
        await self.driver.start()

    async def run(self, count: int) -> float:
        """Run executions, so many in flight; return how many in a second."""
        free = asyncio.Semaphore(IN_FLIGHT)
        self.driver.on_end = free.release
        began = time.perf_counter()
        for _ in range(count):
            await free.acquire()
            self.start_soon("three")
        for _ in range(IN_FLIGHT):
            await free.acquire()
        return count / (time.perf_counter() - began)

    def start_soon(self, machine: str) -> "asyncio.Task[Any]":
        """Start an execution."""
        return asyncio.create_task(self.executions.start(machine, GIVEN))


def _journal(store: str) -> Journal:
    if store.startswith("sqlite:"):
        from frontdesk.stores.sqlite.database import Database as Sqlite
        from frontdesk.stores.sqlite.journal import SqliteJournal

        # As in a gateway: the lock of its data folder keeps others out.
        return SqliteJournal(Sqlite.open(Path(store.removeprefix("sqlite:"))), alone=True)
    from frontdesk.stores.postgres.database import Database as Postgres
    from frontdesk.stores.postgres.journal import PostgresJournal

    return PostgresJournal(Postgres(Secret(store)))


async def throughput(desk: Desk, count: int) -> dict[str, float]:
    """Executions of three tasks a second, 200 in flight."""
    await desk.run(IN_FLIGHT)  # warms up
    return {"rate": await desk.run(count)}


async def alone(desk: Desk, count: int) -> dict[str, float]:
    """The median time of an execution that is alone, in milliseconds."""
    times = []
    over = asyncio.Event()
    desk.driver.on_end = over.set
    for _ in range(count):
        over.clear()
        began = time.perf_counter()
        await desk.start_soon("three")
        await over.wait()
        times.append((time.perf_counter() - began) * 1000)
    return {"p50": median(times)}


async def express(desk: Desk, count: int) -> dict[str, float]:
    """Express executions a second, 200 in flight."""
    numbers = iter(range(count))

    async def call() -> None:
        for _ in numbers:
            await desk.executions.run("express", GIVEN, within=10)

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(IN_FLIGHT)))
    return {"rate": count / (time.perf_counter() - began)}


async def waiting(desk: Desk, count: int, empty: Desk) -> dict[str, float]:
    """What executions that wait weigh, and what they cost others: in turn with a store where none wait."""
    await desk.run(IN_FLIGHT)
    for first in range(0, count, IN_FLIGHT):
        most = min(IN_FLIGHT, count - first)
        await asyncio.gather(*(desk.start_soon("wait") for _ in range(most)))
    resident = resident_bytes(os.getpid()) / 1e6
    await empty.run(IN_FLIGHT)
    shares = [await desk.run(_ROUND) / await empty.run(_ROUND) for _ in range(_ROUNDS)]
    return {"resident": resident, "slower": 100 * (1 - median(shares))}


async def leaving(desk: Desk, count: int) -> dict[str, float]:
    """Start executions whose first task is never answered, and end without a word."""
    desk.functions.silent = True
    for first in range(0, count, IN_FLIGHT):
        most = min(IN_FLIGHT, count - first)
        await asyncio.gather(*(desk.start_soon("three") for _ in range(most)))
    while desk.functions.asked < count:  # noqa: ASYNC110 - of thousands
        await asyncio.sleep(0.01)
    return {"left": count}


async def recovery(desk: Desk, count: int) -> dict[str, float]:
    """Seconds until the last of them is done, counted from here: the lease of who had them lapses first."""
    over = asyncio.Event()
    left = count
    began = time.perf_counter()

    def one_less() -> None:
        nonlocal left
        left -= 1
        if not left:
            over.set()

    desk.driver.on_end = one_less
    await over.wait()
    return {"seconds": time.perf_counter() - began}


MEASURES: dict[str, Callable[..., Awaitable[dict[str, float]]]] = {
    measure.__name__: measure
    for measure in (throughput, alone, express, waiting, leaving, recovery)
}


async def _main(measure: str, count: str, *stores: str) -> None:
    desk, *others = desks = [Desk(store) for store in stores]
    for each in desks:
        await each.start()
    begin_to_serve()  # as `frontdesk run` does
    print(json.dumps(await MEASURES[measure](desk, int(count), *others)), flush=True)
    os._exit(0)  # as one that is killed: nothing is let go of


if __name__ == "__main__":
    os.sched_setaffinity(0, {GATEWAY_CORE})
    uvloop.run(_main(*sys.argv[1:]))
