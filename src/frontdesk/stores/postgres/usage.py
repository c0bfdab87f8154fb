"""Owns the counts of requests by key in PostgreSQL: one row for each day, key and plan."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from frontdesk.ports.usage import NOWHERE, Place, PlanDay, Row
from frontdesk.stores.postgres.database import Database

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_ADD = """
    INSERT INTO frontdesk_usage AS known (key, plan, day, requests) VALUES ($1, $2, $3, $4)
    ON CONFLICT (day, key, plan) DO UPDATE SET requests = known.requests + excluded.requests
"""
_READ = """
    SELECT key, plan, day, requests FROM frontdesk_usage
    WHERE (day, key, plan) > ($1, $2, $3) AND day <= $4 AND plan = coalesce($5, plan)
    ORDER BY day, key, plan LIMIT $6
"""
_READ_OF = """
    WITH RECURSIVE days (day) AS (
        SELECT min(day) FROM frontdesk_usage WHERE day >= $1
        UNION ALL
        SELECT (SELECT min(day) FROM frontdesk_usage WHERE day > days.day) FROM days WHERE day < $4
    )
    SELECT key, plan, day, requests FROM days JOIN frontdesk_usage USING (day)
    WHERE (day, key, plan) > ($1, $2, $3) AND day <= $4 AND plan = coalesce($5, plan)
    AND key = ANY($7) ORDER BY day, key, plan LIMIT $6
"""
"""The days that there are are looked up one after the other: nothing of other keys is read."""

_DAILY = """
    SELECT plan, day, sum(requests)::BIGINT FROM frontdesk_usage
    WHERE day BETWEEN $1 AND $2 AND key = coalesce($3, key)
    GROUP BY day, plan ORDER BY day, plan
"""
_TOTALS = """
    SELECT key, sum(requests)::BIGINT FROM frontdesk_usage
    WHERE plan = $1 AND day BETWEEN $2 AND $3 GROUP BY key
"""
_FORGET = "DELETE FROM frontdesk_usage WHERE day < $1"


class PostgresUsage:
    """See `ports.usage.Usage`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: Sequence[Row]) -> None:
        """See the port."""
        # In one order, so that gateways that add at the same time wait for each other only once.
        in_order = sorted(rows, key=lambda row: (row.day, row.key, row.plan))

        async def work(connection: "Connection") -> None:
            await connection.executemany(_ADD, in_order)

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
        values = *begin, last, plan, most
        query, given = (_READ, values) if keys is None else (_READ_OF, (*values, list(keys)))
        rows = await self._database.run(lambda connection: connection.fetch(query, *given))
        return [Row(*row) for row in rows]

    async def daily(self, first: str, last: str, *, key: str | None = None) -> Sequence[PlanDay]:
        """See the port."""
        rows = await self._database.run(
            lambda connection: connection.fetch(_DAILY, first, last, key)
        )
        return [PlanDay(*row) for row in rows]

    async def totals(self, plan: str, first: str, last: str) -> Mapping[str, int]:
        """See the port."""
        rows = await self._database.run(
            lambda connection: connection.fetch(_TOTALS, plan, first, last)
        )
        return dict(rows)

    async def forget(self, day: str) -> None:
        """See the port."""
        await self._database.run(lambda connection: connection.execute(_FORGET, day))
