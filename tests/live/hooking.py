"""A process that takes webhooks, and deals with them. Arguments: kind, file or URL, log, name, how many at once.

It says `taken ID` once that is acknowledged, and goes on until it is killed; with 0 at once it takes none, and says
`at rest` when nothing waits any more. Each call of its function is a line of the log: the id, and the attempt.
"""

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.models.webhook import Webhook
from frontdesk.config.secrets import Secret
from frontdesk.durable.inbox.hook import Hook
from frontdesk.durable.inbox.inbox import Inbox
from frontdesk.durable.inbox.targets import Targets
from frontdesk.durable.inbox.turns import Turns
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.inbox import Proven, Search
from frontdesk.ports.invoker import Outcome
from frontdesk.ports.journal import NOBODY, Start, Status
from frontdesk.ports.queue import Queue
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.inbox import PostgresInbox
from frontdesk.stores.postgres.queue import PostgresQueues
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.inbox import SqliteInbox
from frontdesk.stores.sqlite.queue import SqliteQueues

JOBS = Queue("jobs")
HOOK = {
    "scheme": "github",
    "secret": "0123456789abcdef",
    "lease": "1s",
    "dispatch": {
        "called": {"function": "f"},
        "sent": {"queue": "jobs"},
        "started": {"state_machine": "m"},
    },
}
TYPES = ("called", "called", "sent", "sent", "started")


def sqlite(where):
    database = SqliteDatabase.open(Path(where))
    return SqliteInbox(database), SqliteQueues(database)


def postgres(where):
    database = PostgresDatabase(Secret(where))
    return PostgresInbox(database), PostgresQueues(database)


OPEN = {"sqlite": sqlite, "postgres": postgres}


class Function:
    """Has no time for every fifth webhook when it comes first; its effect is a line of the log."""

    def __init__(self, log):
        self._busy = set()
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def invoke(self, invocation, done):
        event = json.loads(invocation.event)
        os.write(self._file, f"{event['id']} {event['attempt']}\n".encode())
        is_busy = event["id"].endswith("5") and event["id"] not in self._busy
        self._busy.add(event["id"])
        outcome = Outcome(b"{}", "Throttled" if is_busy else "")
        asyncio.get_running_loop().call_later(0.002, done, outcome)
        return self

    def cancel(self, *, kill):
        pass


class Starts:
    """Starts executions that nobody runs."""

    async def start_along(self, machine, given, *, name, trace, commit):
        status = Status("RUNNING")
        place = {"kind": f"execution/{machine}", "name": name}
        begun = {"digest": b"", "time": 0.0, "status": status, "owner": NOBODY}
        await commit(Start(**place, **begun, events=[{"given": given}]))


@contextlib.asynccontextmanager
async def hooking(kind, where, log):
    """Deal with webhooks. Yields the inbox and its store."""
    store, queue_store = OPEN[kind](where)
    clock, registry = SystemClock(), Registry()
    wheel = Wheel(clock.monotonic())
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    place = {"region": "eu-west-1", "account": "123456789012"}
    queues = Queues(queue_store, MemoryCatalog(clock), clock, registry, **place)
    queues.adopt({"jobs": Definition(rules=JOBS, created=0.0, changed=0.0)})
    function = Function(log)
    targets = Targets(lambda *_: function, queues, Starts())
    turns = Turns(store, targets, clock, wheel, registry)
    inbox = Inbox(store, targets, turns, clock, registry)
    hook = Hook("shop", Webhook.model_validate(HOOK))
    for part in (turns, inbox):
        part.adopt({"shop": hook})
    turns.start()
    yield inbox, store
    await turns.end(5.0)
    heartbeat.close()


async def _take_on(inbox, name):
    number = 0
    while True:
        number += 1
        proven = Proven(f"{name}-{number}", TYPES[number % len(TYPES)], b'{"items":[]}')
        with contextlib.suppress(StoreError):
            await inbox.settle("shop", proven, within=1.0)
            _say("taken", proven.id)


def _say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


async def _main(kind, where, log, name, at_once):
    async with hooking(kind, where, Path(log)) as (inbox, store):
        if int(at_once):
            await asyncio.gather(*(_take_on(inbox, f"{name}-{n}") for n in range(int(at_once))))
        while counts := await store.counts():
            if {each.state for each in counts} == {"dead"}:  # three kills in a row look like poison
                await inbox.replay(Search(state="dead"), most=1000)
            await asyncio.sleep(0.05)
        _say("at rest")


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
