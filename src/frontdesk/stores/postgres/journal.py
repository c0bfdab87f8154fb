"""Owns a Journal in PostgreSQL: what it reads, leases and forgets. `journal_commit` writes the rest."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final

import orjson

from frontdesk.ports.journal import (
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
    Written,
    between,
    first_kept,
    lasting,
    page_token,
    place,
    read_stream,
)
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.groups import Groups
from frontdesk.stores.postgres.journal_changes import Appending, Known, Posting, Starting
from frontdesk.stores.postgres.journal_commit import OWNERS, STREAM, Commits, Operation

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_LAST: Final = 2**63 - 1  # of all ids
_GROUP: Final = 64  # operations of one commit: while it is made, this process goes on with others

_JOIN = "INSERT INTO frontdesk_journal_owners (lapses) VALUES ($1) RETURNING id"
_RENEW = "UPDATE frontdesk_journal_owners SET lapses = $2 WHERE id = $1 RETURNING id"
# Locked before their streams are looked for: what they were starting is committed then.
_LAPSED = """
    SELECT id FROM frontdesk_journal_owners WHERE lapses <= $1 AND id <> $2
    ORDER BY id FOR UPDATE SKIP LOCKED
"""
_DROP_OWNER = """
    DELETE FROM frontdesk_journal_owners WHERE id = $1
        AND NOT EXISTS (SELECT FROM frontdesk_journal_streams WHERE owner = $1)
"""

# Who looks at the same time is given others.
_DUE = """
    SELECT id FROM frontdesk_journal_streams WHERE owner = 0 AND due <= $1
    ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_HELD = """
    SELECT id FROM frontdesk_journal_streams WHERE owner = $1 LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_LEASE = """
    UPDATE frontdesk_journal_streams SET owner = $1, due = NULL WHERE id = ANY($2::BIGINT[])
"""
_POSTED = """
    SELECT stream, number, document FROM frontdesk_journal_messages
    WHERE stream IN (SELECT id FROM frontdesk_journal_streams WHERE owner = $1)
        AND stream <> ALL($3::BIGINT[])
    ORDER BY stream, number LIMIT $2
"""

_FIND = STREAM + "WHERE kind = $1 AND name = $2"
_LOAD = """
    SELECT id, kind, name, digest, started, status, ended, seq, owner, due, head
    FROM frontdesk_journal_streams WHERE id = ANY($1::BIGINT[])
"""
_SNAPSHOTS = """
    SELECT stream, seq, snapshot FROM frontdesk_journal_snapshots WHERE stream = ANY($1::BIGINT[])
"""
_TAILS = """
    SELECT stream, events FROM frontdesk_journal_appends
    JOIN unnest($1::BIGINT[], $2::BIGINT[]) AS want (stream, seq) USING (stream)
    WHERE first > seq ORDER BY stream, first
"""
_COMMANDS = """
    SELECT stream, first, commands FROM frontdesk_journal_appends
    JOIN unnest($1::BIGINT[], $2::BIGINT[]) AS want (stream, first) USING (stream, first)
    ORDER BY stream, first
"""
_MESSAGES = """
    SELECT stream, number, document FROM frontdesk_journal_messages
    WHERE stream = ANY($1::BIGINT[]) ORDER BY stream, number
"""
_READ = """
    SELECT first, events FROM frontdesk_journal_appends
    WHERE stream = $1 AND first <= $3 AND first >= coalesce(
        (SELECT max(first) FROM frontdesk_journal_appends WHERE stream = $1 AND first <= $2), 0)
    ORDER BY first
"""
_TRIM = """
    DELETE FROM frontdesk_journal_appends WHERE stream = $1 AND first <
        (SELECT max(first) FROM frontdesk_journal_appends WHERE stream = $1 AND first <= $2)
"""
_ENDED = """
    SELECT id FROM frontdesk_journal_streams
    WHERE (kind = $1 OR kind > $1 || '/' AND kind < $1 || '0') AND ended < $2 AND owner IS NULL
    ORDER BY ended LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_FORGET = (
    "DELETE FROM frontdesk_journal_streams WHERE id = ANY($1::BIGINT[])",
    "DELETE FROM frontdesk_journal_appends WHERE stream = ANY($1::BIGINT[])",
    "DELETE FROM frontdesk_journal_snapshots WHERE stream = ANY($1::BIGINT[])",
)
_COUNT = "SELECT kind, count(*) FROM frontdesk_journal_streams WHERE status = $1 GROUP BY kind"
_LATE = "SELECT count(*) FROM frontdesk_journal_streams WHERE owner = 0 AND due <= $1"


class PostgresJournal:
    """See `ports.journal.Journal`. Several gateways may share the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._commits = Commits(database)
        self._groups: Groups[Operation] = Groups(self._commits.commit, most=_GROUP)

    async def join(self, *, until: float) -> int:
        """See the port."""
        owner = int(await self._database.run(lambda each: each.fetchval(_JOIN, until)))
        self._commits.joined(owner)
        return owner

    async def renew(self, owner: int, *, until: float) -> None:
        """See the port."""
        if await self._database.run(lambda each: each.fetchval(_RENEW, owner, until)) is None:
            raise FencedError(owner)

    async def start(self, start: Start) -> Started:
        """See the port."""
        started: Started = await self._groups.add(Starting.of(start, Written.of(start)))
        return started

    async def append(self, append: Append) -> int:
        """See the port."""
        seq: int = await self._groups.add(Appending(append, Written.of(append)))
        return seq

    async def post(self, stream: int, document: Document) -> bool:
        """See the port."""
        posted: bool = await self._groups.add(Posting(stream, orjson.dumps(document)))
        return posted

    async def due(self, owner: int, *, now: float, most: int) -> Sequence[Loaded]:
        """See the port."""

        async def work(connection: "Connection") -> Sequence[tuple[Loaded, Known]]:
            if not await connection.fetch(OWNERS, [owner]):
                raise FencedError(owner)
            found = await _lease(connection, owner, _DUE, now, most)
            for (lapsed,) in await connection.fetch(_LAPSED, now, owner):
                found += await _lease(connection, owner, _HELD, lapsed, most - len(found))
                await connection.execute(_DROP_OWNER, lapsed)  # unless something is left
            return await _load(connection, found)

        leased = await self._database.write(work)
        self._commits.leased(owner, {loaded.stream.id: known for loaded, known in leased})
        return [loaded for loaded, _ in leased]

    async def posted(
        self, owner: int, *, most: int, without: Collection[int] = ()
    ) -> Sequence[tuple[int, Message]]:
        """See the port."""
        rows = await self._fetch(_POSTED, owner, most, list(without))
        return [
            (stream, Message(number, orjson.loads(document))) for stream, number, document in rows
        ]

    async def load(self, stream: int) -> Loaded | None:
        """See the port."""

        async def work(connection: "Connection") -> Sequence[tuple[Loaded, Known]]:
            # All statements see the same instant.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await _load(connection, [stream])

        found = await self._database.run(work)
        return found[0][0] if found else None

    async def find(self, kind: str, name: str) -> Stream | None:
        """See the port."""
        rows = await self._fetch(_FIND, kind, name)
        return read_stream(rows[0]) if rows else None

    async def read(self, stream: int, first: int, last: int) -> Sequence[Document]:
        """See the port."""
        rows = await self._fetch(_READ, stream, max(first, 1), last)
        return between([(at, orjson.loads(events)) for at, events in rows], first, last)

    async def list(
        self, what: Filter, *, most: int, token: str = "", newest_first: bool = True
    ) -> Page:
        """See the port."""
        order, after = ("DESC", "<") if newest_first else ("ASC", ">")
        status, values = ("", []) if what.status is None else ("AND status = $7", [what.status])
        begins = place(token) if token else (inf, _LAST) if newest_first else (-inf, 0)
        rows = await self._fetch(
            f"{STREAM} WHERE kind = $1 {status} AND started BETWEEN $2 AND $3 "
            f"AND (started, id) {after} ($4, $5) ORDER BY started {order}, id {order} LIMIT $6",
            *(what.kind, what.since, what.until, *begins, most + 1, *values),
        )
        streams = [read_stream(row) for row in rows[:most]]
        more = len(rows) > most
        return Page(streams, page_token(streams[-1].started, streams[-1].id) if more else "")

    async def forget(self, kind: str, before: float, *, most: int) -> int:
        """See the port."""

        async def work(connection: "Connection") -> int:
            found = [row["id"] for row in await connection.fetch(_ENDED, kind, before, most)]
            for statement in _FORGET:
                await connection.execute(statement, found)
            return len(found)

        return await self._database.write(work)

    async def trim(self, stream: int, before: int) -> None:
        """See the port."""

        async def work(connection: "Connection") -> None:
            row = await connection.fetchrow(_LOAD, [stream])
            if row is not None:
                snapshots = await connection.fetch(_SNAPSHOTS, [stream])
                seq = snapshots[0]["seq"] if snapshots else 0
                kept = first_kept(Known.read(row[5:]).head, seq, before)
                await connection.execute(_TRIM, stream, kept)

        await self._database.write(work)

    async def counts(self, status: str, *, now: float) -> Counts:
        """See the port."""
        streams = await self._fetch(_COUNT, status)
        ((late,),) = await self._fetch(_LATE, now)
        return Counts(dict(streams), late)

    async def _fetch(self, statement: str, *values: Any) -> Sequence[Any]:
        return await self._database.run(lambda connection: connection.fetch(statement, *values))


async def _lease(connection: "Connection", owner: int, statement: str, *values: float) -> list[int]:
    """Lease the streams that a statement finds."""
    found = [id_ for (id_,) in await connection.fetch(statement, *values)]
    if found:
        await connection.execute(_LEASE, owner, found)
    return found


async def _load(connection: "Connection", ids: Sequence[int]) -> Sequence[tuple[Loaded, Known]]:
    """Load streams, in the order of their ids as given; what is not there is left out."""
    if not ids:
        return []
    rows = {row["id"]: row for row in await connection.fetch(_LOAD, ids)}
    heads = {id_: Known.read(row[5:]) for id_, row in rows.items()}
    snapshots = {
        stream: (seq, orjson.loads(snapshot))
        for stream, seq, snapshot in await connection.fetch(_SNAPSHOTS, ids)
    }
    events: defaultdict[int, list[Document]] = defaultdict(list)
    after = [snapshots[id_][0] if id_ in snapshots else 0 for id_ in ids]
    for stream, written in await connection.fetch(_TAILS, ids, after):
        events[stream] += orjson.loads(written)
    commands: defaultdict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    issued = [
        (id_, first) for id_, known in heads.items() for first in set(known.head.outbox.values())
    ]
    if issued:
        for stream, first, written in await connection.fetch(_COMMANDS, *zip(*issued, strict=True)):
            commands[stream] |= lasting(orjson.loads(written), first, heads[stream].head)
    messages: defaultdict[int, list[Message]] = defaultdict(list)
    for stream, number, document in await connection.fetch(_MESSAGES, ids):
        messages[stream].append(Message(number, orjson.loads(document)))

    def loaded(id_: int) -> Loaded:
        return Loaded(
            read_stream(rows[id_][:8]),
            snapshots[id_][1] if id_ in snapshots else None,
            events[id_],
            heads[id_].head.timers,
            commands[id_],
            messages[id_],
        )

    return [(loaded(id_), heads[id_]) for id_ in ids if id_ in rows]
