"""Chooses the stores that a configuration asks for. Adapters are imported only then, those of durable work when it begins."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from frontdesk.app.history import STORE
from frontdesk.base.clock import Clock
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.config.models.stores import Shared
from frontdesk.config.secrets import Secret
from frontdesk.ports.cache import Cache
from frontdesk.ports.catalog import Catalog
from frontdesk.ports.idempotency import Idempotency
from frontdesk.ports.ledger import Ledger
from frontdesk.ports.usage import Usage
from frontdesk.stores.memory.cache import MemoryCache
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.usage import SqliteUsage
from frontdesk.stores.sqlite.work import holds_work

if TYPE_CHECKING:
    from frontdesk.ports.deliveries import DeliveryStore
    from frontdesk.ports.inbox import InboxStore
    from frontdesk.ports.journal import Journal
    from frontdesk.ports.queue import QueueStore
    from frontdesk.stores.postgres.database import Database as Postgres
    from frontdesk.stores.redis.ledger import RedisLedger
    from frontdesk.stores.redis.link import Link


_AT_WORK: Final = ("function", "event-source-mapping", "secret")
"""Documents that something is done for by itself: functions and mappings of the Lambda API, secrets that time out."""


class WorkStores(NamedTuple):
    """Where durable work is kept.

    queues: messages. inbox: webhooks that were taken; it commits along with the two before it. deliveries:
    webhooks that are sent.
    """

    journal: "Journal"
    queues: "QueueStore"
    inbox: "InboxStore"
    deliveries: "DeliveryStore"


class Stores(NamedTuple):
    """Where one gateway keeps documents and usage.

    own: what belongs to this machine, as its functions and files do. shared: what all gateways with the
    same `store` have in common: API keys. usage: of these. work: makes those of durable work, once.
    holds_work: whether there may be some that goes on by itself: of a former run, or of another gateway.
    """

    own: Catalog
    shared: Catalog
    usage: Usage
    work: "Callable[[], WorkStores]"
    holds_work: bool


@asynccontextmanager
async def open_stores(config: Config, clock: Clock, wheel: Wheel) -> AsyncIterator[Stores]:
    """Open the stores of a gateway; they are closed on leaving. Raises: StartError, StoreError."""
    store, path = config.store, sqlite_path(config)
    with ExitStack() as opened:
        database = Database.open(config.data_dir / STORE)
        opened.callback(database.close)
        own = SqliteCatalog(database, clock)
        if store.url is not None:
            yield await _on_postgres(store.url, own, clock, wheel, opened)
            return
        holds = await holds_work(database, _AT_WORK)
        if store.kind == "memory":
            yield _in_memory(own, clock, holds_work=holds)
        elif path == config.data_dir / STORE:
            yield _in_file(own, own, database, holds_work=holds, alone=True)  # by its lock
        else:
            other = Database.open(path)
            opened.callback(other.close)
            holds = holds or await holds_work(other, _AT_WORK)
            shared = SqliteCatalog(other, clock)
            yield _in_file(own, shared, other, holds_work=holds, alone=False)


def _in_memory(own: Catalog, clock: Clock, *, holds_work: bool) -> Stores:
    from frontdesk.stores.memory.catalog import MemoryCatalog
    from frontdesk.stores.memory.usage import MemoryUsage

    return Stores(own, MemoryCatalog(clock), MemoryUsage(), _work_in_memory, holds_work)


def _work_in_memory() -> WorkStores:
    from frontdesk.stores.memory.deliveries import MemoryDeliveries
    from frontdesk.stores.memory.inbox import MemoryInbox
    from frontdesk.stores.memory.journal import MemoryJournal
    from frontdesk.stores.memory.queue import MemoryQueues

    journal, queues = MemoryJournal(), MemoryQueues()
    return WorkStores(journal, queues, MemoryInbox(queues, journal), MemoryDeliveries())


def _in_file(
    own: Catalog, shared: Catalog, database: Database, *, holds_work: bool, alone: bool
) -> Stores:
    def work() -> WorkStores:
        return _work_in_file(database, alone=alone)

    return Stores(own, shared, SqliteUsage(database), work, holds_work)


def _work_in_file(database: Database, *, alone: bool) -> WorkStores:
    from frontdesk.stores.sqlite.deliveries import SqliteDeliveries
    from frontdesk.stores.sqlite.inbox import SqliteInbox
    from frontdesk.stores.sqlite.journal import SqliteJournal
    from frontdesk.stores.sqlite.queue import SqliteQueues

    return WorkStores(
        SqliteJournal(database, alone=alone),
        SqliteQueues(database),
        SqliteInbox(database),
        SqliteDeliveries(database),
    )


async def _on_postgres(
    url: Secret, own: Catalog, clock: Clock, wheel: Wheel, opened: ExitStack
) -> Stores:
    from frontdesk.stores.postgres.usage import PostgresUsage

    database, shared = await _open_postgres(url, clock, wheel, opened)
    return Stores(own, shared, PostgresUsage(database), lambda: _work_on_postgres(database), True)


async def _open_postgres(
    url: Secret, clock: Clock, wheel: Wheel, opened: ExitStack
) -> "tuple[Postgres, Catalog]":
    from frontdesk.stores.postgres.catalog import PostgresCatalog
    from frontdesk.stores.postgres.database import Database as Postgres

    database = Postgres(url)
    opened.callback(database.close)
    await database.open()
    catalog = PostgresCatalog(database, clock, wheel)
    opened.callback(catalog.close)
    return database, catalog


def _work_on_postgres(database: "Postgres") -> WorkStores:
    from frontdesk.stores.postgres.deliveries import PostgresDeliveries
    from frontdesk.stores.postgres.inbox import PostgresInbox
    from frontdesk.stores.postgres.journal import PostgresJournal
    from frontdesk.stores.postgres.queue import PostgresQueues

    return WorkStores(
        PostgresJournal(database),
        PostgresQueues(database),
        PostgresInbox(database),
        PostgresDeliveries(database),
    )


@asynccontextmanager
async def open_vault_stores(
    config: Config, clock: Clock, *, make: bool
) -> "AsyncIterator[tuple[Catalog, DeliveryStore]]":
    """Open what the vault's key seals beside a gateway that may run. Raises: StartError.

    make: the SQLite file, where there is none; otherwise nothing is in it.
    """
    url = config.store.url
    path = config.data_dir / STORE if config.store.kind == "memory" else sqlite_path(config)
    with ExitStack() as opened:
        if url is not None:
            from frontdesk.stores.postgres.deliveries import PostgresDeliveries

            server, catalog = await _open_postgres(url, clock, Wheel(clock.monotonic()), opened)
            yield catalog, PostgresDeliveries(server)
        elif make or path.exists():
            from frontdesk.stores.sqlite.deliveries import SqliteDeliveries

            database = Database.open(path)
            opened.callback(database.close)
            yield SqliteCatalog(database, clock), SqliteDeliveries(database)
        else:
            from frontdesk.stores.memory.catalog import MemoryCatalog
            from frontdesk.stores.memory.deliveries import MemoryDeliveries

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
        from frontdesk.stores.memory.idempotency import MemoryIdempotency

        return MemoryIdempotency()
    from frontdesk.stores.sqlite.idempotency import SqliteIdempotency

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
