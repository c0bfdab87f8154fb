"""Owns how an inbox in PostgreSQL commits a group of operations: one transaction of a few statements.

Each statement is for all of the group, for what costs here is the round trip. What is sent and started along
is written by the queues and the journal, in the same transaction.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from frontdesk.ports.inbox import Along, Claim, Claimed, Finish, Finished, Held
from frontdesk.ports.journal import NOBODY, FencedError, Started
from frontdesk.stores.heads import Written
from frontdesk.stores.inboxes import Row, ended, is_placed, row
from frontdesk.stores.postgres import journal_commit, queue_commit
from frontdesk.stores.postgres.journal_changes import Starting
from frontdesk.stores.postgres.journal_commit import OWNERS
from frontdesk.stores.postgres.queue_commit import Sending

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_CLAIM: Final = """
    INSERT INTO frontdesk_inbox (source, id, type, state, received, due, epoch, attempts, error,
        processed, key, ordering, version, nonce, digest, headers, body, size)
    SELECT * FROM unnest(
        $1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::FLOAT8[], $6::FLOAT8[], $7::BIGINT[],
        $8::BIGINT[], $9::TEXT[], $10::FLOAT8[], $11::TEXT[], $12::TEXT[], $13::FLOAT8[],
        $14::TEXT[], $15::BYTEA[], $16::BYTEA[], $17::BYTEA[], $18::BIGINT[]
    ) ON CONFLICT DO NOTHING RETURNING source, id
"""
_KNOWN: Final = """
    SELECT source, id, number, digest, state, result, epoch, attempts FROM frontdesk_inbox
    JOIN unnest($1::TEXT[], $2::TEXT[]) AS want (source, id) USING (source, id)
    ORDER BY number FOR UPDATE OF frontdesk_inbox
"""
_REPEATED: Final = """
    UPDATE frontdesk_inbox AS one SET duplicates = duplicates + times
    FROM unnest($1::BIGINT[], $2::BIGINT[]) AS again (number, times)
    WHERE one.number = again.number
"""
TAKE: Final = """
    UPDATE frontdesk_inbox AS one SET state = 'processing', due = until, epoch = epoch + 1,
        attempts = attempts + 1, crashes = crashes + (state = 'processing')::INT
    FROM unnest($1::BIGINT[], $2::FLOAT8[]) AS taken (number, until)
    WHERE one.number = taken.number
    RETURNING source, id, epoch, type, headers, body, received, attempts, crashes, ordering,
        replays, one.number
"""
"""Takes the lease of deliveries that are locked."""

ORDERING: Final = "hashtextextended($1 || chr(1) || {}, 7305791)"
"""The number of the lock of source $1 and an ordering that whoever changes an ordering holds; 7305791: of inboxes, as good as any."""

_ALONE: Final = f"SELECT pg_advisory_xact_lock({ORDERING.format('$2')})"
_BLOCKED: Final = """
    SELECT EXISTS (
        SELECT FROM frontdesk_inbox WHERE source = $1 AND ordering = $2 AND ordering <> ''
            AND due IS NOT NULL AND (version, number) < ($3, $4)
            AND (state IN ('received', 'failed') AND due < 'Infinity'
                OR state = 'dead' AND $5 = 'block')
    ) OR EXISTS (
        SELECT FROM frontdesk_inbox WHERE source = $1 AND ordering = $2 AND ordering <> ''
            AND state = 'processing' AND number <> $4
    )
"""
_SUPERSEDED: Final = """
    SELECT $3::FLOAT8 > '-Infinity' AND EXISTS (
        SELECT FROM frontdesk_inbox WHERE source = $1 AND ordering = $2 AND ordering <> ''
            AND state = 'processed' AND version > $3
    )
"""
_LAST: Final = 2**63 - 1  # of all numbers

_FINISH: Final = """
    UPDATE frontdesk_inbox AS one SET state = new.state, due = new.due, error = new.error,
        result = new.result, attempts = attempts - lost, crashes = 0,
        processed = coalesce(new.processed, one.processed)
    FROM unnest(
        $1::TEXT[], $2::FLOAT8[], $3::TEXT[], $4::BYTEA[], $5::BIGINT[], $6::FLOAT8[], $7::TEXT[],
        $8::TEXT[], $9::BIGINT[]
    ) AS new (state, due, error, result, lost, processed, id, source, epoch)
    WHERE one.id = new.id AND one.source = new.source AND one.epoch = new.epoch
        AND one.state = 'processing'
    RETURNING one.source, one.id, one.epoch
"""


class Claiming(NamedTuple):
    """A claim. until: of its lease. written: of what is started along."""

    claim: Claim
    now: float
    until: float
    written: Written | None


class Finishing(NamedTuple):
    """The end of a turn. written: of what is started along."""

    held: Held
    finish: Finish
    now: float
    written: Written | None


Operation: TypeAlias = Claiming | Finishing

_Id: TypeAlias = tuple[str, str]
"""Source and id of a delivery."""


def along(operation: Operation) -> Along:
    """Return what is to be committed with an operation."""
    return operation.claim.along if isinstance(operation, Claiming) else operation.finish.along


async def commit(connection: "Connection", operations: Sequence[Operation]) -> Sequence[Any]:
    """Do all in the transaction that is open; return for each its result, or the error to raise."""
    fenced = await _fenced(connection, operations)
    able = [each for each in operations if _owner(each) not in fenced]
    results: dict[int, Claimed | Finished] = {}
    results |= await _finish(connection, [each for each in able if isinstance(each, Finishing)])
    results |= await _claim(connection, [each for each in able if isinstance(each, Claiming)])
    done = [each for each in able if _is_done(results[id(each)])]
    await queue_commit.commit(connection, list(_sends(done)))
    starts = {
        id(each): Starting.of(start, each.written)
        for each in done
        if (start := along(each).start) is not None and each.written is not None
    }
    started = await journal_commit.start(connection, list(starts.values()))
    for key, result in zip(starts, started, strict=True):
        if not isinstance(result, Started):
            raise result  # the stream was forgotten meanwhile
        results[key] = results[key]._replace(started=result)
    return [results.get(id(each)) or FencedError(_owner(each)) for each in operations]


def _owner(operation: Operation) -> int:
    start = along(operation).start
    return NOBODY if start is None else start.owner


async def _fenced(connection: "Connection", operations: Sequence[Operation]) -> set[int]:
    """Find the owners that are none any more, and hold the others until the commit."""
    asked = {_owner(each) for each in operations} - {NOBODY}
    found = await connection.fetch(OWNERS, list(asked)) if asked else []
    return asked - {id_ for (id_,) in found}


def _is_done(result: Claimed | Finished) -> bool:
    """Tell whether what was to be done along is to be done."""
    if isinstance(result, Finished):
        return result.kept
    return (result.outcome, result.state) == ("fresh", "processed")


def _sends(operations: Sequence[Operation]) -> Iterator[Sending]:
    for each in operations:
        for queue, message in along(each).sends:
            yield Sending(queue, [message], each.now)


async def _finish(connection: "Connection", finishes: Sequence[Finishing]) -> dict[int, Finished]:
    rows = sorted((each.held.source, each.held.id, each) for each in finishes)
    found = await for_all(connection, _FINISH, [ended(*each[:3]) for *_, each in rows])
    kept = {Held(*each) for each in found}
    results: dict[int, Finished] = {}
    for each in finishes:
        results[id(each)] = Finished(kept=each.held in kept)
        kept.discard(each.held)  # a second end of a turn comes too late
    return results


async def _claim(connection: "Connection", claims: Sequence[Claiming]) -> dict[int, Claimed]:
    """Insert the deliveries that are not there yet; tell of the others what they are."""
    placed = [each for each in claims if is_placed(each.claim)]
    for source, ordering in sorted({(each.claim.source, each.claim.ordering) for each in placed}):
        await connection.execute(_ALONE, source, ordering)
    fresh: dict[_Id, tuple[Claiming, Row]] = {}
    # One after the other where an ordering decides, the rest at once.
    for each in placed:
        fresh |= await _insert(connection, [(each, await _row(connection, each))])
    rest = [each for each in claims if not is_placed(each.claim)]
    fresh |= await _insert(connection, [(each, _plain(each)) for each in rest])
    results: dict[int, Claimed] = {}
    for each, new in fresh.values():
        results[id(each)] = Claimed("fresh", new.state, b"", new.held, new.attempts)
    return results | await _repeated(
        connection, [each for each in claims if id(each) not in results]
    )


async def _insert(
    connection: "Connection", claims: Sequence[tuple[Claiming, Row]]
) -> dict[_Id, tuple[Claiming, Row]]:
    # In one order, so that nobody waits in a ring. Of several claims of one delivery the first is fresh.
    first = {(new.source, new.id): (each, new) for each, new in reversed(claims)}
    rows = [first[id_][1] for id_ in sorted(first)]
    found = await for_all(connection, _CLAIM, rows)
    return {(source, id_): first[source, id_] for source, id_ in found}


async def _row(connection: "Connection", claiming: Claiming) -> Row:
    claim, now, until, _ = claiming
    values = (claim.source, claim.ordering, claim.version)
    blocked = await connection.fetchval(_BLOCKED, *values, _LAST, claim.on_dead)
    superseded = await connection.fetchval(_SUPERSEDED, *values)
    return row(claim, now=now, until=until, blocked=blocked, superseded=superseded)


def _plain(claiming: Claiming) -> Row:
    return row(
        claiming.claim, now=claiming.now, until=claiming.until, blocked=False, superseded=False
    )


async def _repeated(connection: "Connection", claims: Sequence[Claiming]) -> dict[int, Claimed]:
    if not claims:
        return {}
    wanted = {(each.claim.source, each.claim.id) for each in claims}
    known = {
        (source, id_): found
        for source, id_, *found in await for_all(connection, _KNOWN, sorted(wanted))
    }
    results: dict[int, Claimed] = {}
    times: dict[int, int] = {}
    for each in claims:
        claim = each.claim
        found = known.get((claim.source, claim.id))
        if found is None:
            results[id(each)] = Claimed("replayed", "ignored")
            continue
        number, digest, state, result, epoch, attempts = found
        times[number] = times.get(number, 0) + 1
        if digest != claim.digest:
            results[id(each)] = Claimed("collision", state)
        elif (
            claim.retake and state == "failed" and not await _is_blocked(connection, claim, number)
        ):
            await connection.fetch(TAKE, [number], [each.until])
            held = Held(claim.source, claim.id, epoch + 1)
            results[id(each)] = Claimed("again", "processing", b"", held, attempts + 1)
            found[2:6] = ["processing", b"", epoch + 1, attempts + 1]
        else:
            results[id(each)] = Claimed("duplicate", state, result, None, attempts)
    await for_all(connection, _REPEATED, list(times.items()))
    return results


async def _is_blocked(connection: "Connection", claim: Claim, number: int) -> bool:
    await connection.execute(_ALONE, claim.source, claim.ordering)
    values = (claim.source, claim.ordering, claim.version, number, claim.on_dead)
    return bool(await connection.fetchval(_BLOCKED, *values))


async def for_all(
    connection: "Connection", statement: str, rows: Sequence[Sequence[Any]]
) -> Sequence[Any]:
    """Run a statement whose parameters are columns, once for all rows."""
    return await connection.fetch(statement, *zip(*rows, strict=True)) if rows else []
