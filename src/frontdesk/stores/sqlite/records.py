"""Owns records in SQLite: their statements. Each operation is one job of the file's thread.

The file is opened when the first record is asked for. Several processes may use it at once: the gateway, and
its functions.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from frontdesk.ports.records import (
    MENTIONED,
    REMEMBERED,
    Change,
    Mentions,
    Name,
    Publication,
    Query,
    Row,
    Subscriber,
    Table,
    Texts,
)
from frontdesk.stores.sqlite.late_database import LateDatabase

_COLUMNS: Final = {
    "command": "pk, sk, version, document, ttl, status FROM record_commands",
    "data": "pk, sk, version, document, ttl, '' FROM record_data",
    "history": "pk, sk, version, document, ttl, '' FROM record_history",
}
_NAMES: Final = {
    "command": "record_commands",
    "data": "record_data",
    "history": "record_history",
}
_KEY: Final = "module, pk, sk, version"


def _mentions(table: str, key: str, *texts: str) -> str:
    """Write the statement of a look through the texts of a table, by its key."""
    behind = [
        f"CASE WHEN instr({text}, :mark) "
        f"THEN substr({text}, instr({text}, :mark) + length(:mark), {MENTIONED}) END"
        for text in texts
    ]
    names = key.split(", ")
    after = ", ".join(f":{name}" for name in names)
    return (
        f"SELECT {', '.join([key, *behind])} FROM {table} "  # noqa: S608 - our own words
        f"WHERE ({key}) > ({after}) ORDER BY {key} LIMIT :most"
    )


_MENTIONS: Final[Mapping[Texts, str]] = {
    "command": _mentions("record_commands", _KEY, "document"),
    "data": _mentions("record_data", _KEY, "document"),
    "history": _mentions("record_history", _KEY, "document"),
    "changes": _mentions("record_changes", "number", "before", "after"),
}
_FIRST: Final[Mapping[str, object]] = {"module": "", "pk": "", "sk": "", "version": 0}
_PLACES: Final[Mapping[Texts, Mapping[str, object]]] = {
    "command": _FIRST,
    "data": _FIRST,
    "history": _FIRST,
    "changes": {"number": 0},
}
"""Before the first row: what its key is more than."""

_LIVES: Final = "(ttl IS NULL OR ttl > :now)"
_OF_RECORD: Final = "module = :module AND pk = :pk AND sk = :sk"

_GET: Final = {
    table: f"""
        SELECT {columns} WHERE {_OF_RECORD} AND version = coalesce(:version, version) AND {_LIVES}
        ORDER BY version DESC LIMIT 1
    """
    for table, columns in _COLUMNS.items()
}
_WRITE: Final = """
    INSERT INTO record_commands (module, pk, sk, version, document, status, ttl, made)
    VALUES (:module, :pk, :sk, :version, :document, :status, :ttl, :now)
    ON CONFLICT DO UPDATE
        SET document = excluded.document, status = excluded.status, ttl = excluded.ttl,
            made = excluded.made
        WHERE ttl <= :now
"""
_KEEP: Final = f"""
    INSERT INTO record_history (module, pk, sk, version, document, ttl, made)
    SELECT module, pk, sk, version, document, :history_ttl, :now FROM record_data
    WHERE {_OF_RECORD} AND {_LIVES}
    ON CONFLICT DO UPDATE
        SET document = excluded.document, ttl = excluded.ttl, made = excluded.made
        WHERE ttl <= :now
"""  # noqa: S608 - our own words
_SHOW: Final = """
    INSERT INTO record_data (module, pk, sk, version, document, ttl)
    VALUES (:module, :pk, :sk, :version, :data, :ttl)
    ON CONFLICT DO UPDATE
        SET version = excluded.version, document = excluded.document, ttl = excluded.ttl
"""
_SET_TTL: Final = {
    table: f"""
        UPDATE {_NAMES[table]} SET ttl = :ttl WHERE {_OF_RECORD} AND version = :version
    """  # noqa: S608 - our own words
    for table in ("command", "data")
}
_SET_STATUS: Final = f"""
    UPDATE record_commands SET status = :status WHERE {_OF_RECORD} AND version = :version
"""  # noqa: S608 - our own words
_TELL: Final = """
    INSERT INTO record_changes (subscriber, module, pk, sk, version, before, after, made, due, tries)
    SELECT name, module, :pk, :sk, :version, :before, :after, :now, 0, 0
    FROM record_subscribers
    WHERE module = :module AND kind IN (:one, :other) AND seen > :now - :remembered
"""

_QUERY: Final = f"""
    SELECT {_COLUMNS["data"]} WHERE module = :module AND pk = :pk AND {_LIVES} %s LIMIT :most
"""
_BROWSE: Final = f"""
    SELECT {_COLUMNS["data"]}
    WHERE module = :module AND (pk, sk) > (:pk, :sk) AND {_LIVES} ORDER BY pk, sk LIMIT :most
"""
_VERSIONS: Final = f"""
    SELECT {_COLUMNS["command"]}
    WHERE {_OF_RECORD} AND version < :before AND {_LIVES} ORDER BY version DESC LIMIT :most
"""
_MODULES: Final = "SELECT DISTINCT module FROM record_data ORDER BY module"
_COUNT: Final = """
    INSERT INTO record_counters (pk, sk, no) VALUES (?, ?, 1)
    ON CONFLICT DO UPDATE SET no = no + 1 RETURNING no
"""

_SUBSCRIBE: Final = (
    "INSERT OR REPLACE INTO record_subscribers (name, module, kind, seen) VALUES (?, ?, ?, ?)"
)
_UNSUBSCRIBE: Final = "DELETE FROM record_subscribers WHERE name = ? AND module = ?"
_DROP: Final = "DELETE FROM record_changes WHERE subscriber = ? AND module = ?"
_SUBSCRIBERS: Final = (
    "SELECT name, module, kind FROM record_subscribers ORDER BY name, module, kind"
)
_GONE: Final = "SELECT DISTINCT name, module FROM record_subscribers WHERE seen <= ?"
_DUE: Final = """
    SELECT number, subscriber, module, pk, sk, version, before, after, made, tries + 1
    FROM record_changes AS one
    WHERE subscriber = :subscriber AND due <= :now AND NOT EXISTS (
        SELECT 1 FROM record_changes AS former
        WHERE former.subscriber = one.subscriber AND former.module = one.module
            AND former.pk = one.pk AND former.sk = one.sk AND former.number < one.number
    ) ORDER BY number LIMIT :most
"""
_TAKE: Final = "UPDATE record_changes SET due = ?, tries = tries + 1 WHERE number = ?"
_SETTLE: Final = "DELETE FROM record_changes WHERE number = ? AND tries = ?"
_POSTPONE: Final = "UPDATE record_changes SET due = ? WHERE number = ? AND tries = ?"
_WAITING: Final = "SELECT count(*), min(made) FROM record_changes WHERE subscriber = ?"

_FORGET: Final = {
    "record_commands": "pk, sk, version",
    "record_data": "pk, sk",
    "record_history": "pk, sk, version",
}
_TRIM: Final = {
    "command": """
        DELETE FROM record_commands WHERE (module, pk, sk, version) IN (
            SELECT module, pk, sk, version FROM record_commands AS one
            WHERE module = ? AND made <= ? AND version < (
                SELECT max(version) FROM record_commands AS newer
                WHERE newer.module = one.module AND newer.pk = one.pk AND newer.sk = one.sk
            ) LIMIT ?
        )
    """,
    "history": """
        DELETE FROM record_history WHERE (module, pk, sk, version) IN (
            SELECT module, pk, sk, version FROM record_history
            WHERE module = ? AND made <= ? LIMIT ?
        )
    """,
}


class SqliteRecords:
    """See `ports.records.RecordStore`."""

    def __init__(self, path: Path) -> None:
        self._database = LateDatabase(path)

    async def publish(self, publication: Publication, *, now: float) -> bool:
        """See the port."""
        return await self._database.write(lambda connection: _publish(connection, publication, now))

    async def get(
        self, table: Table, name: Name, version: int | None = None, *, now: float
    ) -> Row | None:
        """See the port."""
        values = {**name._asdict(), "version": version, "now": now}
        return next(iter(await self._rows(_GET[table], values)), None)

    async def query(self, query: Query, *, now: float) -> Sequence[Row]:
        """See the port."""
        values = {**query._asdict(), **query.span._asdict(), "now": now}
        del values["span"]
        return await self._rows(_QUERY % " ".join(_bounds(query)), values)

    async def browse(
        self, module: str, *, after: tuple[str, str], most: int, now: float
    ) -> Sequence[Row]:
        """See the port."""
        pk, sk = after
        values = {"module": module, "pk": pk, "sk": sk, "most": most, "now": now}
        return await self._rows(_BROWSE, values)

    async def versions(self, name: Name, *, before: int, most: int, now: float) -> Sequence[Row]:
        """See the port."""
        values = {**name._asdict(), "before": before, "most": most, "now": now}
        return await self._rows(_VERSIONS, values)

    async def modules(self) -> Sequence[str]:
        """See the port."""
        return await self._database.read(
            lambda connection: [module for (module,) in connection.execute(_MODULES)]
        )

    async def archive(self, name: Name, *, ttl: int | None, now: float) -> Row | None:
        """See the port."""
        values = {**name._asdict(), "history_ttl": ttl, "now": now}

        def work(connection: sqlite3.Connection) -> Row | None:
            connection.execute(_KEEP, values)
            shown = connection.execute(_GET["data"], {**values, "version": None}).fetchone()
            if shown is None:
                return None
            version = Row(*shown).version
            kept = connection.execute(_GET["history"], {**values, "version": version})
            return Row(*kept.fetchone())

        return await self._database.write(work)

    async def set_status(
        self, name: Name, version: int, status: str, notice: str, *, now: float
    ) -> bool:
        """See the port."""
        values = {**name._asdict(), "version": version, "now": now}
        told = {"before": None, "after": notice, "one": "status", "other": "status"}

        def work(connection: sqlite3.Connection) -> bool:
            found = connection.execute(_SET_STATUS, {**values, "status": status}).rowcount > 0
            if found:
                connection.execute(_TELL, {**values, **told, "remembered": REMEMBERED})
            return found

        return await self._database.write(work)

    async def set_ttl(self, name: Name, version: int, ttl: int | None) -> bool:
        """See the port."""
        values = {**name._asdict(), "version": version, "ttl": ttl}

        def work(connection: sqlite3.Connection) -> bool:
            found = connection.execute(_SET_TTL["command"], values).rowcount > 0
            if found:
                connection.execute(_SET_TTL["data"], values)
            return found

        return await self._database.write(work)

    async def count(self, pk: str, sk: str) -> int:
        """See the port."""
        return await self._database.write(
            lambda connection: int(connection.execute(_COUNT, (pk, sk)).fetchone()[0])
        )

    async def subscribe(self, subscriber: Subscriber, *, now: float) -> None:
        """See the port."""
        await self._database.write(
            lambda connection: connection.execute(_SUBSCRIBE, (*subscriber, now))
        )

    async def unsubscribe(self, name: str, module: str) -> None:
        """See the port."""
        await self._database.write(lambda connection: _unsubscribe(connection, name, module))

    async def subscribers(self) -> Sequence[Subscriber]:
        """See the port."""
        return await self._database.read(
            lambda connection: [Subscriber(*row) for row in connection.execute(_SUBSCRIBERS)]
        )

    async def take(
        self, subscriber: str, *, most: int, now: float, until: float
    ) -> Sequence[Change]:
        """See the port."""
        values = {"subscriber": subscriber, "most": most, "now": now}
        if not await self._database.read(
            lambda connection: connection.execute(_DUE, values).fetchone()
        ):
            return []  # who looks often does not write for nothing

        def work(connection: sqlite3.Connection) -> Sequence[Change]:
            found = [_change(row) for row in connection.execute(_DUE, values)]
            connection.executemany(_TAKE, [(until, change.number) for change in found])
            return found

        return await self._database.write(work)

    async def settle(self, changes: Sequence[Change]) -> None:
        """See the port."""
        values = [(change.number, change.tries) for change in changes]
        await self._database.write(lambda connection: connection.executemany(_SETTLE, values))

    async def postpone(self, change: Change, *, until: float) -> None:
        """See the port."""
        values = (until, change.number, change.tries)
        await self._database.write(lambda connection: connection.execute(_POSTPONE, values))

    async def waiting(self, subscriber: str) -> tuple[int, float | None]:
        """See the port."""
        count, oldest = await self._database.read(
            lambda connection: connection.execute(_WAITING, (subscriber,)).fetchone()
        )
        return count, oldest

    async def forget(self, now: float, *, most: int) -> int:
        """See the port."""

        def work(connection: sqlite3.Connection) -> int:
            gone = connection.execute(_GONE, (now - REMEMBERED,)).fetchall()
            for name, module in gone:
                _unsubscribe(connection, name, module)
            return sum(
                connection.execute(
                    f"DELETE FROM {table} WHERE (module, {key}) IN "  # noqa: S608 - our own words
                    f"(SELECT module, {key} FROM {table} WHERE ttl <= ? ORDER BY ttl LIMIT ?)",
                    (now, most),
                ).rowcount
                for table, key in _FORGET.items()
            )

        return await self._database.write(work)

    async def trim(self, table: Table, module: str, before: float, *, most: int) -> int:
        """See the port."""
        return await self._database.write(
            lambda connection: connection.execute(_TRIM[table], (module, before, most)).rowcount
        )

    async def mentions(
        self, where: Texts, mark: str, *, after: tuple[object, ...], most: int
    ) -> Mentions:
        """See the port."""
        first = _PLACES[where]
        place = dict(zip(first, after, strict=True)) if after else first
        values = {**place, "mark": mark, "most": most}
        rows = await self._database.read(
            lambda connection: connection.execute(_MENTIONS[where], values).fetchall()
        )
        found = {text for row in rows for text in row[len(first) :] if text}
        return Mentions(found, rows[-1][: len(first)] if len(rows) == most else None)

    def close(self) -> None:
        """See the port."""
        self._database.close()

    async def _rows(self, statement: str, values: Mapping[str, object]) -> list[Row]:
        return await self._database.read(
            lambda connection: [Row(*row) for row in connection.execute(statement, values)]
        )


def _bounds(query: Query) -> Iterator[str]:
    """Write what a query asks of sort keys, so that the index serves it."""
    low, high, with_low, with_high = query.span
    if low is not None:
        yield f"AND sk {'>=' if with_low else '>'} :low"
    if high is not None:
        yield f"AND sk {'<=' if with_high else '<'} :high"
    yield f"ORDER BY sk {'DESC' if query.descending else 'ASC'}"


def _publish(connection: sqlite3.Connection, publication: Publication, now: float) -> bool:
    row = publication.row
    values = {**publication._asdict(), **row._asdict(), "now": now}
    del values["row"]
    known = connection.execute(_GET["data"], {**values, "version": None}).fetchone()
    before = None if known is None else Row(*known)
    if before is not None and before.version != row.version - 1:
        return False
    if connection.execute(_WRITE, values).rowcount == 0:
        return False
    if publication.command_ttl is not None:
        former = {"version": row.version - 1, "ttl": publication.command_ttl}
        connection.execute(_SET_TTL["command"], {**values, **former})
    if before is not None:
        connection.execute(_KEEP, values)
    connection.execute(_SHOW, values)
    told = {
        "before": None if before is None else before.document,
        "after": publication.data,
        "one": "hook",
        "other": "hook" if publication.by_hand else "handler",
    }
    connection.execute(_TELL, {**values, **told, "remembered": REMEMBERED})
    return True


def _change(row: Sequence[Any]) -> Change:
    number, subscriber, module, pk, sk, *rest = row
    return Change(number, subscriber, Name(module, pk, sk), *rest)


def _unsubscribe(connection: sqlite3.Connection, name: str, module: str) -> None:
    connection.execute(_UNSUBSCRIBE, (name, module))
    connection.execute(_DROP, (name, module))
