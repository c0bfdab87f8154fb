"""Owns queues in SQLite: their statements. Each operation is one job of the file's thread."""

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Any, Final

import orjson

from frontdesk.ports.queue import (
    LOOKED_THROUGH,
    REMEMBERED,
    Counts,
    Kept,
    Message,
    Outgoing,
    Queue,
    Receipt,
    Received,
    Sent,
)
from frontdesk.stores.sqlite.database import Database

_SEND: Final = """
    INSERT INTO queue_messages (queue, id, body, attributes, grp, deduplication, source, sent,
        visible, receives, earlier, first)
    VALUES (?, ?, ?, ?, nullif(?, ''), ?, '', ?, ?, 0, 0, 0)
"""
_KNOWN: Final = "SELECT id, number FROM queue_known WHERE queue = ? AND same = ? AND since > ?"
_KNOW: Final = """
    INSERT OR REPLACE INTO queue_known (queue, same, id, number, since) VALUES (?, ?, ?, ?, ?)
"""

_READY: Final = """
    SELECT number, sent, receives, id, body, attributes, coalesce(grp, ''), deduplication,
        earlier, first, source
    FROM queue_messages
    WHERE queue = ? AND visible <= ? ORDER BY visible, number LIMIT ?
"""
# A message waits for those of its group that are received, and for those before it.
_READY_IN_ORDER: Final = """
    SELECT number, sent, receives, id, body, attributes, coalesce(grp, ''), deduplication,
        earlier, first, source
    FROM queue_messages AS one
    WHERE number IN (
        SELECT number FROM queue_messages WHERE queue = :queue AND grp IS NOT NULL
        ORDER BY number LIMIT :among
    ) AND visible <= :now AND NOT EXISTS (
        SELECT 1 FROM queue_messages AS other
        WHERE other.queue = :queue AND other.grp = one.grp AND other.visible > :now
            AND (other.receives > 0 OR other.number < one.number)
    ) ORDER BY number LIMIT :most
"""
_RECEIVE: Final = """
    UPDATE queue_messages SET visible = ?, receives = ?, first = ? WHERE number = ?
"""
_DROP: Final = "DELETE FROM queue_messages WHERE number = ?"
_BURY: Final = """
    INSERT INTO queue_messages (queue, id, body, attributes, grp, deduplication, source, sent,
        visible, receives, earlier, first)
    SELECT ?, id, body, attributes, grp, deduplication, ?, sent, ?, 0, receives + earlier, first
    FROM queue_messages WHERE number = ?
"""
_DELETE: Final = """
    DELETE FROM queue_messages
    WHERE number = ? AND queue = ? AND receives = ? AND (NOT ? OR visible > ?)
"""
_CHANGE: Final = """
    UPDATE queue_messages SET visible = ?
    WHERE number = ? AND queue = ? AND receives = ? AND visible > ?
"""

_POSTPONE: Final = """
    UPDATE queue_messages SET visible = ?, attributes = ?
    WHERE number = ? AND queue = ? AND receives = ?
"""
# From name to name along the index: it costs as much as there are queues, not messages.
_NAMES: Final = """
    WITH RECURSIVE found (name) AS (
        SELECT min(queue) FROM queue_messages
        UNION ALL
        SELECT (SELECT min(queue) FROM queue_messages WHERE queue > name)
        FROM found WHERE name IS NOT NULL
    )
    SELECT name FROM found WHERE substr(name, 1, length(:prefix)) = :prefix
"""
_SOURCES: Final = """
    SELECT source, count(*) FROM queue_messages WHERE queue = ? AND source <> '' GROUP BY source
"""
_PEEK: Final = """
    SELECT visible, number, receives, id, body, attributes, coalesce(grp, ''), deduplication,
        sent, receives + earlier, first, source
    FROM queue_messages WHERE queue = ? AND number > ? ORDER BY number LIMIT ?
"""
_DROP_OF: Final = """
    DELETE FROM queue_messages WHERE queue = ? AND number IN (SELECT value FROM json_each(?))
"""
_MOVABLE: Final = """
    SELECT number FROM queue_messages
    WHERE queue = :queue AND visible <= :now AND source = coalesce(:source, source)
        AND (:numbers IS NULL OR number IN (SELECT value FROM json_each(:numbers)))
    ORDER BY number LIMIT :most
"""
_MOVE: Final = """
    INSERT INTO queue_messages (queue, id, body, attributes, grp, deduplication, source, sent,
        visible, receives, earlier, first)
    SELECT ?, id, body, attributes, grp, deduplication, '', ?, ?, 0, 0, 0
    FROM queue_messages WHERE number = ?
"""
_FORGET: Final = """
    DELETE FROM queue_messages WHERE number IN (
        SELECT number FROM queue_messages WHERE queue = ? AND sent <= ? ORDER BY number LIMIT ?
    )
"""
_FORGET_QUEUE: Final = "DELETE FROM queue_known WHERE queue = ?"
_FORGET_KNOWN: Final = "DELETE FROM queue_known WHERE since <= ?"
_COUNT: Final = """
    SELECT count(*) FILTER (WHERE visible <= :now),
        count(*) FILTER (WHERE visible > :now AND receives > 0),
        count(*) FILTER (WHERE visible > :now AND receives = 0), min(sent)
    FROM queue_messages WHERE queue = :queue
"""


class SqliteQueues:
    """See `ports.queue.QueueStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def send(
        self, queue: Queue, messages: Sequence[Outgoing], *, now: float
    ) -> Sequence[Sent]:
        """See the port."""
        return await self._database.write(
            lambda connection: [send(connection, queue, message, now) for message in messages]
        )

    async def receive(
        self, queue: Queue, *, most: int, now: float, visibility: float | None = None
    ) -> Received:
        """See the port."""
        hidden = queue.visibility if visibility is None else visibility
        return await self._database.write(
            lambda connection: _receive(connection, queue, most, now, hidden)
        )

    async def delete(
        self, queue: Queue, receipts: Sequence[Receipt], *, now: float
    ) -> Sequence[bool]:
        """See the port."""
        values = [(number, queue.name, receives, queue.fifo, now) for number, receives in receipts]
        return await self._each(_DELETE, values)

    async def change(
        self, queue: Queue, receipts: Sequence[Receipt], *, visibility: float, now: float
    ) -> Sequence[bool]:
        """See the port."""
        until = now + visibility
        values = [(until, number, queue.name, receives, now) for number, receives in receipts]
        return await self._each(_CHANGE, values)

    async def postpone(
        self, queue: Queue, receipt: Receipt, *, attributes: bytes, visibility: float, now: float
    ) -> bool:
        """See the port."""
        values = (now + visibility, attributes, receipt.number, queue.name, receipt.receives)
        (done,) = await self._each(_POSTPONE, [values])
        return done

    async def names(self, prefix: str) -> Collection[str]:
        """See the port."""
        return await self._database.read(
            lambda connection: {name for (name,) in connection.execute(_NAMES, {"prefix": prefix})}
        )

    async def sources(self, name: str) -> Mapping[str, int]:
        """See the port."""
        return await self._database.read(
            lambda connection: dict(connection.execute(_SOURCES, (name,)))
        )

    async def peek(self, name: str, *, after: int, most: int) -> Sequence[Kept]:
        """See the port."""
        found = await self._database.read(
            lambda connection: connection.execute(_PEEK, (name, after, most)).fetchall()
        )
        return [
            Kept(Message(Receipt(number, receives), *row), visible)
            for visible, number, receives, *row in found
        ]

    async def drop(self, name: str, numbers: Collection[int]) -> int:
        """See the port."""
        values = (name, _listed(numbers))
        return await self._database.write(
            lambda connection: connection.execute(_DROP_OF, values).rowcount
        )

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
        listed = None if numbers is None else _listed(numbers)
        values = {"queue": name, "now": now, "source": source, "most": most, "numbers": listed}

        def work(connection: sqlite3.Connection) -> int:
            found = connection.execute(_MOVABLE, values).fetchall()
            connection.executemany(_MOVE, [(to, now, now, number) for (number,) in found])
            connection.executemany(_DROP, found)
            return len(found)

        return await self._database.write(work)

    async def forget(self, name: str, before: float, *, most: int) -> int:
        """See the port."""

        def work(connection: sqlite3.Connection) -> int:
            if before == inf:
                connection.execute(_FORGET_QUEUE, (name,))
            return connection.execute(_FORGET, (name, before, most)).rowcount

        return await self._database.write(work)

    async def forget_known(self, before: float) -> None:
        """See the port."""
        await self._each(_FORGET_KNOWN, [(before,)])

    async def counts(self, name: str, *, now: float) -> Counts:
        """See the port."""
        values = {"queue": name, "now": now}
        return Counts(
            *await self._database.read(
                lambda connection: connection.execute(_COUNT, values).fetchone()
            )
        )

    async def _each(self, statement: str, values: Sequence[Sequence[Any]]) -> Sequence[bool]:
        """Run a statement for each of the values; tell of each whether it has changed anything."""
        return await self._database.write(
            lambda connection: [connection.execute(statement, each).rowcount > 0 for each in values]
        )


def send(connection: sqlite3.Connection, queue: Queue, message: Outgoing, now: float) -> Sent:
    """Send a message, in the transaction that is open."""
    same = queue.sameness(message) if queue.fifo else ""
    if queue.fifo:
        known = connection.execute(_KNOWN, (queue.name, same, now - REMEMBERED)).fetchone()
        if known is not None:
            id_, number = known
            return Sent(id_, number, again=True)
    id_, body, attributes, group, deduplication, delay = message
    visible = now + (queue.delay if delay is None else delay)
    row = (queue.name, id_, body, attributes, group, deduplication, now, visible)
    number = connection.execute(_SEND, row).lastrowid
    assert number is not None
    if queue.fifo:
        connection.execute(_KNOW, (queue.name, same, id_, number, now))
    return Sent(id_, number)


def _listed(numbers: Collection[int]) -> str:
    return orjson.dumps(list(numbers)).decode()


def _receive(
    connection: sqlite3.Connection, queue: Queue, most: int, now: float, hidden: float
) -> Received:
    messages: list[Message] = []
    fates: Counter[str] = Counter()
    while found := _ready(connection, queue, most - len(messages), now):
        for number, sent, receives, *row in found:
            fate = queue.fate(sent, receives, now)
            fates[fate] += 1
            if fate == "due":
                id_, body, attributes, group, deduplication, earlier, first, source = row
                first = first or now
                connection.execute(_RECEIVE, (now + hidden, receives + 1, first, number))
                receipt = Receipt(number, receives + 1)
                messages.append(
                    Message(
                        *(receipt, id_, body, attributes, group, deduplication),
                        *(sent, receives + 1 + earlier, first, source),
                    )
                )
                continue
            if fate == "dead":
                connection.execute(_BURY, (queue.dead_letter, queue.name, now, number))
            connection.execute(_DROP, (number,))
        if not hidden:
            break  # they could be received at once
    return Received(messages, fates["dead"], fates["expired"])


def _ready(connection: sqlite3.Connection, queue: Queue, most: int, now: float) -> Sequence[Any]:
    if most <= 0:
        return ()
    if queue.fifo:
        values = {"queue": queue.name, "now": now, "most": most, "among": LOOKED_THROUGH}
        return connection.execute(_READY_IN_ORDER, values).fetchall()
    return connection.execute(_READY, (queue.name, now, most)).fetchall()
