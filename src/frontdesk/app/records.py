"""Composes records in one process: their store, where functions find it, who is told, what goes."""

from collections.abc import Mapping
from pathlib import Path

from frontdesk.app.records_api import RecordsApi
from frontdesk.app.stores import sqlite_path
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.records.hooks import Hooks
from frontdesk.durable.records.keeping import Keeping
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.records import RecordStore
from frontdesk.records.opening import URL
from frontdesk.stores.memory.records import MemoryRecords
from frontdesk.stores.sqlite.records import SqliteRecords


class RecordWork:
    """All records of one gateway. Used in this order: `adopt` for each configuration, `stop`."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        wheel: Wheel,
        *,
        queues: Queues,
        functions: Functions,
        registry: Registry,
    ) -> None:
        """queues, functions: those that are told. Raises: StartError, where a driver is missing."""
        self._store = record_store(config)
        self._clock = clock
        self._named: tuple[str, ...] = ()
        self._hooks = Hooks(
            self._store,
            config.name,
            clock,
            queues=queues,
            functions=functions,
            registry=registry,
        )
        self._keeping = Keeping(self._store, lambda: self._hooks.subscribers, clock, wheel)
        registry.collect(self._keeping.samples)

    @property
    def face(self) -> RecordsApi:
        """The operator's requests."""
        return RecordsApi(self._store, self._clock, lambda: self._named)

    def start(self) -> None:
        """Begin to look after records."""
        self._keeping.start()

    async def adopt(self, config: Config) -> None:
        """Take another configuration. Raises: StoreError."""
        await self._hooks.adopt(config.records)
        self._named = tuple(config.records)
        self._keeping.adopt(config.records)

    async def stop(self, patience: float) -> None:
        """Let calls end for up to `patience` seconds; the changes of those left are told again."""
        await self._hooks.stop(patience)
        await self._keeping.stop()
        self._store.close()


def record_store(config: Config) -> RecordStore:
    """Make the store of records; nothing is opened before something is asked of it.

    Raises: StartError, where a driver is missing.
    """
    store = config.store
    if store.url is not None:
        from frontdesk.stores.postgres.database import Database as Postgres
        from frontdesk.stores.postgres.records import PostgresRecords

        return PostgresRecords(Postgres(store.url))
    return MemoryRecords() if store.kind == "memory" else SqliteRecords(_path(config))


def records_environment(config: Config) -> Mapping[str, str]:
    """Return the variable by which functions find records, where the file has any that they can reach."""
    if not config.records or config.store.kind == "memory":
        return {}
    url = config.store.url
    return {URL: f"sqlite://{_path(config)}" if url is None else url.reveal()}


def _path(config: Config) -> Path:
    """Return the file of records: one of its own, for whoever writes a file keeps others waiting."""
    path = sqlite_path(config).absolute()
    return path.with_name(f"{path.stem}-records{path.suffix}")
