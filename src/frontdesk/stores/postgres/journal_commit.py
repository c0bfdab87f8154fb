"""Owns how a Journal in PostgreSQL commits a group of operations: one transaction of a few statements.

Each statement is for all of the group, for what costs here is the round trip. Rows are locked in one order,
so that groups of several processes never wait for each other in a ring.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.ports.journal import (
    NOBODY,
    Append,
    FencedError,
    SequenceError,
    Start,
    Started,
    Stream,
)
from frontdesk.stores.heads import (
    Head,
    Written,
    advance,
    begin,
    columns,
    post,
    read_head,
    read_stream,
)

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

# Held against whoever drops owners, not against renewals.
OWNERS = "SELECT id FROM frontdesk_journal_owners WHERE id = ANY($1::BIGINT[]) FOR KEY SHARE"
STREAM = """
    SELECT id, kind, name, digest, started, status, ended, seq FROM frontdesk_journal_streams
"""
_START = """
    INSERT INTO frontdesk_journal_streams
        (kind, name, digest, started, status, ended, seq, owner, due, head)
    SELECT * FROM unnest(
        $1::TEXT[], $2::TEXT[], $3::BYTEA[], $4::FLOAT8[], $5::TEXT[], $6::FLOAT8[],
        $7::BIGINT[], $8::BIGINT[], $9::FLOAT8[], $10::BYTEA[]
    ) ON CONFLICT DO NOTHING RETURNING kind, name, id
"""
_KNOWN = STREAM + "JOIN unnest($1::TEXT[], $2::TEXT[]) AS want (kind, name) USING (kind, name)"
_LOCK = """
    SELECT id, status, ended, seq, owner, due, head FROM frontdesk_journal_streams
    WHERE id = ANY($1::BIGINT[]) ORDER BY id FOR UPDATE
"""
_CHANGE = """
    UPDATE frontdesk_journal_streams AS stream SET status = new.status, ended = new.ended,
        seq = new.seq, owner = new.owner, due = new.due, head = new.head
    FROM unnest(
        $1::BIGINT[], $2::TEXT[], $3::FLOAT8[], $4::BIGINT[], $5::BIGINT[], $6::FLOAT8[], $7::BYTEA[]
    ) AS new (id, status, ended, seq, owner, due, head)
    WHERE stream.id = new.id
"""
_EVENTS = """
    INSERT INTO frontdesk_journal_appends (stream, first, events, commands)
    SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[], $4::BYTEA[])
"""
_SNAPSHOT = """
    INSERT INTO frontdesk_journal_snapshots (stream, seq, snapshot)
    SELECT DISTINCT ON (stream) stream, seq, snapshot
    FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[]) AS new (stream, seq, snapshot)
    ORDER BY stream, seq DESC
    ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq, snapshot = excluded.snapshot
"""
_POST = """
    INSERT INTO frontdesk_journal_messages (stream, number, document)
    SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BYTEA[])
"""
_TAKEN = """
    DELETE FROM frontdesk_journal_messages AS message
    USING unnest($1::BIGINT[], $2::BIGINT[]) AS taken (stream, number)
    WHERE message.stream = taken.stream AND message.number <= taken.number
"""

_IN_ORDER: Final = (_CHANGE, _EVENTS, _SNAPSHOT, _POST, _TAKEN)


class Starting(NamedTuple):
    """A start."""

    start: Start
    written: Written


class Appending(NamedTuple):
    """An append."""

    append: Append
    written: Written


class Posting(NamedTuple):
    """A message to a stream. document: JSON."""

    stream: int
    document: bytes


Operation: TypeAlias = Starting | Appending | Posting

_Name: TypeAlias = tuple[str, str]
"""Kind and name of a stream."""

_Rows: TypeAlias = defaultdict[str, list[tuple[Any, ...]]]
"""What is to be written, by statement."""


async def commit(connection: "Connection", operations: Sequence[Operation]) -> Sequence[Any]:
    """Do all in the transaction that is open; return for each its result, or the error to raise."""
    rows: _Rows = defaultdict(list)
    starts = [each for each in operations if isinstance(each, Starting)]
    changes = [each for each in operations if not isinstance(each, Starting)]
    started = iter(await _start(connection, starts, rows))
    changed = iter(await _change(connection, changes, rows))
    for statement in _IN_ORDER:
        await _for_all(connection, statement, rows[statement])
    return [next(started if isinstance(each, Starting) else changed) for each in operations]


async def _start(
    connection: "Connection", starts: Sequence[Starting], rows: _Rows
) -> Sequence[Started | FrontdeskError]:
    """Insert the streams that are not there yet."""
    owners = await _owners(connection, {start.owner for start, _ in starts})
    # Of several starts of one name the first is done.
    able = {(each.kind, each.name): each for each, _ in reversed(starts) if each.owner in owners}
    fresh = await _insert(connection, able)
    known = await _known(connection, {(each.kind, each.name) for each, _ in starts} - set(fresh))
    results: list[Started | FrontdeskError] = []
    for start, written in starts:
        name = (start.kind, start.name)
        stream = fresh.get(name) or known.get(name)
        if start.owner not in owners:
            results.append(FencedError(start.owner))
        elif stream is None:
            results.append(StoreError("a stream of this name was forgotten meanwhile: try again"))
        elif name in fresh and able[name] is start:
            _note(rows, stream.id, 1, stream.seq, written)
            results.append(Started("started", stream))
        else:
            results.append(Started("same" if stream.digest == start.digest else "other", stream))
    return results


async def _owners(connection: "Connection", named: set[int]) -> set[int]:
    """Find those that are owners still, and hold them until the commit."""
    asked = named - {NOBODY}
    found = await connection.fetch(OWNERS, list(asked)) if asked else []
    return {NOBODY, *(id_ for (id_,) in found)}


async def _insert(
    connection: "Connection", starts: Mapping[_Name, Start]
) -> Mapping[_Name, Stream]:
    heads = {name: begin(start) for name, start in sorted(starts.items())}
    rows = [
        (*name, starts[name].digest, starts[name].time, *columns(head))
        for name, head in heads.items()
    ]
    streams = {}
    for kind, name, id_ in await _for_all(connection, _START, rows):
        start, head = starts[kind, name], heads[kind, name]
        streams[kind, name] = Stream(
            id_, kind, name, start.digest, start.time, head.status, head.seq
        )
    return streams


async def _known(connection: "Connection", names: set[_Name]) -> Mapping[_Name, Stream]:
    found = map(read_stream, await _for_all(connection, _KNOWN, list(names)))
    return {(stream.kind, stream.name): stream for stream in found}


async def _change(
    connection: "Connection", changes: Sequence[Appending | Posting], rows: _Rows
) -> Sequence[int | bool | Exception]:
    """Decide on appends and messages, one after the other, by heads that nobody else can change."""
    ids = {each.stream if isinstance(each, Posting) else each.append.stream for each in changes}
    found = await connection.fetch(_LOCK, list(ids)) if ids else []
    heads = {row[0]: read_head(row[1:]) for row in found}
    locked = dict(heads)
    results: list[int | bool | Exception] = []
    for each in changes:
        try:
            if isinstance(each, Posting):
                results.append(_post(each, heads, rows))
            else:
                results.append(_append(each, heads, rows))
        except (FencedError, SequenceError, ValueError) as error:
            results.append(error)
    rows[_CHANGE] = [
        (stream, *columns(head)) for stream, head in heads.items() if head is not locked[stream]
    ]
    return results


def _append(appending: Appending, heads: dict[int, Head], rows: _Rows) -> int:
    append, written = appending
    before = heads.get(append.stream)
    after = advance(before, append)
    assert before is not None
    heads[append.stream] = after
    _note(rows, append.stream, before.seq + 1, after.seq, written)
    if after.taken > before.taken:
        rows[_TAKEN].append((append.stream, after.taken))
    return after.seq


def _post(posting: Posting, heads: dict[int, Head], rows: _Rows) -> bool:
    before = heads.get(posting.stream)
    if before is None:
        return False
    after = heads[posting.stream] = post(before)
    rows[_POST].append((posting.stream, after.posted, posting.document))
    return True


def _note(rows: _Rows, stream: int, first: int, seq: int, written: Written) -> None:
    if written.events is not None:
        rows[_EVENTS].append((stream, first, written.events, written.commands))
    if written.snapshot is not None:
        rows[_SNAPSHOT].append((stream, seq, written.snapshot))


async def _for_all(
    connection: "Connection", statement: str, rows: Sequence[tuple[Any, ...]]
) -> Sequence[Any]:
    """Run a statement whose parameters are columns, once for all rows."""
    return await connection.fetch(statement, *zip(*rows, strict=True)) if rows else []
