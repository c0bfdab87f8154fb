"""Owns the counts of requests by key in the SQLite file: one row for each day, key and plan."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from frontdesk.ports.usage import NOWHERE, Place, PlanDay, Row
from frontdesk.stores.sqlite.database import Database

_ADD = """
    INSERT INTO usage (key, plan, day, requests) VALUES (?, ?, ?, ?)
    ON CONFLICT (day, key, plan) DO UPDATE SET requests = requests + excluded.requests
"""
_READ = """
    SELECT key, plan, day, requests FROM usage
    WHERE (day, key, plan) > (?1, ?2, ?3) AND day <= ?4 AND plan = coalesce(?5, plan)
    ORDER BY day, key, plan LIMIT ?6
"""
_READ_OF = """
    WITH RECURSIVE days (day) AS (
        SELECT min(day) FROM usage WHERE day >= ?1
        UNION ALL
        SELECT (SELECT min(day) FROM usage WHERE day > days.day) FROM days WHERE day < ?4
    )
    SELECT key, plan, day, requests FROM days JOIN usage USING (day)
    WHERE (day, key, plan) > (?1, ?2, ?3) AND day <= ?4 AND plan = coalesce(?5, plan)
    AND key IN (SELECT value FROM json_each(?7)) ORDER BY day, key, plan LIMIT ?6
"""
"""The days that there are are looked up one after the other: nothing of other keys is read."""

_DAILY = """
    SELECT plan, day, sum(requests) FROM usage
    WHERE day BETWEEN ?1 AND ?2 AND key = coalesce(?3, key)
    GROUP BY day, plan ORDER BY day, plan
"""
_TOTALS = """
    SELECT key, sum(requests) FROM usage WHERE plan = ? AND day BETWEEN ? AND ? GROUP BY key
"""
_FORGET = "DELETE FROM usage WHERE day < ?"


class SqliteUsage:
    """See `ports.usage.Usage`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: Sequence[Row]) -> None:
        """See the port."""

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(_ADD, rows)

        await self._database.write(work)

    async def read(
        self,
        first: str,
        last: str,
        *,
        keys: Sequence[str] | None = None,
        plan: str | None = None,
        after: Place | None = None,
        most: int | None = None,
    ) -> Sequence[Row]:
        """See the port."""
        begin = max(after or NOWHERE, (first, "", ""))
        values = *begin, last, plan, -1 if most is None else most
        query, given = (_READ, values) if keys is None else (_READ_OF, (*values, json.dumps(keys)))
        # In the thread of the store: there may be very many.
        return await self._database.read(
            lambda connection: [Row(*row) for row in connection.execute(query, given)]
        )

    async def daily(self, first: str, last: str, *, key: str | None = None) -> Sequence[PlanDay]:
        """See the port."""
        return await self._database.read(
            lambda connection: [
                PlanDay(*row) for row in connection.execute(_DAILY, (first, last, key))
            ]
        )

    async def totals(self, plan: str, first: str, last: str) -> Mapping[str, int]:
        """See the port."""
        rows = await self._database.read(
            lambda connection: connection.execute(_TOTALS, (plan, first, last)).fetchall()
        )
        return dict(rows)

    async def forget(self, day: str) -> None:
        """See the port."""
        await self._database.write(lambda connection: connection.execute(_FORGET, (day,)).rowcount)
