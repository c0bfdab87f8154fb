"""A process that accepts asynchronous invocations and makes them, and says so.

Arguments: kind, file or URL, file to write to, seconds that its clock is ahead of time, its name.
"""

import asyncio
import json
import os
import sys
from itertools import count
from pathlib import Path

from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.durable.invocations.subject import Subject
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.invoker import Outcome
from frontdesk.ports.queue import Queue
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.stores.memory.catalog import MemoryCatalog
from tests.live.queueing import OPEN

SENDERS = 4
TOLD = Queue("told")
POLICY = Policy(on_success="queue:told", on_failure="queue:told")


class Ahead(SystemClock):
    def __init__(self, seconds):
        self.seconds = seconds

    def time(self):
        return super().time() + self.seconds


class Function:
    """Writes down each run; every fifth event fails whenever it runs."""

    def __init__(self, path):
        self._path = path

    def invoke(self, invocation, done):
        line = f"{invocation.request_id}\n".encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)
        fails = json.loads(invocation.event)["number"] % 5 == 0
        outcome = Outcome(b"{}", "Unhandled") if fails else Outcome(b"null")
        asyncio.get_running_loop().call_soon(done, outcome)
        return self

    def cancel(self, *, kill):
        pass


async def desk(store, path, clock, wheel):
    """Make one gateway's invocations of a function `f`."""
    queues = Queues(
        store, MemoryCatalog(clock), clock, Registry(), region="eu-west-1", account="123456789012"
    )
    await queues.put(Definition(rules=TOLD, created=0, changed=0))
    subject = Subject(Function(path), "arn:f", POLICY)
    return DurableInvocations(
        store,
        clock,
        wheel,
        subjects=lambda name, _qualifier: subject if name == "f" else None,
        queues=queues,
        executions=None,
        registry=Registry(),
    )


async def _send(invocations, name):
    for number in count():
        event = json.dumps({"number": number, "from": name}).encode()
        id_ = await invocations.accept("f", "", event)
        sys.stdout.write(f"accepted {id_}\n")
        sys.stdout.flush()


async def _main(kind, where, path, ahead, name):
    clock = Ahead(float(ahead))
    wheel = Wheel(clock.monotonic())
    Heartbeat(wheel, clock).start()
    invocations = await desk(OPEN[kind](where), Path(path), clock, wheel)
    invocations.start()
    await asyncio.gather(*(_send(invocations, f"{name}-{each}") for each in range(SENDERS)))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
