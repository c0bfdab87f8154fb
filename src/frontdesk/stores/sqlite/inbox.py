"""Owns an inbox in the SQLite file: its statements. Each operation is one job of the file's thread."""

import sqlite3
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final

import orjson

from frontdesk.ports.inbox import (
    SUPERSEDED,
    Along,
    Claim,
    Claimed,
    Counts,
    Document,
    Finish,
    Finished,
    Held,
    Lease,
    OnDead,
    Page,
    Search,
    Turn,
)
from frontdesk.ports.journal import Started
from frontdesk.stores.heads import place
from frontdesk.stores.inboxes import (
    OPEN,
    age,
    conditions,
    delivered,
    ended,
    is_placed,
    page,
    row,
)
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.journal import Starting
from frontdesk.stores.sqlite.queue import send

_LAST: Final = 2**63 - 1  # of all numbers

_CLAIM: Final = """
    INSERT INTO inbox (source, id, type, state, received, due, epoch, attempts, error, processed,
        key, ordering, version, nonce, digest, headers, body, size)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_KNOWN: Final = """
    SELECT number, digest, state, result, epoch, attempts FROM inbox WHERE id = ? AND source = ?
"""
_REPEATED: Final = "UPDATE inbox SET duplicates = duplicates + 1 WHERE number = ?"
_TAKE: Final = """
    UPDATE inbox SET state = 'processing', due = ?, epoch = epoch + 1, attempts = attempts + 1,
        crashes = crashes + (state = 'processing')
    WHERE number = ?
    RETURNING source, id, epoch, type, headers, body, received, attempts, crashes, ordering, replays
"""

# One waits for those of its ordering that are before it, and for the one in processing. Of many that wait,
# almost all are told so by the first that there is; only one looks through them.
_WAITS: Final = """
    source = :source AND ordering = :ordering AND ordering <> '' AND due IS NOT NULL
    AND (state IN ('received', 'failed') AND due < 9e999 OR state = 'dead' AND :on_dead = 'block')
"""
_IN_PROCESSING: Final = """
    source = :source AND ordering = :ordering AND ordering <> '' AND state = 'processing'
"""
_BLOCKED: Final = f"""
    SELECT EXISTS (
        SELECT 1 FROM inbox WHERE {_WAITS} AND (version, number) < (:version, :number)
    ) OR EXISTS (
        SELECT 1 FROM inbox WHERE {_IN_PROCESSING} AND number <> :number
    )
"""  # noqa: S608 - conditions
_SUPERSEDED: Final = """
    SELECT :version > -9e999 AND EXISTS (
        SELECT 1 FROM inbox WHERE source = :source AND ordering = :ordering AND ordering <> ''
            AND state = 'processed' AND version > :version
    )
"""
_DUE: Final = """
    SELECT due, number, ordering FROM inbox INDEXED BY inbox_open
    WHERE source = :source AND due IS NOT NULL AND due <= :now AND (due, number) > (:due, :number)
        AND ordering NOT IN (SELECT value FROM json_each(:seen))
    ORDER BY due, number LIMIT :most
"""
_FIRST: Final = f"""
    SELECT due, number, replays = 0 AND version > -9e999 AND EXISTS (
        SELECT 1 FROM inbox AS done WHERE done.source = :source AND done.ordering = :ordering
            AND done.ordering <> '' AND done.state = 'processed' AND done.version > one.version
    )
    FROM inbox AS one WHERE number = coalesce(
        (SELECT number FROM inbox WHERE {_IN_PROCESSING} LIMIT 1),
        (SELECT number FROM inbox WHERE {_WAITS} ORDER BY version, number LIMIT 1)
    )
"""  # noqa: S608 - conditions
_SUPERSEDE: Final = "UPDATE inbox SET state = 'ignored', due = NULL, error = ? WHERE number = ?"

_RENEW: Final = """
    UPDATE inbox SET due = ? WHERE id = ? AND source = ? AND epoch = ? AND state = 'processing'
"""
_FINISH: Final = """
    UPDATE inbox SET state = ?, due = ?, error = ?, result = ?, attempts = attempts - ?, crashes = 0,
        processed = coalesce(?, processed)
    WHERE id = ? AND source = ? AND epoch = ? AND state = 'processing'
"""

_ENTRY: Final = """
    SELECT source, id, type, state, received, attempts, due, processed, error, key, ordering,
        duplicates, replays, size, number
    FROM inbox
"""
_BROUGHT: Final = "SELECT headers, body, result FROM inbox WHERE number = ?"
_NUMBER: Final = "SELECT number FROM inbox"
_REPLAY: Final = """
    UPDATE inbox SET state = 'received', due = ?, attempts = 0, crashes = 0, error = '',
        replays = replays + 1
    WHERE number = ?
"""
_FORGET: Final = """
    DELETE FROM inbox WHERE number IN (
        SELECT number FROM inbox
        WHERE source = ? AND received < ? AND (due IS NULL OR due = 9e999 OR ?)
        ORDER BY received LIMIT ?
    )
"""
_FORGET_BODIES: Final = """
    UPDATE inbox SET body = NULL WHERE number IN (
        SELECT number FROM inbox INDEXED BY inbox_with_body
        WHERE source = ? AND received >= ? AND received < ? AND body IS NOT NULL AND due IS NULL
        ORDER BY received LIMIT ?
    )
"""
# One step of the index for each source, however many deliveries it has.
_SOURCES: Final = """
    WITH RECURSIVE each (source) AS (
        SELECT min(source) FROM inbox
        UNION ALL
        SELECT (SELECT min(source) FROM inbox WHERE source > each.source)
        FROM each WHERE each.source IS NOT NULL
    )
    SELECT source FROM each WHERE source IS NOT NULL
"""
_COUNT: Final = """
    SELECT source, state, count(*), min(received) FROM inbox INDEXED BY inbox_open
    WHERE due IS NOT NULL GROUP BY source, state
"""


class SqliteInbox:
    """See `ports.inbox.InboxStore`; shares the file with its queues and its journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, claim: Claim, *, now: float, until: float) -> Claimed:
        """See the port."""
        starting = _starting(claim.along)
        return await self._database.write(
            lambda connection: _claim(connection, claim, now, until, starting)
        )

    async def take(self, leases: Mapping[str, Lease], *, most: int, now: float) -> Sequence[Turn]:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Sequence[Turn]:
            ready = sorted(
                (due, number, source)
                for source, lease in leases.items()
                for due, number in _ready(connection, source, most, now, lease.on_dead)
            )
            return [
                _turn(connection.execute(_TAKE, (leases[source].until, number)).fetchone())
                for _, number, source in ready[:most]
            ]

        return await self._database.write(work)

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """See the port."""
        values = [(until, id_, source, epoch) for source, id_, epoch in held]
        return await self._database.write(
            lambda connection: [connection.execute(_RENEW, each).rowcount > 0 for each in values]
        )

    async def finish(self, held: Held, finish: Finish, *, now: float) -> Finished:
        """See the port."""
        starting = _starting(finish.along)

        def work(connection: sqlite3.Connection) -> Finished:
            if starting is not None:
                starting.expect_owner(connection)
            if not connection.execute(_FINISH, ended(held, finish, now)).rowcount:
                return Finished(kept=False)
            return Finished(kept=True, started=_along(connection, finish.along, starting, now))

        return await self._database.write(work)

    async def find(self, source: str, delivery: str) -> Document | None:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Document | None:
            asked = _ENTRY + "WHERE id = ? AND source = ?"
            found = connection.execute(asked, (delivery, source)).fetchone()
            if found is None:
                return None
            brought = connection.execute(_BROUGHT, found[-1:]).fetchone()
            return Document(delivered(found), *brought)

        return await self._database.read(work)

    async def list(self, what: Search, *, most: int, token: str = "") -> Page:
        """See the port."""
        where, values = conditions(what, "?")
        by = age(what)
        begins = place(token) if token else (inf, _LAST)
        statement = f"""{_ENTRY} {_index(what)} WHERE {where} AND ({by}, number) < (?, ?)
            ORDER BY {by} DESC, number DESC LIMIT ?"""
        rows = await self._database.read(
            lambda connection: connection.execute(
                statement, (*values, *begins, most + 1)
            ).fetchall()
        )
        return page(rows, by, most)

    async def replay(self, what: Search, *, most: int, now: float, apart: float) -> int:
        """See the port."""
        where, values = conditions(what, "?")
        statement = f"""{_NUMBER} {_index(what)} WHERE {where}
            AND state NOT IN ('received', 'processing') AND body IS NOT NULL
            ORDER BY number LIMIT ?"""

        def work(connection: sqlite3.Connection) -> int:
            found = connection.execute(statement, (*values, most)).fetchall()
            connection.executemany(
                _REPLAY, [(now + at * apart, number) for at, (number,) in enumerate(found)]
            )
            return len(found)

        return await self._database.write(work)

    async def forget(
        self, source: str, *, before: float, bodies_before: float, most: int, waiting: bool = False
    ) -> int:
        """See the port."""

        def work(connection: sqlite3.Connection) -> int:
            gone = connection.execute(_FORGET, (source, before, waiting, most)).rowcount
            values = (source, before, bodies_before, most)
            return gone + connection.execute(_FORGET_BODIES, values).rowcount

        return await self._database.write(work)

    async def sources(self) -> Sequence[str]:
        """See the port."""
        return await self._database.read(
            lambda connection: [source for (source,) in connection.execute(_SOURCES)]
        )

    async def counts(self) -> Sequence[Counts]:
        """See the port."""
        return await self._database.read(
            lambda connection: [Counts(*found) for found in connection.execute(_COUNT)]
        )


def _claim(
    connection: sqlite3.Connection,
    claim: Claim,
    now: float,
    until: float,
    starting: Starting | None,
) -> Claimed:
    if starting is not None:
        starting.expect_owner(connection)
    blocked = is_placed(claim) and _is(connection, _BLOCKED, claim, _LAST)
    superseded = is_placed(claim) and _is(connection, _SUPERSEDED, claim, _LAST)
    fresh = row(claim, now=now, until=until, blocked=blocked, superseded=superseded)
    if not connection.execute(_CLAIM, fresh).rowcount:
        return _repeated(connection, claim, until)
    started = None
    if fresh.state == "processed":
        started = _along(connection, claim.along, starting, now)
    return Claimed("fresh", fresh.state, b"", fresh.held, fresh.attempts, started)


def _repeated(connection: sqlite3.Connection, claim: Claim, until: float) -> Claimed:
    found = connection.execute(_KNOWN, (claim.id, claim.source)).fetchone()
    if found is None:
        return Claimed("replayed", "ignored")
    number, digest, state, result, epoch, attempts = found
    connection.execute(_REPEATED, (number,))
    if digest != claim.digest:
        return Claimed("collision", state)
    if not claim.retake or state != "failed" or _is(connection, _BLOCKED, claim, number):
        return Claimed("duplicate", state, result, None, attempts)
    connection.execute(_TAKE, (until, number)).fetchone()
    held = Held(claim.source, claim.id, epoch + 1)
    return Claimed("again", "processing", b"", held, attempts + 1)


def _is(connection: sqlite3.Connection, question: str, claim: Claim, number: int) -> bool:
    """Ask something of a delivery of an ordering. number: its own."""
    values = {**claim._asdict(), "number": number}
    (answer,) = connection.execute(question, values).fetchone()
    return bool(answer)


def _along(
    connection: sqlite3.Connection, along: Along, starting: Starting | None, now: float
) -> Started | None:
    for queue, message in along.sends:
        send(connection, queue, message, now)
    return None if starting is None else starting.commit(connection)


def _starting(along: Along) -> Starting | None:
    return None if along.start is None else Starting(along.start)


def _ready(
    connection: sqlite3.Connection, source: str, most: int, now: float, on_dead: OnDead
) -> Sequence[tuple[float, int]]:
    """Find what may be taken of a source, and be done with what is superseded.

    Each ordering is looked at once: thousands of deliveries may wait for the first of one.
    """
    found: list[tuple[float, int]] = []
    seen: set[str] = set()
    passed, slice_ = (-inf, 0), most
    while True:
        values = {"source": source, "now": now, "due": passed[0], "number": passed[1]}
        values |= {"seen": orjson.dumps(list(seen)), "most": slice_}
        rows = connection.execute(_DUE, values).fetchall()
        for due, number, ordering in rows:
            passed = due, number
            if not ordering:
                found.append(passed)
            elif ordering not in seen:
                seen.add(ordering)
                found += _first(connection, source, ordering, now, on_dead)
        found.sort()
        # The first of an ordering may have come after others of it: it is due later than what was passed.
        if len(rows) < slice_ or (len(found) >= most and found[most - 1] <= passed):
            return found[:most]
        slice_ *= 2


def _first(
    connection: sqlite3.Connection, source: str, ordering: str, now: float, on_dead: OnDead
) -> Sequence[tuple[float, int]]:
    """Find the first of an ordering, if it is due, and be done with those before it that are superseded."""
    values = {"source": source, "ordering": ordering, "on_dead": on_dead}
    while found := connection.execute(_FIRST, values).fetchone():
        due, number, superseded = found
        if due > now:
            break
        if not superseded:
            return [(due, number)]
        connection.execute(_SUPERSEDE, (SUPERSEDED, number))
    return []


def _turn(found: Sequence[Any]) -> Turn:
    source, id_, epoch, *rest = found
    return Turn(Held(source, id_, epoch), *rest)


def _index(what: Search) -> str:
    """Choose an index where SQLite, which does not count rows, would choose another one."""
    return "INDEXED BY inbox_open" if what.state in OPEN else ""
