"""Opens stores of records of each kind, and opens them anew as after a crash: such a store owns its database."""

from frontdesk.config.secrets import Secret
from frontdesk.stores.memory.records import MemoryRecords
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.records import PostgresRecords
from frontdesk.stores.sqlite.records import SqliteRecords
from tests.live.disks import as_killed
from tests.live.servers import postgres_url
from tests.live.stores import adapters


class Memory:
    """Loses everything in a crash, so it has none."""

    url = "memory"

    def __init__(self):
        self.store = MemoryRecords()

    async def crash(self):
        pass


class Sqlite:
    def __init__(self, folder):
        self._folder = folder
        self._crashes = 0
        self.path = folder / "records.db"
        self.store = SqliteRecords(self.path)

    @property
    def url(self):
        return f"sqlite://{self.path}"

    async def crash(self):
        await self.store.modules()  # the file is opened when something is asked
        self._crashes += 1
        left = as_killed(self.path, self._folder / str(self._crashes))
        self.store.close()
        self.path = left
        self.store = SqliteRecords(left)

    def close(self):
        self.store.close()


class Postgres:
    def __init__(self, database):
        self.url = postgres_url()
        self.store = PostgresRecords(database)

    async def crash(self):
        self.close()
        self.store = PostgresRecords(Database(Secret(self.url)))

    def close(self):
        self.store.close()


ADAPTERS = adapters(Memory, Sqlite, Postgres)
