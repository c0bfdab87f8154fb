"""Opens stores of outgoing webhooks of each kind, and opens them anew as after a crash."""

import contextlib
import tempfile
from pathlib import Path

from frontdesk.config.secrets import Secret
from frontdesk.stores.memory.deliveries import MemoryDeliveries
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.deliveries import PostgresDeliveries
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.deliveries import SqliteDeliveries
from tests.live.disks import as_killed
from tests.live.servers import emptied, postgres_url


class Memory:
    """Loses everything in a crash, so it has none."""

    def __init__(self):
        self.store = MemoryDeliveries()

    async def crash(self):
        pass


class Sqlite:
    def __init__(self, folder):
        self._folder = folder
        self._crashes = 0
        self.path = folder / "frontdesk.db"
        self._open()

    def _open(self):
        self._database = SqliteDatabase.open(self.path)
        self.store = SqliteDeliveries(self._database)

    async def crash(self):
        self._crashes += 1
        left = as_killed(self.path, self._folder / str(self._crashes))
        self._database.close()
        self.path = left
        self._open()

    def close(self):
        self._database.close()


class Postgres:
    def __init__(self, database):
        self._open(database)

    def _open(self, database):
        self._database = database
        self.store = PostgresDeliveries(database)

    async def crash(self):
        self.close()
        self._open(PostgresDatabase(Secret(postgres_url())))

    def close(self):
        self._database.close()


@contextlib.asynccontextmanager
async def memory():
    yield Memory()


@contextlib.asynccontextmanager
async def sqlite():
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(Sqlite(Path(folder))) as opened,
    ):
        yield opened


@contextlib.asynccontextmanager
async def postgres():
    async with emptied(postgres_url()) as database:
        with contextlib.closing(Postgres(database)) as opened:
            yield opened


ADAPTERS = {"memory": memory, "sqlite": sqlite, "postgres": postgres}
