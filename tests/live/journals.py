"""Opens a Journal of each kind, and opens it anew as after a crash."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from frontdesk.config.secrets import Secret
from frontdesk.stores.memory.journal import MemoryJournal
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.postgres.journal import PostgresJournal
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from frontdesk.stores.sqlite.journal import SqliteJournal
from tests.live.servers import emptied, postgres_url


class Memory:
    """Loses everything in a crash, so it has none."""

    def __init__(self):
        self.journal = MemoryJournal()

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
        self.journal = SqliteJournal(self._database)

    async def crash(self):
        """Go on with the files as they lie there now, which is what a killed process leaves."""
        self._crashes += 1
        left = self._folder / str(self._crashes)
        left.mkdir()
        for file in self.path.parent.glob("frontdesk.db*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, left)
        self._database.close()
        self.path = left / self.path.name
        self._open()

    def close(self):
        self._database.close()


class Postgres:
    def __init__(self, database):
        self._database = database
        self.journal = PostgresJournal(database)

    async def crash(self):
        self.close()
        self._database = PostgresDatabase(Secret(postgres_url()))
        self.journal = PostgresJournal(self._database)

    def close(self):
        self._database.close()


@contextlib.asynccontextmanager
async def memory():
    yield Memory()


@contextlib.asynccontextmanager
async def sqlite():
    with tempfile.TemporaryDirectory() as folder:
        opened = Sqlite(Path(folder))
        yield opened
        opened.close()


@contextlib.asynccontextmanager
async def postgres():
    async with emptied(postgres_url()) as database:
        opened = Postgres(database)
        yield opened
        opened.close()


ADAPTERS = {"memory": memory, "sqlite": sqlite, "postgres": postgres}
