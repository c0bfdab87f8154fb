"""Owns the counts of requests by key in the SQLite file: one row for each day, key and plan."""

import sqlite3
from collections.abc import Mapping, Sequence

from frontdesk.ports.usage import Row
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
        rows = await self._database.read(
            lambda connection: connection.execute(_READ, (first, last, key, plan)).fetchall()
        )
        return [Row(*row) for row in rows]

    async def totals(self, plan: str, first: str, last: str) -> Mapping[str, int]:
        """See the port."""
        rows = await self._database.read(
            lambda connection: connection.execute(_TOTALS, (plan, first, last)).fetchall()
        )
        return dict(rows)

    async def forget(self, day: str) -> None:
        """See the port."""
        await self._database.write(lambda connection: connection.execute(_FORGET, (day,)).rowcount)
