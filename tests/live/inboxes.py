"""Opens an inbox of each kind with its queues and its journal, and opens them anew as after a crash."""

import contextlib
import tempfile
from pathlib import Path

from frontdesk.config.secrets import Secret
from frontdesk.stores.memory.inbox import MemoryInbox
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.memory.queue import MemoryQueues
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.inbox import PostgresInbox
from frontdesk.stores.postgres.journal import PostgresJournal
from frontdesk.stores.postgres.queue import PostgresQueues
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.inbox import SqliteInbox
from frontdesk.stores.sqlite.journal import SqliteJournal
from frontdesk.stores.sqlite.queue import SqliteQueues
from tests.live.disks import as_killed
from tests.live.servers import emptied, postgres_url


class Memory:
    """Loses everything in a crash, so it has none."""

    def __init__(self):
        self.queues, self.journal = MemoryQueues(), MemoryJournal()
        self.store = MemoryInbox(self.queues, self.journal)

    async def crash(self):
        pass

    def beside(self):
        return self.store


class Sqlite:
    def __init__(self, folder):
        self._folder = folder
        self._crashes = 0
        self._opened = contextlib.ExitStack()
        self.path = folder / "frontdesk.db"
        self._open()

    def _open(self):
        database = self._database()
        self.store = SqliteInbox(database)
        self.queues, self.journal = SqliteQueues(database), SqliteJournal(database)

    def _database(self):
        database = SqliteDatabase.open(self.path)
        self._opened.callback(database.close)
        return database

    async def crash(self):
        self._crashes += 1
        left = as_killed(self.path, self._folder / str(self._crashes))
        self.close()
        self.path = left
        self._open()

    def beside(self):
        """Open the same file once more, as another process has it."""
        return SqliteInbox(self._database())

    def close(self):
        self._opened.close()


class Postgres:
    def __init__(self, database):
        self._opened = contextlib.ExitStack()
        self._open(database)

    def _open(self, database):
        self._opened.callback(database.close)
        self.store = PostgresInbox(database)
        self.queues, self.journal = PostgresQueues(database), PostgresJournal(database)

    async def crash(self):
        self.close()
        self._open(PostgresDatabase(Secret(postgres_url())))

    def beside(self):
        """Connect once more, as another process does."""
        database = PostgresDatabase(Secret(postgres_url()))
        self._opened.callback(database.close)
        return PostgresInbox(database)

    def close(self):
        self._opened.close()


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
