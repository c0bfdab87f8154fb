"""Owns how a Journal in PostgreSQL commits a group of operations: in one call, for what costs here is the round trip.

The heads of streams that this process holds are known without asking. What is decided by them is committed
only while the rows have them still; all else is decided under locks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final, TypeAlias

from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.ports.journal import NOBODY, FencedError, Started, Stream
from frontdesk.stores.heads import read_stream
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.journal_changes import (
    Change,
    Changes,
    Columns,
    Known,
    Starting,
    in_columns,
)

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

# Held against whoever drops owners, not against renewals.
OWNERS: Final = "SELECT id FROM frontdesk_journal_owners WHERE id = ANY($1::BIGINT[]) FOR KEY SHARE"
STREAM: Final = """
    SELECT id, kind, name, digest, started, status, ended, seq FROM frontdesk_journal_streams
"""
_NAMED: Final = (
    STREAM + "JOIN unnest($1::TEXT[], $2::TEXT[]) AS want (kind, name) USING (kind, name)"
)
_LOCK: Final = """
    SELECT id, status, ended, seq, owner, due, head FROM frontdesk_journal_streams
    WHERE id = ANY($1::BIGINT[]) ORDER BY id FOR UPDATE
"""


def _call(function: str, first: int, last: int) -> str:
    return f"frontdesk_journal_{function}({', '.join(f'${n}' for n in range(first, last + 1))})"


_START: Final = f"SELECT {_call('start', 1, 13)}"
_CHANGE: Final = f"SELECT {_call('change', 1, 23)}"
_BOTH: Final = f"SELECT {_call('start', 1, 13)}, {_call('change', 14, 36)}"

Operation: TypeAlias = Starting | Change

_Results: TypeAlias = Sequence[Started | FrontdeskError]
"""Of starts, each its own."""


class Commits:
    """Commits groups of operations, one at a time. Used on one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._owner = NOBODY
        self._held: dict[int, Known] = {}

    def joined(self, owner: int) -> None:
        """Learn that this process is another owner now, who holds nothing yet."""
        self._owner = owner
        self._held.clear()

    def leased(self, owner: int, streams: Mapping[int, Known]) -> None:
        """Learn what an owner has leased."""
        if owner == self._owner:
            self._held |= streams

    async def commit(self, operations: Sequence[Operation]) -> Sequence[object]:
        """Commit all; return for each its result, or the error to raise. Raises: StoreError, and nothing has begun."""
        starts = [each for each in operations if isinstance(each, Starting)]
        asked = [each for each in operations if not isinstance(each, Starting)]
        changes = Changes(asked, self._held)
        started, is_done = await self._database.run(
            lambda connection: _at_once(
                connection, starts, changes.columns if changes.certain else []
            )
        )
        self._learn(starts, started)
        done: Iterator[object] = iter(changes.results)
        if not (changes.certain and is_done):
            try:
                changes = await self._database.write(
                    lambda connection: _under_locks(connection, asked)
                )
                done = iter(changes.results)
            except StoreError as error:
                if not starts:
                    raise
                done = repeat(error)  # not of the starts: who did them again would find them done
        for stream in {each.stream for each in asked}:
            self._keep(stream, changes.after.get(stream))
        begun = iter(started)
        return [next(begun if isinstance(each, Starting) else done) for each in operations]

    def _learn(self, starts: Sequence[Starting], started: _Results) -> None:
        for each, result in zip(starts, started, strict=True):
            if isinstance(result, Started) and result.state == "started":
                self._keep(result.stream.id, each.begins)

    def _keep(self, stream: int, known: Known | None) -> None:
        if known is not None and known.head.owner == self._owner:
            self._held[stream] = known
        else:
            self._held.pop(stream, None)


async def start(connection: "Connection", starts: Sequence[Starting]) -> _Results:
    """Start streams in the transaction that is open; return of each its result, or the error to raise."""
    started, _ = await _at_once(connection, starts, [])
    return started


async def _at_once(
    connection: "Connection", starts: Sequence[Starting], change: Columns
) -> tuple[_Results, bool]:
    """Start and change streams; tell what came of each start, and whether all others were as they were known."""
    # In one order, so that nobody waits in a ring. Of several starts of one name the first is done.
    named = {(each.start.kind, each.start.name): each for each in reversed(starts)}
    first = [named[name] for name in sorted(named)]
    start = in_columns([each.row for each in first], 13) if first else []
    ids: Sequence[int | None] = []
    is_done = True
    if start and change:
        ids, is_done = await connection.fetchrow(_BOTH, *start, *change)
    elif start:
        ids = await connection.fetchval(_START, *start)
    elif change:
        is_done = await connection.fetchval(_CHANGE, *change)
    fresh = {id(each): id_ for each, id_ in zip(first, ids, strict=True) if id_ is not None}
    refused = [each for each in starts if id(each) not in fresh]
    others = iter(await _refusals(connection, refused))
    return [
        _started(each, fresh[id(each)]) if id(each) in fresh else next(others) for each in starts
    ], is_done


def _started(starting: Starting, id_: int) -> Started:
    start, head = starting.start, starting.begins.head
    stream = Stream(id_, start.kind, start.name, start.digest, start.time, head.status, head.seq)
    return Started("started", stream)


async def _refusals(connection: "Connection", starts: Sequence[Starting]) -> _Results:
    """Find out why starts were not done."""
    if not starts:
        return []
    owners = {
        NOBODY,
        *(id_ for (id_,) in await connection.fetch(OWNERS, [each.start.owner for each in starts])),
    }
    names = [(each.start.kind, each.start.name) for each in starts]
    found = map(read_stream, await connection.fetch(_NAMED, *in_columns(names, 2)))
    known = {(stream.kind, stream.name): stream for stream in found}
    return [_refusal(each, owners, known) for each in starts]


def _refusal(
    starting: Starting, owners: Collection[int], known: Mapping[tuple[str, str], Stream]
) -> Started | FrontdeskError:
    start = starting.start
    stream = known.get((start.kind, start.name))
    if start.owner not in owners:
        return FencedError(start.owner)
    if stream is None:
        return StoreError("a stream of this name was forgotten meanwhile: try again")
    return Started("same" if stream.digest == start.digest else "other", stream)


async def _under_locks(connection: "Connection", asked: Sequence[Change]) -> Changes:
    """Change streams in the transaction that is open, by heads that nobody else can change meanwhile."""
    found = await connection.fetch(_LOCK, list({each.stream for each in asked}))
    changes = Changes(asked, {row[0]: Known.read(row[1:]) for row in found})
    await _at_once(connection, [], changes.columns)
    return changes
