"""Owns an inbox in PostgreSQL: what it takes, reads, replays and forgets. `inbox_commit` claims and finishes."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final

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
from frontdesk.stores.heads import Written, place
from frontdesk.stores.inboxes import age, conditions, delivered, page
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.groups import Groups
from frontdesk.stores.postgres.inbox_commit import (
    ORDERING,
    TAKE,
    Claiming,
    Finishing,
    Operation,
    commit,
    for_all,
)

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_LAST: Final = 2**63 - 1  # of all numbers

_UNORDERED: Final = """
    SELECT due, number FROM frontdesk_inbox WHERE source = $1 AND due <= $2 AND ordering = ''
    ORDER BY due, number LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_ORDERED: Final = """
    SELECT due, number, ordering FROM frontdesk_inbox
    WHERE source = $1 AND due <= $2 AND (due, number) > ($3::FLOAT8, $4::BIGINT)
        AND ordering NOT IN (SELECT unnest($5::TEXT[]))
    ORDER BY due, number LIMIT $6
"""

# One waits for those of its ordering that are before it, and for the one in processing.
_FIRST: Final = """
    SELECT one.due, one.number, one.ordering, replays = 0 AND version > '-Infinity' AND EXISTS (
        SELECT FROM frontdesk_inbox AS done WHERE done.source = one.source
            AND done.ordering = one.ordering AND done.ordering <> ''
            AND done.state = 'processed' AND done.version > one.version
    ) AS superseded
    FROM unnest($2::TEXT[]) AS asked (ordering)
    CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT number FROM frontdesk_inbox AS other
            WHERE source = $1 AND other.ordering = asked.ordering AND other.ordering <> ''
                AND state = 'processing' LIMIT 1),
        (SELECT number FROM frontdesk_inbox AS other
            WHERE source = $1 AND other.ordering = asked.ordering AND other.ordering <> ''
                AND due IS NOT NULL AND (state IN ('received', 'failed') AND due < 'Infinity'
                    OR state = 'dead' AND $4 = 'block')
            ORDER BY version, number LIMIT 1)
    ) AS number) AS first
    JOIN frontdesk_inbox AS one ON one.number = first.number
    WHERE one.due <= $3
"""
_FIRST_HELD: Final = f"{_FIRST} FOR UPDATE OF one SKIP LOCKED"
_ALONE: Final = f"""
    SELECT ordering FROM unnest($2::TEXT[]) AS asked (ordering)
    WHERE pg_try_advisory_xact_lock({ORDERING.format("ordering")})
"""  # noqa: S608 - the number of a lock
_SUPERSEDE: Final = """
    UPDATE frontdesk_inbox SET state = 'ignored', due = NULL, error = $2
    WHERE number = ANY($1::BIGINT[])
"""

_RENEW: Final = """
    UPDATE frontdesk_inbox AS one SET due = $4
    FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) AS held (source, id, epoch)
    WHERE one.id = held.id AND one.source = held.source AND one.epoch = held.epoch
        AND one.state = 'processing'
    RETURNING one.source, one.id, one.epoch
"""
_ENTRY: Final = """
    SELECT source, id, type, state, received, attempts, due, processed, error, key, ordering,
        duplicates, replays, size, number
    FROM frontdesk_inbox
"""
_BROUGHT: Final = "SELECT headers, body, result FROM frontdesk_inbox WHERE number = $1"
_REPLAY: Final = """
    WITH at_rest AS (
        SELECT number FROM frontdesk_inbox
        WHERE {} AND state NOT IN ('received', 'processing') AND body IS NOT NULL
        ORDER BY number LIMIT {} FOR UPDATE SKIP LOCKED
    ), counted AS (
        SELECT number, row_number() OVER (ORDER BY number) - 1 AS at FROM at_rest
    ), done AS (
        UPDATE frontdesk_inbox AS one SET state = 'received', due = {} + at * {}::FLOAT8,
            attempts = 0, crashes = 0, error = '', replays = replays + 1
        FROM counted WHERE one.number = counted.number RETURNING 1
    )
    SELECT count(*) FROM done
"""
_FORGET: Final = """
    WITH old AS (
        SELECT number FROM frontdesk_inbox
        WHERE source = $1 AND received < $2 AND (due IS NULL OR due = 'Infinity' OR $5)
        ORDER BY received LIMIT $4 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM frontdesk_inbox WHERE number IN (SELECT number FROM old) RETURNING 1
    ), with_body AS (
        SELECT number FROM frontdesk_inbox
        WHERE source = $1 AND received < $3 AND received >= $2 AND body IS NOT NULL AND due IS NULL
        ORDER BY received LIMIT $4 FOR UPDATE SKIP LOCKED
    ), without AS (
        UPDATE frontdesk_inbox SET body = NULL WHERE number IN (SELECT number FROM with_body)
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM without)
"""
# One step of the index for each source, however many deliveries it has.
_SOURCES: Final = """
    WITH RECURSIVE each (source) AS (
        SELECT min(source) FROM frontdesk_inbox
        UNION ALL
        SELECT (SELECT min(source) FROM frontdesk_inbox WHERE source > each.source)
        FROM each WHERE each.source IS NOT NULL
    )
    SELECT source FROM each WHERE source IS NOT NULL
"""
_COUNT: Final = """
    SELECT source, state, count(*), min(received) FROM frontdesk_inbox
    WHERE due IS NOT NULL GROUP BY source, state
"""


class PostgresInbox:
    """See `ports.inbox.InboxStore`; shares the database with its queues and its journal, and with other gateways."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._groups: Groups[Operation] = Groups(self._commit)

    async def claim(self, claim: Claim, *, now: float, until: float) -> Claimed:
        """See the port."""
        claimed: Claimed = await self._groups.add(
            Claiming(claim, now, until, _written(claim.along))
        )
        return claimed

    async def take(self, leases: Mapping[str, Lease], *, most: int, now: float) -> Sequence[Turn]:
        """See the port."""

        async def work(connection: "Connection") -> Sequence[Turn]:
            ready = sorted(
                [
                    (due, number, lease.until)
                    for source, lease in leases.items()
                    for due, number in await _ready(connection, source, most, now, lease.on_dead)
                ]
            )
            taken = [(number, until) for _, number, until in ready[:most]]
            turns = {number: _turn(row) for *row, number in await for_all(connection, TAKE, taken)}
            return [turns[number] for number, _ in taken]

        return await self._database.write(work)

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """See the port."""
        if not held:
            return []
        columns = zip(*sorted(held), strict=True)
        rows = await self._database.run(lambda each: each.fetch(_RENEW, *columns, until))
        kept = {Held(*row) for row in rows}
        return [each in kept for each in held]

    async def finish(self, held: Held, finish: Finish, *, now: float) -> Finished:
        """See the port."""
        finished: Finished = await self._groups.add(
            Finishing(held, finish, now, _written(finish.along))
        )
        return finished

    async def find(self, source: str, delivery: str) -> Document | None:
        """See the port."""
        asked = _ENTRY + "WHERE id = $1 AND source = $2"

        async def work(connection: "Connection") -> Document | None:
            found = await connection.fetchrow(asked, delivery, source)
            brought = found and await connection.fetchrow(_BROUGHT, found["number"])
            return Document(delivered(found), *brought) if found and brought else None

        return await self._database.run(work)

    async def list(self, what: Search, *, most: int, token: str = "") -> Page:
        """See the port."""
        where, values = conditions(what, "$")
        by, at = age(what), len(values)
        begins = place(token) if token else (inf, _LAST)
        statement = f"""{_ENTRY} WHERE {where} AND ({by}, number) < (${at + 1}::FLOAT8, ${at + 2})
            ORDER BY {by} DESC, number DESC LIMIT ${at + 3}"""
        rows = await self._database.run(
            lambda each: each.fetch(statement, *values, *begins, most + 1)
        )
        return page(rows, by, most)

    async def replay(self, what: Search, *, most: int, now: float, apart: float) -> int:
        """See the port."""
        where, values = conditions(what, "$")
        marks = (f"${len(values) + each}" for each in (1, 2, 3))
        return await self._number(_REPLAY.format(where, *marks), *values, most, now, apart)

    async def forget(
        self, source: str, *, before: float, bodies_before: float, most: int, waiting: bool = False
    ) -> int:
        """See the port."""
        return await self._number(_FORGET, source, before, bodies_before, most, waiting)

    async def sources(self) -> Sequence[str]:
        """See the port."""
        rows = await self._database.run(lambda each: each.fetch(_SOURCES))
        return [source for (source,) in rows]

    async def counts(self) -> Sequence[Counts]:
        """See the port."""
        rows = await self._database.run(lambda each: each.fetch(_COUNT))
        return [Counts(*row) for row in rows]

    async def _number(self, statement: str, *values: Any) -> int:
        return int(await self._database.run(lambda each: each.fetchval(statement, *values)))

    async def _commit(self, operations: Sequence[Operation]) -> Sequence[Any]:
        return await self._database.write(lambda connection: commit(connection, operations))


def _written(along: Along) -> Written | None:
    return None if along.start is None else Written.of(along.start)


async def _ready(
    connection: "Connection", source: str, most: int, now: float, on_dead: OnDead
) -> list[tuple[float, int]]:
    """Find what may be taken of a source, and when it was due; be done with what is superseded."""
    unordered = [
        (due, number) for due, number in await connection.fetch(_UNORDERED, source, now, most)
    ]
    busy = {""}
    while True:
        firsts = await _firsts(connection, source, most, now=now, on_dead=on_dead, busy=busy)
        able = [each for (each,) in await connection.fetch(_ALONE, source, firsts)]
        # Nobody else changes their orderings now: what was committed since is seen.
        found = await connection.fetch(_FIRST_HELD, source, able, now, on_dead)
        old = [number for _, number, _, superseded in found if superseded]
        if old:
            await connection.execute(_SUPERSEDE, old, SUPERSEDED)
            continue
        lost = {*firsts} - {ordering for _, _, ordering, _ in found}
        if not lost:
            return sorted([*unordered, *((due, number) for due, number, *_ in found)])[:most]
        busy |= lost


async def _firsts(
    connection: "Connection", source: str, most: int, *, now: float, on_dead: OnDead, busy: set[str]
) -> list[str]:
    """Find the orderings whose first is due, without those that others are busy with.

    Each ordering is looked at once: thousands of deliveries may wait for the first of one.
    """
    found: list[tuple[float, int, str]] = []
    seen = {*busy}
    passed, slice_ = (-inf, 0), most
    while True:
        values = (source, now, *passed, list(seen), slice_)
        rows = await connection.fetch(_ORDERED, *values)
        fresh = {ordering for *_, ordering in rows}
        seen |= fresh
        for *first, _ in await connection.fetch(_FIRST, source, list(fresh), now, on_dead):
            found.append(tuple(first))
        found.sort()
        if rows:
            passed = (rows[-1][0], rows[-1][1])
        # The first of an ordering may have come after others of it: it is due later than what was passed.
        if len(rows) < slice_ or (len(found) >= most and found[most - 1][:2] <= passed):
            return [ordering for *_, ordering in found[:most]]
        slice_ *= 2


def _turn(row: Sequence[Any]) -> Turn:
    source, id_, epoch, *rest = row
    return Turn(Held(source, id_, epoch), *rest)
