"""Composes records in one process: their store, who is told, what goes."""

from frontdesk.app.record_files import records_path
from frontdesk.app.records_api import RecordsApi
from frontdesk.base.clock import Clock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.records.hooks import Hooks
from frontdesk.durable.records.keeping import Keeping
from frontdesk.durable.tasks.functions import Functions
from frontdesk.ports.records import RecordStore
from frontdesk.records.blobs import Blobs, blobs_beside
from frontdesk.records.sweeping import Sweep
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
        self._keeping = Keeping(
            self._store, lambda: self._hooks.subscribers, clock, wheel, self._sweep(config)
        )
        registry.collect(self._keeping.samples)

    @property
    def face(self) -> RecordsApi:
        """The operator's requests."""
        return RecordsApi(self._store, self._clock, lambda: self._named)

    def _sweep(self, config: Config) -> Sweep | None:
        """Return what removes files of large attributes: the gateway knows those beside a SQLite file."""
        if not isinstance(self._store, SqliteRecords):
            return None
        return Sweep(self._store, Blobs(blobs_beside(records_path(config))), self._clock)

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
    return MemoryRecords() if store.kind == "memory" else SqliteRecords(records_path(config))
