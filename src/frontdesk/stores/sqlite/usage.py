"""Owns the counts of requests by key in the SQLite file: one row for each day, key and plan."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from frontdesk.ports.usage import PlanDay, Row
from frontdesk.stores.sqlite.database import Database

_ADD = """
    INSERT INTO usage (key, plan, day, requests) VALUES (?, ?, ?, ?)
    ON CONFLICT (day, key, plan) DO UPDATE SET requests = requests + excluded.requests
"""
_READ = """
    SELECT key, plan, day, requests FROM usage
    WHERE day BETWEEN ? AND ? AND key = coalesce(?, key) AND plan = coalesce(?, plan)
    ORDER BY day, key, plan
"""
_READ_OF = """
    WITH RECURSIVE days (day) AS (
        SELECT min(day) FROM usage WHERE day >= ?1
        UNION ALL
        SELECT (SELECT min(day) FROM usage WHERE day > days.day) FROM days WHERE day < ?2
    )
    SELECT key, plan, day, requests FROM days JOIN usage USING (day)
    WHERE day <= ?2 AND key IN (SELECT value FROM json_each(?3)) ORDER BY day, key, plan
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
        self, first: str, last: str, *, key: str | None = None, plan: str | None = None
    ) -> Sequence[Row]:
        """See the port."""
        # In the thread of the store: there may be very many.
        return await self._database.read(
            lambda connection: [
                Row(*row) for row in connection.execute(_READ, (first, last, key, plan))
            ]
        )

    async def read_of(self, keys: Sequence[str], first: str, last: str) -> Sequence[Row]:
        """See the port."""
        values = first, last, json.dumps(keys)
        return await self._database.read(
            lambda connection: [Row(*row) for row in connection.execute(_READ_OF, values)]
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
