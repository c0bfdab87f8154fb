"""Owns a Catalog in the SQLite file: its statements, and JSON as bytes."""

import sqlite3
from collections.abc import Callable, Sequence

import orjson

from frontdesk.base.clock import Clock
from frontdesk.ports.catalog import Catalog, Change, ConflictError, Delete, Record
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.watches import Watches

_NEWEST = "SELECT max(version) FROM catalog WHERE kind = ? AND key = ?"
_INSERT = "INSERT INTO catalog (kind, key, version, time, document) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM catalog WHERE kind = ? AND key = ? AND version <= ?"

_HISTORY = """
    SELECT kind, key, version, time, document FROM catalog
    WHERE kind = ? AND key = ? ORDER BY version DESC
"""
_RECENT = _HISTORY + "LIMIT 1"
_VERSION = """
    SELECT kind, key, version, time, document FROM catalog
    WHERE kind = ? AND key = ? AND version = ?
"""
_LIST = """
    SELECT kind, key, version, time, document FROM catalog AS one
    WHERE kind = ? AND key > ? AND version =
        (SELECT max(version) FROM catalog WHERE kind = one.kind AND key = one.key)
    ORDER BY key LIMIT ?
"""


class SqliteCatalog(Catalog):
    """See `ports.catalog.Catalog`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._watches = Watches()

    async def commit(self, changes: Sequence[Change]) -> Sequence[Record]:
        """See the port."""
        now = self._clock.time()

        def work(connection: sqlite3.Connection) -> Sequence[Record]:
            records = [_change(connection, change, now) for change in changes]
            return [record for record in records if record is not None]

        records = await self._database.write(work)
        self._watches.tell(change.kind for change in changes)
        return records

    async def get(self, kind: str, key: str, version: int | None = None) -> Record | None:
        """See the port."""
        if version is None:
            found = await self._read(_RECENT, kind, key)
        else:
            found = await self._read(_VERSION, kind, key, version)
        return found[0] if found else None

    async def list(
        self, kind: str, *, after: str = "", most: int | None = None
    ) -> Sequence[Record]:
        """See the port."""
        return await self._read(_LIST, kind, after, -1 if most is None else most)

    async def history(self, kind: str, key: str) -> Sequence[Record]:
        """See the port."""
        return await self._read(_HISTORY, kind, key)

    def watch(self, kind: str, changed: Callable[[], None]) -> None:
        """See the port. Only what is committed through this catalog is told."""
        self._watches.add(kind, changed)

    async def _read(self, statement: str, *values: str | int) -> Sequence[Record]:
        rows = await self._database.read(
            lambda connection: connection.execute(statement, values).fetchall()
        )
        return [
            Record(kind, key, version, time, orjson.loads(document))
            for kind, key, version, time, document in rows
        ]


def _change(connection: sqlite3.Connection, change: Change, now: float) -> Record | None:
    kind, key = change.kind, change.key
    found = connection.execute(_NEWEST, (kind, key)).fetchone()[0] or 0
    if change.expect is not None and change.expect != found:
        raise ConflictError(change, found)
    if isinstance(change, Delete):
        connection.execute(_DELETE, (kind, key, found))
        return None
    document = orjson.dumps(change.document)
    connection.execute(_INSERT, (kind, key, found + 1, now, document))
    connection.execute(_DELETE, (kind, key, found + 1 - change.keep))
    return Record(kind, key, found + 1, now, orjson.loads(document))
