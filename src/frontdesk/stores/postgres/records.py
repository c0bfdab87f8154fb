"""Owns records in PostgreSQL: their statements. A version is one statement, so that it is one round trip.

Several gateways, their functions and other programs may share the database.
"""

from collections.abc import Iterator, Mapping, Sequence
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
from frontdesk.stores.postgres.database import Database

_COLUMNS: Final = {
    "command": "pk, sk, version, document, ttl, status FROM frontdesk_record_commands",
    "data": "pk, sk, version, document, ttl, '' FROM frontdesk_record_data",
    "history": "pk, sk, version, document, ttl, '' FROM frontdesk_record_history",
}
_OF_RECORD: Final = "module = $1 AND pk = $2 AND sk = $3"

_GET: Final = {
    table: f"""
        SELECT {columns}
        WHERE {_OF_RECORD} AND version = coalesce($4::BIGINT, version) AND (ttl IS NULL OR ttl > $5::FLOAT8)
        ORDER BY version DESC LIMIT 1
    """
    for table, columns in _COLUMNS.items()
}
# Who writes the same record at the same time waits at its row of data, or at the key of the command.
_PUBLISH: Final = f"""
    WITH former AS (
        SELECT version, document FROM frontdesk_record_data
        WHERE {_OF_RECORD} AND (ttl IS NULL OR ttl > $8::FLOAT8) FOR UPDATE
    ), written AS (
        INSERT INTO frontdesk_record_commands AS known
            (module, pk, sk, version, document, status, ttl, made)
        SELECT $1, $2, $3, $4::BIGINT, $5, $6, $7::BIGINT, $8::FLOAT8
        WHERE NOT EXISTS (SELECT FROM former WHERE version <> $4::BIGINT - 1)
        ON CONFLICT (module, pk, sk, version) DO UPDATE
            SET document = excluded.document, status = excluded.status, ttl = excluded.ttl,
                made = excluded.made
            WHERE known.ttl <= $8::FLOAT8
        RETURNING 1
    ), dated AS (
        UPDATE frontdesk_record_commands SET ttl = $10
        WHERE {_OF_RECORD} AND version = $4::BIGINT - 1 AND $10::BIGINT IS NOT NULL
            AND EXISTS (SELECT FROM written)
    ), kept AS (
        INSERT INTO frontdesk_record_history AS known
            (module, pk, sk, version, document, ttl, made)
        SELECT $1, $2, $3, version, document, $11::BIGINT, $8::FLOAT8 FROM former
        WHERE EXISTS (SELECT FROM written)
        ON CONFLICT (module, pk, sk, version) DO UPDATE
            SET document = excluded.document, ttl = excluded.ttl, made = excluded.made
            WHERE known.ttl <= $8::FLOAT8
    ), shown AS (
        INSERT INTO frontdesk_record_data (module, pk, sk, version, document, ttl)
        SELECT $1, $2, $3, $4::BIGINT, $9, $7::BIGINT WHERE EXISTS (SELECT FROM written)
        ON CONFLICT (module, pk, sk) DO UPDATE
            SET version = excluded.version, document = excluded.document, ttl = excluded.ttl
    ), told AS (
        INSERT INTO frontdesk_record_changes
            (subscriber, module, pk, sk, version, before, after, made, due, tries)
        SELECT name, $1, $2, $3, $4::BIGINT, (SELECT document FROM former), $9, $8::FLOAT8, 0, 0
        FROM frontdesk_record_subscribers
        WHERE module = $1 AND kind = ANY($12::TEXT[]) AND seen > $8::FLOAT8 - $13::FLOAT8
            AND EXISTS (SELECT FROM written)
    )
    SELECT EXISTS (SELECT FROM written)
"""  # noqa: S608 - our own words
_ARCHIVE: Final = f"""
    INSERT INTO frontdesk_record_history AS known (module, pk, sk, version, document, ttl, made)
    SELECT module, pk, sk, version, document, $4::BIGINT, $5::FLOAT8 FROM frontdesk_record_data
    WHERE {_OF_RECORD} AND (ttl IS NULL OR ttl > $5::FLOAT8)
    ON CONFLICT (module, pk, sk, version) DO UPDATE
        SET document = excluded.document, ttl = excluded.ttl, made = excluded.made
        WHERE known.ttl <= $5::FLOAT8
"""  # noqa: S608 - our own words
_SET_STATUS: Final = f"""
    WITH found AS (
        UPDATE frontdesk_record_commands SET status = $5
        WHERE {_OF_RECORD} AND version = $4 RETURNING 1
    ), told AS (
        INSERT INTO frontdesk_record_changes
            (subscriber, module, pk, sk, version, before, after, made, due, tries)
        SELECT name, $1, $2, $3, $4, NULL, $6, $7::FLOAT8, 0, 0 FROM frontdesk_record_subscribers
        WHERE module = $1 AND kind = 'status' AND seen > $7::FLOAT8 - $8::FLOAT8
            AND EXISTS (SELECT FROM found)
    )
    SELECT EXISTS (SELECT FROM found)
"""  # noqa: S608 - our own words
_SET_TTL: Final = f"""
    WITH found AS (
        UPDATE frontdesk_record_commands SET ttl = $5
        WHERE {_OF_RECORD} AND version = $4 RETURNING 1
    ), shown AS (
        UPDATE frontdesk_record_data SET ttl = $5
        WHERE {_OF_RECORD} AND version = $4 AND EXISTS (SELECT FROM found)
    )
    SELECT EXISTS (SELECT FROM found)
"""  # noqa: S608 - our own words


def _mentions(table: str, key: str, place: str, *texts: str) -> str:
    """Write the statement of a look through the texts of a table, by its key."""
    behind = [
        f"CASE WHEN strpos({text}, $1) > 0 "
        f"THEN substr({text}, strpos({text}, $1) + length($1), {MENTIONED}) END"
        for text in texts
    ]
    return (
        f"SELECT {', '.join([key, *behind])} FROM {table} "  # noqa: S608 - our own words
        f"WHERE ({key}) > ({place}) ORDER BY {key} LIMIT $2"
    )


_KEY: Final = ("module, pk, sk, version", "$3, $4, $5, $6::BIGINT")
_MENTIONS: Final[Mapping[Texts, str]] = {
    "command": _mentions("frontdesk_record_commands", *_KEY, "document"),
    "data": _mentions("frontdesk_record_data", *_KEY, "document"),
    "history": _mentions("frontdesk_record_history", *_KEY, "document"),
    "changes": _mentions("frontdesk_record_changes", "number", "$3::BIGINT", "before", "after"),
}
_FIRST: Final = ("", "", "", 0)
_PLACES: Final[Mapping[Texts, tuple[object, ...]]] = {
    "command": _FIRST,
    "data": _FIRST,
    "history": _FIRST,
    "changes": (0,),
}
"""Before the first row: what its key is more than."""

_QUERY: Final = f"""
    SELECT {_COLUMNS["data"]} WHERE module = $1 AND pk = $2 AND (ttl IS NULL OR ttl > $3::FLOAT8)
        AND ($4::TEXT IS NULL OR sk >= $4) AND ($5::TEXT IS NULL OR sk <= $5) %s LIMIT $6
"""
_BROWSE: Final = f"""
    SELECT {_COLUMNS["data"]}
    WHERE module = $1 AND (pk, sk) > ($2, $3) AND (ttl IS NULL OR ttl > $4::FLOAT8) ORDER BY pk, sk LIMIT $5
"""
_VERSIONS: Final = f"""
    SELECT {_COLUMNS["command"]}
    WHERE {_OF_RECORD} AND version < $4 AND (ttl IS NULL OR ttl > $5::FLOAT8)
    ORDER BY version DESC LIMIT $6
"""
_MODULES: Final = "SELECT DISTINCT module FROM frontdesk_record_data ORDER BY module"
_COUNT: Final = """
    INSERT INTO frontdesk_record_counters AS known (pk, sk, no) VALUES ($1, $2, 1)
    ON CONFLICT (pk, sk) DO UPDATE SET no = known.no + 1 RETURNING no
"""

_SUBSCRIBE: Final = """
    INSERT INTO frontdesk_record_subscribers (name, module, kind, seen) VALUES ($1, $2, $3, $4)
    ON CONFLICT (module, name, kind) DO UPDATE SET seen = excluded.seen
"""
_UNSUBSCRIBE: Final = """
    WITH gone AS (
        DELETE FROM frontdesk_record_subscribers WHERE name = $1 AND module = $2
    )
    DELETE FROM frontdesk_record_changes WHERE subscriber = $1 AND module = $2
"""
_SUBSCRIBERS: Final = """
    SELECT name, module, kind FROM frontdesk_record_subscribers ORDER BY name, module, kind
"""
_GONE: Final = "SELECT DISTINCT name, module FROM frontdesk_record_subscribers WHERE seen <= $1"
_TAKE: Final = """
    WITH found AS (
        SELECT number FROM frontdesk_record_changes AS one
        WHERE subscriber = $1 AND due <= $2 AND NOT EXISTS (
            SELECT FROM frontdesk_record_changes AS former
            WHERE former.subscriber = one.subscriber AND former.module = one.module
                AND former.pk = one.pk AND former.sk = one.sk AND former.number < one.number
        ) ORDER BY number LIMIT $4 FOR UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE frontdesk_record_changes SET due = $3, tries = tries + 1
        WHERE number IN (SELECT number FROM found)
        RETURNING number, subscriber, module, pk, sk, version, before, after, made, tries
    )
    SELECT * FROM taken ORDER BY number
"""
_SETTLE: Final = """
    DELETE FROM frontdesk_record_changes AS change
    USING unnest($1::BIGINT[], $2::BIGINT[]) AS done (number, tries)
    WHERE change.number = done.number AND change.tries = done.tries
"""
_POSTPONE: Final = """
    UPDATE frontdesk_record_changes SET due = $1 WHERE number = $2 AND tries = $3
"""
_WAITING: Final = "SELECT count(*), min(made) FROM frontdesk_record_changes WHERE subscriber = $1"

_FORGET: Final = {
    table: f"""
        WITH gone AS (
            DELETE FROM {table} WHERE (module, {key}) IN
                (SELECT module, {key} FROM {table} WHERE ttl <= $1 ORDER BY ttl LIMIT $2)
            RETURNING 1
        ) SELECT count(*) FROM gone
    """  # noqa: S608 - our own words
    for table, key in (
        ("frontdesk_record_commands", "pk, sk, version"),
        ("frontdesk_record_data", "pk, sk"),
        ("frontdesk_record_history", "pk, sk, version"),
    )
}
_TRIM: Final = {
    "command": """
        WITH gone AS (
            DELETE FROM frontdesk_record_commands WHERE (module, pk, sk, version) IN (
                SELECT module, pk, sk, version FROM frontdesk_record_commands AS one
                WHERE module = $1 AND made <= $2 AND version < (
                    SELECT max(version) FROM frontdesk_record_commands AS newer
                    WHERE newer.module = one.module AND newer.pk = one.pk AND newer.sk = one.sk
                ) LIMIT $3
            ) RETURNING 1
        ) SELECT count(*) FROM gone
    """,
    "history": """
        WITH gone AS (
            DELETE FROM frontdesk_record_history WHERE (module, pk, sk, version) IN (
                SELECT module, pk, sk, version FROM frontdesk_record_history
                WHERE module = $1 AND made <= $2 LIMIT $3
            ) RETURNING 1
        ) SELECT count(*) FROM gone
    """,
}


class PostgresRecords:
    """See `ports.records.RecordStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, publication: Publication, *, now: float) -> bool:
        """See the port."""
        row = publication.row
        kinds = ["hook"] if publication.by_hand else ["hook", "handler"]
        return bool(
            await self._value(
                _PUBLISH,
                *(publication.module, row.pk, row.sk, row.version, row.document, row.status),
                *(row.ttl, now, publication.data),
                *(publication.command_ttl, publication.history_ttl, kinds, REMEMBERED),
            )
        )

    async def get(
        self, table: Table, name: Name, version: int | None = None, *, now: float
    ) -> Row | None:
        """See the port."""
        return next(iter(await self._rows(_GET[table], *name, version, now)), None)

    async def query(self, query: Query, *, now: float) -> Sequence[Row]:
        """See the port."""
        low, high, *_ = query.span
        statement = _QUERY % " ".join(_bounds(query))
        return await self._rows(statement, query.module, query.pk, now, low, high, query.most)

    async def mentions(
        self, where: Texts, mark: str, *, after: tuple[object, ...], most: int
    ) -> Mentions:
        """See the port."""
        first = _PLACES[where]
        rows = await self._fetch(_MENTIONS[where], mark, most, *(after or first))
        found = {text for row in rows for text in row[len(first) :] if text}
        return Mentions(found, tuple(rows[-1])[: len(first)] if len(rows) == most else None)

    async def browse(
        self, module: str, *, after: tuple[str, str], most: int, now: float
    ) -> Sequence[Row]:
        """See the port."""
        return await self._rows(_BROWSE, module, *after, now, most)

    async def versions(self, name: Name, *, before: int, most: int, now: float) -> Sequence[Row]:
        """See the port."""
        return await self._rows(_VERSIONS, *name, before, now, most)

    async def modules(self) -> Sequence[str]:
        """See the port."""
        return [module for (module,) in await self._fetch(_MODULES)]

    async def archive(self, name: Name, *, ttl: int | None, now: float) -> Row | None:
        """See the port."""
        shown = await self.get("data", name, now=now)
        if shown is None:
            return None
        await self._execute(_ARCHIVE, *name, ttl, now)
        return await self.get("history", name, shown.version, now=now)

    async def set_status(
        self, name: Name, version: int, status: str, notice: str, *, now: float
    ) -> bool:
        """See the port."""
        return bool(await self._value(_SET_STATUS, *name, version, status, notice, now, REMEMBERED))

    async def set_ttl(self, name: Name, version: int, ttl: int | None) -> bool:
        """See the port."""
        return bool(await self._value(_SET_TTL, *name, version, ttl))

    async def count(self, pk: str, sk: str) -> int:
        """See the port."""
        return int(await self._value(_COUNT, pk, sk))

    async def subscribe(self, subscriber: Subscriber, *, now: float) -> None:
        """See the port."""
        await self._execute(_SUBSCRIBE, *subscriber, now)

    async def unsubscribe(self, name: str, module: str) -> None:
        """See the port."""
        await self._execute(_UNSUBSCRIBE, name, module)

    async def subscribers(self) -> Sequence[Subscriber]:
        """See the port."""
        return [Subscriber(*row) for row in await self._fetch(_SUBSCRIBERS)]

    async def take(
        self, subscriber: str, *, most: int, now: float, until: float
    ) -> Sequence[Change]:
        """See the port."""
        return [_change(row) for row in await self._fetch(_TAKE, subscriber, now, until, most)]

    async def settle(self, changes: Sequence[Change]) -> None:
        """See the port."""
        numbers = [change.number for change in changes]
        await self._execute(_SETTLE, numbers, [change.tries for change in changes])

    async def postpone(self, change: Change, *, until: float) -> None:
        """See the port."""
        await self._execute(_POSTPONE, until, change.number, change.tries)

    async def waiting(self, subscriber: str) -> tuple[int, float | None]:
        """See the port."""
        ((count, oldest),) = await self._fetch(_WAITING, subscriber)
        return count, oldest

    async def forget(self, now: float, *, most: int) -> int:
        """See the port."""
        for name, module in await self._fetch(_GONE, now - REMEMBERED):
            await self.unsubscribe(name, module)
        return sum([int(await self._value(each, int(now), most)) for each in _FORGET.values()])

    async def trim(self, table: Table, module: str, before: float, *, most: int) -> int:
        """See the port."""
        return int(await self._value(_TRIM[table], module, before, most))

    def close(self) -> None:
        """See the port."""
        self._database.close()

    async def _rows(self, statement: str, *values: Any) -> list[Row]:
        return [Row(*row) for row in await self._fetch(statement, *values)]

    async def _fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        found: Sequence[Any] = await self._database.run(lambda each: each.fetch(statement, *values))
        return found

    async def _value(self, statement: str, *values: Any) -> Any:
        return await self._database.run(lambda each: each.fetchval(statement, *values))

    async def _execute(self, statement: str, *values: Any) -> None:
        await self._database.run(lambda each: each.execute(statement, *values))


def _bounds(query: Query) -> Iterator[str]:
    """Write which ends of its span a query leaves out, and its order."""
    low, high, with_low, with_high = query.span
    if low is not None and not with_low:
        yield "AND sk <> $4"
    if high is not None and not with_high:
        yield "AND sk <> $5"
    yield f"ORDER BY sk {'DESC' if query.descending else 'ASC'}"


def _change(row: Sequence[Any]) -> Change:
    number, subscriber, module, pk, sk, *rest = row
    return Change(number, subscriber, Name(module, pk, sk), *rest)
