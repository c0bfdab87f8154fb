"""Chooses the stores that a configuration asks for. Drivers of servers are imported only then."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from frontdesk.app.history import STORE
from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.config.models.stores import Shared
from frontdesk.config.secrets import Secret
from frontdesk.ports.cache import Cache
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.deliveries import DeliveryStore
from frontdesk.ports.idempotency import Idempotency
from frontdesk.ports.inbox import InboxStore
from frontdesk.ports.journal import Journal
from frontdesk.ports.ledger import Ledger
from frontdesk.ports.queue import QueueStore
from frontdesk.ports.usage import Usage
from frontdesk.stores.memory.cache import MemoryCache
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.deliveries import MemoryDeliveries
from frontdesk.stores.memory.idempotency import MemoryIdempotency
from frontdesk.stores.memory.inbox import MemoryInbox
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.memory.queue import MemoryQueues
from frontdesk.stores.memory.usage import MemoryUsage
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.deliveries import SqliteDeliveries
from frontdesk.stores.sqlite.idempotency import SqliteIdempotency
from frontdesk.stores.sqlite.inbox import SqliteInbox
from frontdesk.stores.sqlite.journal import SqliteJournal
from frontdesk.stores.sqlite.queue import SqliteQueues
from frontdesk.stores.sqlite.usage import SqliteUsage

if TYPE_CHECKING:
    from frontdesk.stores.redis.ledger import RedisLedger
    from frontdesk.stores.redis.link import Link


class Stores(NamedTuple):
    """Where one gateway keeps documents and usage.

    own: what belongs to this machine, as its functions and files do. shared: what all gateways with the
    same `store` have in common: API keys. usage: of these. journal: of their durable work. queues: their
    messages. inbox: webhooks that were taken; it commits along with the two before it.
    deliveries: webhooks that are sent.
    """

    own: Catalog
    shared: Catalog
    usage: Usage
    journal: Journal
    queues: QueueStore
    inbox: InboxStore
    deliveries: DeliveryStore


_OfAll: TypeAlias = tuple[Usage, Journal, QueueStore, InboxStore, DeliveryStore]
"""What is in the same store as `Stores.shared`, in its order."""


@asynccontextmanager
async def open_stores(config: Config, clock: Clock, wheel: Wheel) -> AsyncIterator[Stores]:
    """Open the stores of a gateway; they are closed on leaving. Raises: StartError."""
    store, path = config.store, sqlite_path(config)
    with ExitStack() as opened:
        database = Database.open(config.data_dir / STORE)
        opened.callback(database.close)
        own = SqliteCatalog(database, clock)
        if store.url is not None:
            yield Stores(own, *await _open_postgres(store.url, clock, wheel, opened))
        elif store.kind == "memory":
            yield Stores(own, MemoryCatalog(clock), *_of_memory())
        elif path == config.data_dir / STORE:
            yield Stores(own, own, *_of_file(database))
        else:
            other = Database.open(path)
            opened.callback(other.close)
            shared = SqliteCatalog(other, clock)
            yield Stores(own, shared, *_of_file(other))


def _of_memory() -> _OfAll:
    journal, queues = MemoryJournal(), MemoryQueues()
    return MemoryUsage(), journal, queues, MemoryInbox(queues, journal), MemoryDeliveries()


def _of_file(database: Database) -> _OfAll:
    return (
        SqliteUsage(database),
        SqliteJournal(database),
        SqliteQueues(database),
        SqliteInbox(database),
        SqliteDeliveries(database),
    )


async def _open_postgres(
    url: Secret, clock: Clock, wheel: Wheel, opened: ExitStack
) -> tuple[Catalog, Usage, Journal, QueueStore, InboxStore, DeliveryStore]:
    from frontdesk.stores.postgres.catalog import PostgresCatalog
    from frontdesk.stores.postgres.database import Database as Postgres
    from frontdesk.stores.postgres.deliveries import PostgresDeliveries
    from frontdesk.stores.postgres.inbox import PostgresInbox
    from frontdesk.stores.postgres.journal import PostgresJournal
    from frontdesk.stores.postgres.queue import PostgresQueues
    from frontdesk.stores.postgres.usage import PostgresUsage

    database = Postgres(url)
    opened.callback(database.close)
    await database.open()
    catalog = PostgresCatalog(database, clock, wheel)
    opened.callback(catalog.close)
    return (
        catalog,
        PostgresUsage(database),
        PostgresJournal(database),
        PostgresQueues(database),
        PostgresInbox(database),
        PostgresDeliveries(database),
    )


@asynccontextmanager
async def open_vault_stores(
    config: Config, clock: Clock, *, make: bool
) -> AsyncIterator[tuple[Catalog, DeliveryStore]]:
    """Open what the vault's key seals beside a gateway that may run. Raises: StartError.

    make: the SQLite file, where there is none; otherwise nothing is in it.
    """
    url = config.store.url
    path = config.data_dir / STORE if config.store.kind == "memory" else sqlite_path(config)
    with ExitStack() as opened:
        if url is not None:
            catalog, *_, deliveries = await _open_postgres(
                url, clock, Wheel(clock.monotonic()), opened
            )
            yield catalog, deliveries
        elif make or path.exists():
            database = Database.open(path)
            opened.callback(database.close)
            yield SqliteCatalog(database, clock), SqliteDeliveries(database)
        else:
            yield MemoryCatalog(clock), MemoryDeliveries()


def vault_catalog(config: Config, stores: Stores) -> Catalog:
    """Choose the documents of the vault: shared ones, unless these go with the process."""
    return stores.own if config.store.kind == "memory" else stores.shared


def sqlite_path(config: Config) -> Path:
    """Return the SQLite file of `store`."""
    return config.store.path or config.data_dir / STORE


def idempotency_store(config: Config) -> Idempotency:
    """Make the store of idempotency keys; nothing is opened before the first key comes.

    Raises: StartError, where a driver is missing.
    """
    store = config.store
    if store.url is not None:
        from frontdesk.stores.postgres.database import Database as Postgres
        from frontdesk.stores.postgres.idempotency import PostgresIdempotency

        return PostgresIdempotency(Postgres(store.url))
    if store.kind == "memory":
        return MemoryIdempotency()
    return SqliteIdempotency(sqlite_path(config))


def cache_store(config: Config) -> Cache:
    """Make the store of answers that are given again."""
    return MemoryCache(config.limits.cache, config.limits.cache)


def shared_link(shared: Shared, clock: Clock, wheel: Wheel) -> "Link":
    """Make the way to the Redis that gateways share; connects when it is first asked.

    Raises: StartError, where the driver is missing.
    """
    from frontdesk.stores.redis.link import Link

    limits = "this gateway counts alone" if shared.on_loss == "open" else "limited requests get 503"
    return Link(shared.url, clock, wheel, ca=shared.ca, meanwhile=limits)


def shared_ledger(
    config: Config, link: "Link", alone: Ledger, clock: Clock, wheel: Wheel
) -> "RedisLedger":
    """Make the ledger that gateways of one name share.

    alone: what this gateway counts with while Redis is lost, unless the file says `closed`.
    """
    from frontdesk.stores.redis.ledger import RedisLedger

    is_open = config.shared is not None and config.shared.on_loss == "open"
    prefix = f"frontdesk:{config.name}:"
    return RedisLedger(link, prefix, clock, wheel, alone=alone if is_open else None)


def shared_cache(config: Config, link: "Link", near: Cache, clock: Clock, wheel: Wheel) -> Cache:
    """Make the cache of answers that gateways of one name share. near: one with the bounds for this process."""
    from frontdesk.stores.redis.cache import RedisCache

    return RedisCache(
        link,
        f"frontdesk:{config.name}:answers:",
        clock,
        wheel,
        max_bytes=near.stats().max_bytes,
        max_entry=near.max_entry,
    )


def troubles(config: Config) -> Iterator[tuple[str, str]]:
    """Ask the servers that a configuration names; give each name with what is wrong, "" for nothing.

    Nothing is changed there. Raises: StartError, where a driver is missing.
    """
    if config.store.url is not None:
        from frontdesk.stores.postgres.database import Database as Postgres

        yield "PostgreSQL", asyncio.run(Postgres(config.store.url).trouble())
    if config.shared is not None:
        from frontdesk.stores.redis.link import trouble

        yield "Redis", asyncio.run(trouble(config.shared.url, config.shared.ca))
