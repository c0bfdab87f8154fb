"""Opens stores of each kind, and opens them anew as after a crash.

What is opened has the `store`; `crash()`, after which another one is there; `beside()`, the same opened once more as
another process has it; and `where` other processes find it.
"""

import contextlib
import tempfile
from functools import partial
from pathlib import Path

from frontdesk.config.secrets import Secret
from frontdesk.stores.postgres.database import Database as PostgresDatabase
from frontdesk.stores.sqlite.database import Database as SqliteDatabase
from tests.live.disks import as_killed
from tests.live.servers import emptied, postgres_url


class Memory:
    """Loses everything in a crash, so it has none."""

    def __init__(self, make):
        self.store = make()

    async def crash(self):
        pass

    def beside(self):
        return self.store


class Sqlite:
    """A file. make: takes its database, and gives the store."""

    def __init__(self, make, folder):
        self._make = make
        self._folder = folder
        self._crashes = 0
        self._opened = contextlib.ExitStack()
        self.where = folder / "frontdesk.db"
        self._open(self._database())

    def _database(self):
        return self._opened.enter_context(contextlib.closing(SqliteDatabase.open(self.where)))

    def _open(self, database):
        self.store = self._make(database)

    async def crash(self):
        self._crashes += 1
        left = as_killed(self.where, self._folder / str(self._crashes))
        self.close()
        self.where = left
        self._open(self._database())

    def beside(self):
        return self._make(self._database())

    def close(self):
        self._opened.close()


class Postgres:
    """A server. make: takes a database, and gives the store."""

    def __init__(self, make, database):
        self._make = make
        self._opened = contextlib.ExitStack()
        self.where = postgres_url()
        self._open(self._closed_in_the_end(database))

    def _closed_in_the_end(self, database):
        return self._opened.enter_context(contextlib.closing(database))

    def _database(self):
        return self._closed_in_the_end(PostgresDatabase(Secret(self.where)))

    def _open(self, database):
        self.store = self._make(database)

    async def crash(self):
        self.close()
        self._open(self._database())

    def beside(self):
        return self._make(self._database())

    def close(self):
        self._opened.close()


def adapters(memory, sqlite, postgres):
    """Return what opens each kind, by its name; it is closed on leaving.

    memory: opens its own of nothing, sqlite: of a folder, postgres: of a database.
    """

    @contextlib.asynccontextmanager
    async def in_memory():
        yield memory()

    @contextlib.asynccontextmanager
    async def on_sqlite():
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.closing(sqlite(Path(folder))) as opened,
        ):
            yield opened

    @contextlib.asynccontextmanager
    async def on_postgres():
        async with emptied(postgres_url()) as database:
            with contextlib.closing(postgres(database)) as opened:
                yield opened

    return {"memory": in_memory, "sqlite": on_sqlite, "postgres": on_postgres}


def adapters_of(memory, sqlite, postgres):
    """Return what opens each kind of stores that are made of a database, or of nothing."""
    return adapters(partial(Memory, memory), partial(Sqlite, sqlite), partial(Postgres, postgres))
