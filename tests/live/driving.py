"""A process that runs state machines, with functions of its own. Arguments: kind, file or URL, log, name, how many at once.

It says `started NAME` once that is acknowledged, and goes on until it is killed; with 0 at once it starts none,
and says `at rest` when nothing runs any more. Each call of a function is a line of the log: when, key, attempt.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from pathlib import Path

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.durable.driver import Driver, Pace
from frontdesk.durable.executions.express import ExpressWorkflow
from frontdesk.durable.executions.process import Process
from frontdesk.durable.executions.service import DurableExecutions
from frontdesk.durable.machines import FileMachine, Machines
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.table import Doers
from frontdesk.ports.journal import Filter
from frontdesk.stores.memory.catalog import MemoryCatalog
from tests.live.appending import OPEN
from tests.sim.machines import BusyError, busy_twice, echo, machine, task, wait

QUICK = Pace(lease=1.5, look=0.1)

FUNCTIONS = {"a": echo, "busy": busy_twice}
DEFINITION = machine(
    A=task("a"),
    B=task("busy", Retry=[{"ErrorEquals": [BusyError.__name__], "IntervalSeconds": 1}]),
    M={
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": machine(C=task("a"), D={"Type": "Pass"}),
    },
    W=wait(1),
    E=task("a"),
)
GIVEN = {"items": [1, 2]}


class Functions:
    """A Doer. called: takes the key and the attempt of each call."""

    def __init__(self, functions, called):
        self._functions = functions
        self._called = called

    def do(self, asked, answer):
        invoke = asked.invoke
        self._called(invoke.key, invoke.attempt)
        outcome = self._functions[asked.resource.name](invoke.arguments, invoke.attempt)
        loop = asyncio.get_running_loop()
        if isinstance(outcome, Exception):
            loop.call_soon(answer.failed, type(outcome).__name__, str(outcome))
        else:
            loop.call_soon(answer.succeeded, outcome)


@contextlib.asynccontextmanager
async def driving(journal, called=lambda *_: None, *, functions=FUNCTIONS, pace=QUICK):
    """Run machines on a journal: `m` is DEFINITION. Yields its executions; on leaving lets go of all."""
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    catalog, jobs = MemoryCatalog(clock), Jobs(clock, wheel)
    machines = Machines(catalog, clock, region="eu-west-1", account="123456789012")
    await machines.start()
    await machines.adopt({"m": FileMachine("m", json.dumps(DEFINITION), False, 1e9, "OFF")})
    doer = Functions(functions, called)
    process = Process(machines, Doers(doer, doer, {}), jobs, clock, wheel, log=lambda *_: None)
    workflows = {"execution": process, "express": ExpressWorkflow(process)}
    driver = process.driver = Driver(journal, clock, wheel, workflows, pace)
    await driver.start()
    try:
        yield DurableExecutions(process, driver, machines, clock)
    finally:
        await driver.stop(0.0)
        await jobs.stop()
        machines.stop()
        heartbeat.close()


async def at_rest(journal):
    """Wait until nothing runs any more."""
    running = Filter(kind="execution/m", status="RUNNING")
    while (await journal.list(running, most=1)).streams:  # noqa: ASYNC110 - of several processes
        await asyncio.sleep(0.05)


def _say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def _start_on(executions, name):
    number = 0
    while True:
        number += 1
        with contextlib.suppress(StoreError):
            begun = await executions.start("m", json.dumps(GIVEN), name=f"{name}-{number}")
            _say("started", begun.name)
            await executions.settled(begun.arn, within=60)


async def _main(kind, where, log, name, at_once):
    journal = OPEN[kind](where)
    file = os.open(Path(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def called(key, attempt):
        os.write(file, f"{time.time()} {attempt} {key}\n".encode())

    async with driving(journal, called) as executions:
        if int(at_once):
            starting = (_start_on(executions, f"{name}-{each}") for each in range(int(at_once)))
            await asyncio.gather(*starting)
        else:
            await at_rest(journal)
            _say("at rest")


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
