"""A process that sends, receives and deletes, and says so after each commit. Arguments: kind, file or URL, name."""

import asyncio
import sys
from pathlib import Path

from frontdesk.config.secrets import Secret
from frontdesk.ports.queue import Outgoing, Queue
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.queue import PostgresQueues
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.queue import SqliteQueues

NOW = 1_700_000_000.0
CALLS = Queue("calls", visibility=60.0)
SENDERS = 8

OPEN = {
    "sqlite": lambda where: SqliteQueues(SqliteDatabase.open(Path(where))),
    "postgres": lambda where: PostgresQueues(PostgresDatabase(Secret(where))),
}


def acknowledged(text, what):
    """Read the ids of the messages of which the process has said so."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return {id_ for said, id_ in lines if said == what}


async def _send(store, name, sender):
    number = 0
    while True:
        number += 1
        id_ = f"{name}-{sender}-{number}"
        await store.send(CALLS, [Outgoing(id_, id_.encode())], now=NOW)
        _say("sent", id_)


async def _receive(store):
    while True:
        received = await store.receive(CALLS, most=3, now=NOW)
        for message in received.messages:
            await store.delete(CALLS, [message.receipt], now=NOW)
            _say("deleted", message.id)


def _say(what, id_):
    sys.stdout.write(f"{what} {id_}\n")
    sys.stdout.flush()


async def _main(kind, where, name):
    store = OPEN[kind](where)
    await asyncio.gather(*(_send(store, name, each) for each in range(SENDERS)), _receive(store))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
