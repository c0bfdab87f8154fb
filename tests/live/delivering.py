"""A process that publishes webhooks and sends them, and says so. Arguments: kind, file or URL, name, 1 to publish.

The application `acme` and its endpoints are there already.
"""

import asyncio
import random
import sys
from ipaddress import ip_network
from pathlib import Path

from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.secrets import Secret
from frontdesk.durable.outgoing.destinations import Reach
from frontdesk.durable.outgoing.events import Events
from frontdesk.durable.outgoing.posting import Poster
from frontdesk.durable.outgoing.sender import Sender
from frontdesk.durable.outgoing.settings import Settings
from frontdesk.ports.deliveries import Message
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.deliveries import PostgresDeliveries
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.deliveries import SqliteDeliveries
from frontdesk.stores.vault.endpoints import Endpoints
from frontdesk.stores.vault.master_keys import MasterKeys

PUBLISHERS = 2
AT_ONCE = 10

SETTINGS = Settings(
    reach=Reach(http=True, ports=frozenset(range(1, 65536)), networks=(ip_network("127.0.0.0/8"),)),
    schedule=(0.05,) * 20,
)

OPEN = {
    "sqlite": lambda where: SqliteDeliveries(SqliteDatabase.open(Path(where))),
    "postgres": lambda where: PostgresDeliveries(PostgresDatabase(Secret(where))),
}


class Later:
    """The clock, some time ahead: whose leases are over by then."""

    monotonic = staticmethod(SystemClock.monotonic)

    def __init__(self, ahead):
        self._ahead = ahead

    def time(self):
        return SystemClock.time() + self._ahead


def sender(store, clock, make=Poster):
    """Make a sender that tells nobody of events."""
    registry = Registry()
    endpoints = Endpoints(store, MasterKeys({}, Path()))  # those of these tests are kept open
    poster = make(endpoints, clock, Wheel(clock.monotonic()))
    events = Events(None, None, registry)
    chance = random.Random().random
    return Sender(store, poster, events, clock, registry, chance=chance, at_once=AT_ONCE)


def said(text, what):
    """Read the ids of the messages of which the process has said so."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return {id_ for word, id_ in lines if word == what}


class Telling(Poster):
    """Says of each attempt that it begins."""

    async def post(self, turn, settings):
        say("sent", turn.message.id)
        return await super().post(turn, settings)


def say(what, id_):
    sys.stdout.write(f"{what} {id_}\n")
    sys.stdout.flush()


async def _publish(store, clock, sending, name, publisher):
    number = 0
    while True:
        number += 1
        id_ = f"{name}-{publisher}-{number}"
        message = Message(id_, "acme", "a", id_.encode(), clock.time(), event=id_)
        await store.publish(message)
        say("published", id_)
        sending.look()
        await asyncio.sleep(0.005)


async def _main(kind, where, name, publishes):
    store, clock = OPEN[kind](where), SystemClock()
    sending = sender(store, clock, Telling)
    sending.adopt(SETTINGS)
    say("started", name)
    publishers = range(PUBLISHERS if publishes == "1" else 0)
    await asyncio.gather(
        asyncio.Event().wait(),
        *(_publish(store, clock, sending, name, each) for each in publishers),
    )


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
