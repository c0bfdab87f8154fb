"""Owns a Journal in the SQLite file: its statements. What an append means is decided in `stores.heads`."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Any, Final

import orjson

from frontdesk.ports.journal import (
    NOBODY,
    Append,
    Counts,
    Document,
    FencedError,
    Filter,
    Loaded,
    Message,
    Page,
    Start,
    Started,
    Stream,
)
from frontdesk.stores.heads import (
    Head,
    Written,
    advance,
    begin,
    between,
    columns,
    first_kept,
    lasting,
    page_token,
    place,
    post,
    read_head,
    read_stream,
)
from frontdesk.stores.sqlite.database import Database

_LAST: Final = 2**63 - 1  # of all ids

_JOIN = "INSERT INTO journal_owners (until) VALUES (?)"
_ALL_LAPSE = "UPDATE journal_owners SET until = 0"
_RENEW = "UPDATE journal_owners SET until = ? WHERE id = ?"
_IS_OWNER = "SELECT 1 FROM journal_owners WHERE id = ?"
_LAPSED = "SELECT id FROM journal_owners WHERE until <= ? AND id <> ?"
_DROP_OWNER = "DELETE FROM journal_owners WHERE id = ?"

_START = """
    INSERT INTO journal_streams (kind, name, digest, started, status, ended, seq, owner, due, head)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_HEAD = "SELECT status, ended, seq, owner, due, head FROM journal_streams WHERE id = ?"
# What has an index is left alone where it stays: most appends change none of it.
_GO_ON = "UPDATE journal_streams SET seq = ?, head = ? WHERE id = ?"
_CHANGE = """
    UPDATE journal_streams SET status = ?, ended = ?, seq = ?, owner = ?, due = ?, head = ? WHERE id = ?
"""
_EVENTS = "INSERT INTO journal_appends (stream, first, events, commands) VALUES (?, ?, ?, ?)"
_SNAPSHOT = "INSERT OR REPLACE INTO journal_snapshots (stream, seq, snapshot) VALUES (?, ?, ?)"
_POST = "INSERT INTO journal_messages (stream, number, document) VALUES (?, ?, ?)"
_TAKEN = "DELETE FROM journal_messages WHERE stream = ? AND number <= ?"

_DUE = "SELECT id FROM journal_streams WHERE owner = 0 AND due <= ? ORDER BY due LIMIT ?"
_HELD = "SELECT id FROM journal_streams WHERE owner = ? LIMIT ?"
_LEASE = "UPDATE journal_streams SET owner = ?, due = NULL WHERE id = ?"
_POSTED = """
    SELECT stream, number, document FROM journal_messages
    WHERE stream IN (SELECT id FROM journal_streams WHERE owner = ?)
        AND stream NOT IN (SELECT value FROM json_each(?))
    ORDER BY stream, number LIMIT ?
"""

_STREAM = "SELECT id, kind, name, digest, started, status, ended, seq FROM journal_streams "
_LOAD = """
    SELECT id, kind, name, digest, started, status, ended, seq, owner, due, head
    FROM journal_streams WHERE id = ?
"""
_LAST_SNAPSHOT = "SELECT seq, snapshot FROM journal_snapshots WHERE stream = ?"
_TAIL = "SELECT events FROM journal_appends WHERE stream = ? AND first > ? ORDER BY first"
_COMMANDS = "SELECT commands FROM journal_appends WHERE stream = ? AND first = ?"
_MESSAGES = "SELECT number, document FROM journal_messages WHERE stream = ? ORDER BY number"
_READ = """
    SELECT first, events FROM journal_appends WHERE stream = :stream AND first <= :last AND first >=
        coalesce((SELECT max(first) FROM journal_appends WHERE stream = :stream AND first <= :first), 0)
    ORDER BY first
"""
_TRIM = """
    DELETE FROM journal_appends WHERE stream = :stream AND first <
        (SELECT max(first) FROM journal_appends WHERE stream = :stream AND first <= :kept)
"""
_ENDED = """
    SELECT id FROM journal_streams
    WHERE (kind = ?1 OR kind > ?1 || '/' AND kind < ?1 || '0')
        AND ended < ?2 AND owner IS NULL
    ORDER BY ended LIMIT ?3
"""
_FORGET = (
    "DELETE FROM journal_streams WHERE id = ?",
    "DELETE FROM journal_appends WHERE stream = ?",
    "DELETE FROM journal_snapshots WHERE stream = ?",
)
_COUNT = "SELECT kind, count(*) FROM journal_streams WHERE status = ? GROUP BY kind"
_LATE = "SELECT count(*) FROM journal_streams WHERE owner = 0 AND due <= ?"


class SqliteJournal:
    """See `ports.journal.Journal`. Several processes may share the file."""

    def __init__(self, database: Database, *, alone: bool = False) -> None:
        """alone: no other process may work in the file, so that whoever has left work there is dead."""
        self._database = database
        self._first_of_one = alone

    async def join(self, *, until: float) -> int:
        """See the port."""
        takes_all, self._first_of_one = self._first_of_one, False

        def work(connection: sqlite3.Connection) -> int | None:
            if takes_all:
                connection.execute(_ALL_LAPSE)
            return connection.execute(_JOIN, (until,)).lastrowid

        owner = await self._database.write(work)
        assert owner is not None
        return owner

    async def renew(self, owner: int, *, until: float) -> None:
        """See the port."""
        if not await self._database.write(
            lambda connection: connection.execute(_RENEW, (until, owner)).rowcount
        ):
            raise FencedError(owner)

    async def start(self, start: Start) -> Started:
        """See the port."""
        return await self._database.write(Starting(start).commit)

    async def append(self, append: Append) -> int:
        """See the port."""
        written = Written.of(append)
        stream = append.stream

        def work(connection: sqlite3.Connection) -> int:
            before = _head(connection, stream)
            after = advance(before, append)
            assert before is not None
            _change(connection, stream, before, after)
            _write(connection, stream, before.seq + 1, after.seq, written)
            if after.taken > before.taken:
                connection.execute(_TAKEN, (stream, after.taken))
            return after.seq

        return await self._database.write(work)

    async def post(self, stream: int, document: Document) -> bool:
        """See the port."""
        written = orjson.dumps(document)

        def work(connection: sqlite3.Connection) -> bool:
            before = _head(connection, stream)
            if before is None:
                return False
            after = post(before)
            _change(connection, stream, before, after)
            connection.execute(_POST, (stream, after.posted, written))
            return True

        return await self._database.write(work)

    async def due(self, owner: int, *, now: float, most: int) -> Sequence[Loaded]:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Sequence[Loaded]:
            _expect_owner(connection, owner)
            found = [id_ for (id_,) in connection.execute(_DUE, (now, most))]
            for (lapsed,) in connection.execute(_LAPSED, (now, owner)).fetchall():
                room = most - len(found)
                left = [id_ for (id_,) in connection.execute(_HELD, (lapsed, room + 1))]
                if len(left) <= room:
                    connection.execute(_DROP_OWNER, (lapsed,))
                found += left[:room]
            connection.executemany(_LEASE, [(owner, id_) for id_ in found])
            return [_load(connection, id_) for id_ in found]

        return await self._database.write(work)

    async def posted(
        self, owner: int, *, most: int, without: Collection[int] = ()
    ) -> Sequence[tuple[int, Message]]:
        """See the port."""
        rows = await self._read(_POSTED, owner, orjson.dumps(list(without)).decode(), most)
        return [
            (stream, Message(number, orjson.loads(document))) for stream, number, document in rows
        ]

    async def load(self, stream: int) -> Loaded | None:
        """See the port."""
        return await self._database.read(
            lambda connection: _load(connection, stream) if _head(connection, stream) else None
        )

    async def find(self, kind: str, name: str) -> Stream | None:
        """See the port."""
        rows = await self._read(_STREAM + "WHERE kind = ? AND name = ?", kind, name)
        return read_stream(rows[0]) if rows else None

    async def read(self, stream: int, first: int, last: int) -> Sequence[Document]:
        """See the port."""
        values = {"stream": stream, "first": max(first, 1), "last": last}
        rows = await self._database.read(
            lambda connection: connection.execute(_READ, values).fetchall()
        )
        return between([(at, orjson.loads(events)) for at, events in rows], first, last)

    async def list(
        self, what: Filter, *, most: int, token: str = "", newest_first: bool = True
    ) -> Page:
        """See the port."""
        order, after = ("DESC", "<") if newest_first else ("ASC", ">")
        status, values = "", [what.kind]
        if what.status is not None:
            status, values = "AND status = ? ", [what.kind, what.status]
        begins = place(token) if token else (inf, _LAST) if newest_first else (-inf, 0)
        rows = await self._read(
            f"{_STREAM} WHERE kind = ? {status} AND started BETWEEN ? AND ? "
            f"AND (started, id) {after} (?, ?) ORDER BY started {order}, id {order} LIMIT ?",
            *(*values, what.since, what.until, *begins, most + 1),
        )
        streams = [read_stream(row) for row in rows[:most]]
        more = len(rows) > most
        return Page(streams, page_token(streams[-1].started, streams[-1].id) if more else "")

    async def forget(self, kind: str, before: float, *, most: int) -> int:
        """See the port."""

        def work(connection: sqlite3.Connection) -> int:
            found = connection.execute(_ENDED, (kind, before, most)).fetchall()
            for statement in _FORGET:
                connection.executemany(statement, found)
            return len(found)

        return await self._database.write(work)

    async def trim(self, stream: int, before: int) -> None:
        """See the port."""

        def work(connection: sqlite3.Connection) -> None:
            head = _head(connection, stream)
            if head is not None:
                found = connection.execute(_LAST_SNAPSHOT, (stream,)).fetchone()
                kept = first_kept(head, found[0] if found else 0, before)
                connection.execute(_TRIM, {"stream": stream, "kept": kept})

        await self._database.write(work)

    async def counts(self, status: str, *, now: float) -> Counts:
        """See the port."""
        streams = await self._read(_COUNT, status)
        ((late,),) = await self._read(_LATE, now)
        return Counts(dict(streams), late)

    async def _read(self, statement: str, *values: Any) -> Sequence[Any]:
        return await self._database.read(
            lambda connection: connection.execute(statement, values).fetchall()
        )


class Starting:
    """A start that is ready to be committed: what takes time is done where its caller runs."""

    def __init__(self, start: Start) -> None:
        """Raises: ValueError, TypeError, for what no stream can have."""
        self._start = start
        self._head = begin(start)
        self._written = Written.of(start)

    def expect_owner(self, connection: sqlite3.Connection) -> None:
        """Raises: FencedError."""
        if self._start.owner != NOBODY:
            _expect_owner(connection, self._start.owner)

    def commit(self, connection: sqlite3.Connection) -> Started:
        """Start it in the transaction that is open. Raises: FencedError, and nothing is changed."""
        start, head = self._start, self._head
        self.expect_owner(connection)
        place_ = (start.kind, start.name)
        inserted = connection.execute(_START, (*place_, start.digest, start.time, *columns(head)))
        if not inserted.rowcount:
            stream = read_stream(
                connection.execute(_STREAM + "WHERE kind = ? AND name = ?", place_).fetchone()
            )
            return Started("same" if stream.digest == start.digest else "other", stream)
        id_ = inserted.lastrowid
        assert id_ is not None
        _write(connection, id_, 1, head.seq, self._written)
        return Started(
            "started", Stream(id_, *place_, start.digest, start.time, head.status, head.seq)
        )


def _write(
    connection: sqlite3.Connection, stream: int, first: int, seq: int, written: Written
) -> None:
    if written.events is not None:
        connection.execute(_EVENTS, (stream, first, written.events, written.commands))
    if written.snapshot is not None:
        connection.execute(_SNAPSHOT, (stream, seq, written.snapshot))


def _expect_owner(connection: sqlite3.Connection, owner: int) -> None:
    if connection.execute(_IS_OWNER, (owner,)).fetchone() is None:
        raise FencedError(owner)


def _head(connection: sqlite3.Connection, stream: int) -> Head | None:
    row = connection.execute(_HEAD, (stream,)).fetchone()
    return None if row is None else read_head(row)


def _change(connection: sqlite3.Connection, stream: int, before: Head, after: Head) -> None:
    row = columns(after)
    if (after.status, after.owner, after.due) == (before.status, before.owner, before.due):
        connection.execute(_GO_ON, (after.seq, row[-1], stream))
    else:
        connection.execute(_CHANGE, (*row, stream))


def _load(connection: sqlite3.Connection, stream: int) -> Loaded:
    row = connection.execute(_LOAD, (stream,)).fetchone()
    head = read_head(row[5:])
    found = connection.execute(_LAST_SNAPSHOT, (stream,)).fetchone()
    seq, snapshot = (0, None) if found is None else (found[0], orjson.loads(found[1]))
    events: list[Document] = []
    for (written,) in connection.execute(_TAIL, (stream, seq)):
        events += orjson.loads(written)
    commands: dict[str, Mapping[str, Any]] = {}
    for first in sorted(set(head.outbox.values())):
        (written,) = connection.execute(_COMMANDS, (stream, first)).fetchone()
        commands |= lasting(orjson.loads(written), first, head)
    messages = [
        Message(number, orjson.loads(document))
        for number, document in connection.execute(_MESSAGES, (stream,))
    ]
    return Loaded(read_stream(row[:8]), snapshot, events, head.timers, commands, messages)
