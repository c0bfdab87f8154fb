"""Owns a Catalog in PostgreSQL: its statements, and who is told of changes that others make.

Each commit counts the kinds that it has changed; every gateway looks at these counts once a second,
which needs no connection of its own and is never missed.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.ports.catalog import Catalog, Change, ConflictError, Delete, Record
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.watches import Watches

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

LOOK: Final = 1.0
"""Seconds between two looks at what others have changed."""

# Writers come one after the other: they are operators, and few. Readers are not kept waiting.
_ALONE = "LOCK TABLE frontdesk_catalog IN SHARE ROW EXCLUSIVE MODE"
_NEWEST = "SELECT max(version) FROM frontdesk_catalog WHERE kind = $1 AND key = $2"
_INSERT = """
    INSERT INTO frontdesk_catalog (kind, key, version, time, document)
    VALUES ($1, $2, $3, $4, $5)
"""
_DELETE = "DELETE FROM frontdesk_catalog WHERE kind = $1 AND key = $2 AND version <= $3"
_COUNT = """
    INSERT INTO frontdesk_changes (kind, number) VALUES ($1, 1)
    ON CONFLICT (kind) DO UPDATE SET number = frontdesk_changes.number + 1
"""
_COUNTS = "SELECT kind, number FROM frontdesk_changes"

_HISTORY = """
    SELECT kind, key, version, time, document FROM frontdesk_catalog
    WHERE kind = $1 AND key = $2 ORDER BY version DESC
"""
_RECENT = _HISTORY + "LIMIT 1"
_VERSION = """
    SELECT kind, key, version, time, document FROM frontdesk_catalog
    WHERE kind = $1 AND key = $2 AND version = $3
"""
_LIST = """
    SELECT DISTINCT ON (key) kind, key, version, time, document FROM frontdesk_catalog
    WHERE kind = $1 AND key > $2 ORDER BY key, version DESC LIMIT $3
"""


class PostgresCatalog(Catalog):
    """See `ports.catalog.Catalog`."""

    def __init__(self, database: Database, clock: Clock, wheel: Wheel) -> None:
        self._database = database
        self._clock = clock
        self._watches = Watches()
        self._counts: dict[str, int] | None = None
        self._timer = wheel.timer(self._look)
        self._looking: asyncio.Task[None] | None = None

    async def commit(self, changes: Sequence[Change]) -> Sequence[Record]:
        """See the port."""
        now = self._clock.time()
        kinds = sorted({change.kind for change in changes})

        async def work(connection: "Connection") -> Sequence[Record]:
            await connection.execute(_ALONE)
            records = [await _change(connection, change, now) for change in changes]
            for kind in kinds:
                await connection.execute(_COUNT, kind)
            return [record for record in records if record is not None]

        records = await self._database.write(work)
        self._watches.tell(kinds)
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
        return await self._read(_LIST, kind, after, most)

    async def history(self, kind: str, key: str) -> Sequence[Record]:
        """See the port."""
        return await self._read(_HISTORY, kind, key)

    def watch(self, kind: str, changed: Callable[[], None]) -> None:
        """See the port. What another gateway has changed is told within two seconds."""
        self._watches.add(kind, changed)
        self._timer.at(self._clock.monotonic() + LOOK)

    def close(self) -> None:
        """Look no more."""
        self._timer.stop()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._tell_changes())

    async def _tell_changes(self) -> None:
        with suppress(StoreError):  # what is missed now differs the next time, too
            rows = await self._database.run(lambda connection: connection.fetch(_COUNTS))
            counts = {row["kind"]: row["number"] for row in rows}
            known, self._counts = self._counts, counts
            # The first look says nothing of what has changed since the watch began.
            self._watches.tell(
                kind
                for kind, number in counts.items()
                if known is None or known.get(kind) != number
            )
        self._timer.at(self._clock.monotonic() + LOOK)

    async def _read(self, statement: str, *values: str | int | None) -> Sequence[Record]:
        rows = await self._database.run(lambda connection: connection.fetch(statement, *values))
        return [
            Record(kind, key, version, time, orjson.loads(document))
            for kind, key, version, time, document in rows
        ]


async def _change(connection: "Connection", change: Change, now: float) -> Record | None:
    kind, key = change.kind, change.key
    found = await connection.fetchval(_NEWEST, kind, key) or 0
    if change.expect is not None and change.expect != found:
        raise ConflictError(change, found)
    if isinstance(change, Delete):
        await connection.execute(_DELETE, kind, key, found)
        return None
    document = orjson.dumps(change.document)
    await connection.execute(_INSERT, kind, key, found + 1, now, document.decode())
    await connection.execute(_DELETE, kind, key, found + 1 - change.keep)
    return Record(kind, key, found + 1, now, orjson.loads(document))
