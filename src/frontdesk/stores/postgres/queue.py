"""Owns queues in PostgreSQL: what is counted, moved and forgotten. `queue_commit` sends, receives and deletes."""

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Any, Final

from frontdesk.ports.queue import Counts, Kept, Message, Outgoing, Queue, Receipt, Received, Sent
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.groups import Groups
from frontdesk.stores.postgres.queue_commit import (
    Changing,
    Deleting,
    Operation,
    Postponing,
    Receiving,
    Sending,
    commit,
)

# From name to name along the index: it costs as much as there are queues, not messages.
_NAMES: Final = """
    WITH RECURSIVE found (name) AS (
        SELECT min(queue) FROM frontdesk_queue_messages
        UNION ALL
        SELECT (SELECT min(queue) FROM frontdesk_queue_messages WHERE queue > name)
        FROM found WHERE name IS NOT NULL
    )
    SELECT name FROM found WHERE starts_with(name, $1)
"""
_SOURCES: Final = """
    SELECT source, count(*) FROM frontdesk_queue_messages
    WHERE queue = $1 AND source <> '' GROUP BY source
"""
_PEEK: Final = """
    SELECT visible, number, receives, id, body, attributes, coalesce(grp, ''), deduplication,
        sent, receives + earlier, first, source
    FROM frontdesk_queue_messages WHERE queue = $1 AND number > $2 ORDER BY number LIMIT $3
"""
_DROP: Final = """
    WITH gone AS (
        DELETE FROM frontdesk_queue_messages WHERE queue = $1 AND number = ANY($2::bigint[])
        RETURNING 1
    )
    SELECT count(*) FROM gone
"""
_MOVE: Final = """
    WITH found AS (
        SELECT number FROM frontdesk_queue_messages
        WHERE queue = $1 AND visible <= $4 AND source = coalesce($3, source)
            AND ($6::bigint[] IS NULL OR number = ANY($6))
        ORDER BY number LIMIT $5 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM frontdesk_queue_messages WHERE number IN (SELECT number FROM found)
        RETURNING number, id, body, attributes, grp, deduplication
    ), moved AS (
        INSERT INTO frontdesk_queue_messages (queue, id, body, attributes, grp, deduplication,
            source, sent, visible, receives, earlier, first)
        SELECT $2, id, body, attributes, grp, deduplication, '', $4, $4, 0, 0, 0
        FROM gone ORDER BY number
        RETURNING 1
    )
    SELECT count(*) FROM moved
"""
_FORGET: Final = """
    WITH gone AS (
        DELETE FROM frontdesk_queue_messages WHERE number IN (
            SELECT number FROM frontdesk_queue_messages WHERE queue = $1 AND sent <= $2
            ORDER BY number LIMIT $3
        ) RETURNING 1
    )
    SELECT count(*) FROM gone
"""
_FORGET_QUEUE: Final = "DELETE FROM frontdesk_queue_known WHERE queue = $1"
_FORGET_KNOWN: Final = "DELETE FROM frontdesk_queue_known WHERE since <= $1"
_COUNT: Final = """
    SELECT count(*) FILTER (WHERE visible <= $2),
        count(*) FILTER (WHERE visible > $2 AND receives > 0),
        count(*) FILTER (WHERE visible > $2 AND receives = 0), min(sent)
    FROM frontdesk_queue_messages WHERE queue = $1
"""


class PostgresQueues:
    """See `ports.queue.QueueStore`. Several gateways may share the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._groups: Groups[Operation] = Groups(self._commit)

    async def send(
        self, queue: Queue, messages: Sequence[Outgoing], *, now: float
    ) -> Sequence[Sent]:
        """See the port."""
        sent: Sequence[Sent] = await self._groups.add(Sending(queue, messages, now))
        return sent

    async def receive(
        self, queue: Queue, *, most: int, now: float, visibility: float | None = None
    ) -> Received:
        """See the port."""
        hidden = queue.visibility if visibility is None else visibility
        received: Received = await self._groups.add(Receiving(queue, most, now, hidden))
        return received

    async def delete(
        self, queue: Queue, receipts: Sequence[Receipt], *, now: float
    ) -> Sequence[bool]:
        """See the port."""
        done: Sequence[bool] = await self._groups.add(Deleting(queue, receipts, now))
        return done

    async def change(
        self, queue: Queue, receipts: Sequence[Receipt], *, visibility: float, now: float
    ) -> Sequence[bool]:
        """See the port."""
        done: Sequence[bool] = await self._groups.add(
            Changing(queue, receipts, now + visibility, now)
        )
        return done

    async def postpone(
        self, queue: Queue, receipt: Receipt, *, attributes: bytes, visibility: float, now: float
    ) -> bool:
        """See the port."""
        done: bool = await self._groups.add(
            Postponing(queue, receipt, attributes, now + visibility)
        )
        return done

    async def names(self, prefix: str) -> Collection[str]:
        """See the port."""
        found = await self._database.run(lambda each: each.fetch(_NAMES, prefix))
        return {name for (name,) in found}

    async def sources(self, name: str) -> Mapping[str, int]:
        """See the port."""
        return dict(await self._database.run(lambda each: each.fetch(_SOURCES, name)))

    async def peek(self, name: str, *, after: int, most: int) -> Sequence[Kept]:
        """See the port."""
        found = await self._database.run(lambda each: each.fetch(_PEEK, name, after, most))
        return [
            Kept(Message(Receipt(number, receives), *row), visible)
            for visible, number, receives, *row in found
        ]

    async def drop(self, name: str, numbers: Collection[int]) -> int:
        """See the port."""
        return await self._number(_DROP, name, list(numbers))

    async def move(
        self,
        name: str,
        to: str,
        *,
        source: str | None,
        most: int,
        now: float,
        numbers: Collection[int] | None = None,
    ) -> int:
        """See the port."""
        listed = None if numbers is None else list(numbers)
        return await self._number(_MOVE, name, to, source, now, most, listed)

    async def forget(self, name: str, before: float, *, most: int) -> int:
        """See the port."""
        if before == inf:
            await self._database.run(lambda each: each.execute(_FORGET_QUEUE, name))
        return await self._number(_FORGET, name, before, most)

    async def forget_known(self, before: float) -> None:
        """See the port."""
        await self._database.run(lambda each: each.execute(_FORGET_KNOWN, before))

    async def counts(self, name: str, *, now: float) -> Counts:
        """See the port."""
        return Counts(*await self._database.run(lambda each: each.fetchrow(_COUNT, name, now)))

    async def _number(self, statement: str, *values: Any) -> int:
        return int(await self._database.run(lambda each: each.fetchval(statement, *values)))

    async def _commit(self, operations: Sequence[Operation]) -> Sequence[Any]:
        return await self._database.write(lambda connection: commit(connection, operations))
