"""Owns how queues in PostgreSQL commit a group of operations: one transaction of a few statements.

Each statement is for all of the group, for what costs here is the round trip. Who receives at the same time
from another process is given other messages; of a FIFO queue, it waits.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from frontdesk.ports.queue import (
    LOOKED_THROUGH,
    REMEMBERED,
    Message,
    Outgoing,
    Queue,
    Receipt,
    Received,
    Sent,
)

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_NUMBERS: Final = """
    SELECT nextval(pg_get_serial_sequence('frontdesk_queue_messages', 'number'))
    FROM generate_series(1, $1)
"""
_SEND: Final = """
    INSERT INTO frontdesk_queue_messages (number, queue, id, body, attributes, grp, deduplication,
        source, sent, visible, receives, earlier, first)
    SELECT coalesce(number, nextval(pg_get_serial_sequence('frontdesk_queue_messages', 'number'))),
        queue, id, body, attributes, nullif(grp, ''), deduplication, '', sent, visible, 0, 0, 0
    FROM unnest(
        $1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[], $5::BYTEA[], $6::TEXT[], $7::TEXT[],
        $8::FLOAT8[], $9::FLOAT8[]
    ) AS new (number, queue, id, body, attributes, grp, deduplication, sent, visible)
    RETURNING id, number
"""
# Whoever sends the same at the same time waits here for the other's commit.
_KNOW: Final = """
    INSERT INTO frontdesk_queue_known AS known (queue, same, id, number, since)
    SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::FLOAT8[])
    ON CONFLICT (queue, same) DO UPDATE
        SET id = excluded.id, number = excluded.number, since = excluded.since
        WHERE known.since <= excluded.since - $6::FLOAT8
"""
_KNOWN: Final = """
    SELECT queue, same, id, number FROM frontdesk_queue_known
    JOIN unnest($1::TEXT[], $2::TEXT[]) AS want (queue, same) USING (queue, same)
"""

_ALONE: Final = "SELECT pg_advisory_xact_lock(1179207505, hashtext($1))"  # "FIFQ", as good as any
_READY: Final = """
    SELECT number, sent, receives, id, body, attributes, coalesce(grp, ''), deduplication,
        earlier, first, source
    FROM frontdesk_queue_messages AS one
    WHERE queue = $1 AND visible <= $2 ORDER BY visible, number LIMIT $3
    FOR UPDATE SKIP LOCKED
"""
# A message waits for those of its group that are received, and for those before it.
_READY_IN_ORDER: Final = """
    SELECT number, sent, receives, id, body, attributes, coalesce(grp, ''), deduplication,
        earlier, first, source
    FROM frontdesk_queue_messages AS one
    WHERE number IN (
        SELECT number FROM frontdesk_queue_messages WHERE queue = $1 AND grp IS NOT NULL
        ORDER BY number LIMIT $4
    ) AND visible <= $2 AND NOT EXISTS (
        SELECT FROM frontdesk_queue_messages AS other
        WHERE other.queue = $1 AND other.grp = one.grp AND other.visible > $2
            AND (other.receives > 0 OR other.number < one.number)
    ) ORDER BY number LIMIT $3 FOR UPDATE
"""
_RECEIVE: Final = """
    UPDATE frontdesk_queue_messages AS message
    SET visible = new.visible, receives = new.receives, first = new.first
    FROM unnest($1::BIGINT[], $2::FLOAT8[], $3::BIGINT[], $4::FLOAT8[])
        AS new (number, visible, receives, first)
    WHERE message.number = new.number
"""
_DROP: Final = "DELETE FROM frontdesk_queue_messages WHERE number = ANY($1::BIGINT[])"
_BURY: Final = """
    INSERT INTO frontdesk_queue_messages (queue, id, body, attributes, grp, deduplication, source,
        sent, visible, receives, earlier, first)
    SELECT $2, id, body, attributes, grp, deduplication, $3, sent, $4, 0, receives + earlier, first
    FROM frontdesk_queue_messages WHERE number = ANY($1::BIGINT[]) ORDER BY number
"""

_DELETE: Final = """
    DELETE FROM frontdesk_queue_messages AS message
    USING unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BOOL[], $5::FLOAT8[])
        AS done (number, queue, receives, fifo, now)
    WHERE message.number = done.number AND message.queue = done.queue
        AND message.receives = done.receives AND (NOT done.fifo OR message.visible > done.now)
    RETURNING message.number, message.receives
"""
_CHANGE: Final = """
    UPDATE frontdesk_queue_messages AS message SET visible = new.visible
    FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::FLOAT8[], $5::FLOAT8[])
        AS new (number, queue, receives, visible, now)
    WHERE message.number = new.number AND message.queue = new.queue
        AND message.receives = new.receives AND message.visible > new.now
    RETURNING message.number, message.receives
"""

_POSTPONE: Final = """
    UPDATE frontdesk_queue_messages AS message
    SET visible = new.visible, attributes = new.attributes
    FROM unnest($1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BYTEA[], $5::FLOAT8[])
        AS new (number, queue, receives, attributes, visible)
    WHERE message.number = new.number AND message.queue = new.queue
        AND message.receives = new.receives
    RETURNING message.number, message.receives
"""


class Sending(NamedTuple):
    """Messages to send."""

    queue: Queue
    messages: Sequence[Outgoing]
    now: float


class Receiving(NamedTuple):
    """A wish for messages. hidden: seconds."""

    queue: Queue
    most: int
    now: float
    hidden: float


class Deleting(NamedTuple):
    """Messages that are done with."""

    queue: Queue
    receipts: Sequence[Receipt]
    now: float


class Changing(NamedTuple):
    """Messages to be hidden until then."""

    queue: Queue
    receipts: Sequence[Receipt]
    until: float
    now: float


class Postponing(NamedTuple):
    """A message to be hidden until then, with other attributes."""

    queue: Queue
    receipt: Receipt
    attributes: bytes
    until: float


Operation: TypeAlias = Sending | Receiving | Deleting | Changing | Postponing

_Sameness: TypeAlias = tuple[str, str]
"""A queue, and what it knows a message by."""


async def commit(connection: "Connection", operations: Sequence[Operation]) -> Sequence[Any]:
    """Do all in the transaction that is open; return for each its result."""
    sends = [each for each in operations if isinstance(each, Sending)]
    deletes = [each for each in operations if isinstance(each, Deleting)]
    changes = [each for each in operations if isinstance(each, Changing)]
    postpones = [each for each in operations if isinstance(each, Postponing)]
    receives = [each for each in operations if isinstance(each, Receiving)]
    results = {
        Deleting: iter(await _delete(connection, deletes)),
        Changing: iter(await _change(connection, changes)),
        Postponing: iter(await _postpone(connection, postpones)),
        Sending: iter(await _send(connection, sends)),
        Receiving: iter(await _receive(connection, receives)),
    }
    return [next(results[type(each)]) for each in operations]


async def _delete(
    connection: "Connection", deletes: Sequence[Deleting]
) -> Sequence[Sequence[bool]]:
    rows = [
        (number, queue.name, receives, queue.fifo, now)
        for queue, receipts, now in deletes
        for number, receives in receipts
    ]
    return _done(await _for_all(connection, _DELETE, rows), deletes)


async def _change(
    connection: "Connection", changes: Sequence[Changing]
) -> Sequence[Sequence[bool]]:
    rows = [
        (number, queue.name, receives, until, now)
        for queue, receipts, until, now in changes
        for number, receives in receipts
    ]
    return _done(await _for_all(connection, _CHANGE, rows), changes)


async def _postpone(connection: "Connection", postpones: Sequence[Postponing]) -> Sequence[bool]:
    rows = [
        (receipt.number, queue.name, receipt.receives, attributes, until)
        for queue, receipt, attributes, until in postpones
    ]
    found = {Receipt(*row) for row in await _for_all(connection, _POSTPONE, rows)}
    return [each.receipt in found for each in postpones]


def _done(
    found: Sequence[Any], asked: Sequence[Deleting] | Sequence[Changing]
) -> Sequence[Sequence[bool]]:
    """Tell of each receipt whether it was good. One that is given twice has been used the first time."""
    left = {Receipt(*row) for row in found}
    results = []
    for each in asked:
        results.append([receipt in left for receipt in each.receipts])
        if isinstance(each, Deleting):
            left.difference_update(each.receipts)
    return results


async def _send(connection: "Connection", sends: Sequence[Sending]) -> Sequence[Sequence[Sent]]:
    fresh: dict[_Sameness, tuple[Any, ...]] = {}
    # Who is to be known is known by its number, before it is there.
    ordered = sum(len(each.messages) for each in sends if each.queue.fifo)
    numbers = iter(await connection.fetch(_NUMBERS, ordered) if ordered else ())
    asked = []
    for queue, messages, now in sends:
        for message in messages:
            number = next(numbers)[0] if queue.fifo else None
            same = (queue.name, queue.sameness(message)) if queue.fifo else None
            if same is not None:
                fresh.setdefault(same, (*same, message.id, number, now))
            asked.append((same, _row(queue, message, number, now)))
    known = await _known(connection, fresh)
    rows = [row for same, row in asked if same is None or known[same].number == row[0]]
    given = dict(await _for_all(connection, _SEND, rows))
    results = iter(
        known[same]
        if same is not None and known[same].number != row[0]
        else Sent(row[2], given[row[2]])
        for same, row in asked
    )
    return [[next(results) for _ in each.messages] for each in sends]


def _row(queue: Queue, message: Outgoing, number: int | None, now: float) -> tuple[Any, ...]:
    id_, body, attributes, group, deduplication, delay = message
    visible = now + (queue.delay if delay is None else delay)
    return (number, queue.name, id_, body, attributes, group, deduplication, now, visible)


async def _known(
    connection: "Connection", fresh: Mapping[_Sameness, tuple[Any, ...]]
) -> Mapping[_Sameness, Sent]:
    """Have queues know messages, unless they do; return what they know then."""
    if not fresh:
        return {}
    rows = [fresh[same] for same in sorted(fresh)]  # in one order, so that nobody waits in a ring
    await connection.execute(_KNOW, *zip(*rows, strict=True), REMEMBERED)
    found = await _for_all(connection, _KNOWN, sorted(fresh))
    return {(queue, same): Sent(id_, number, again=True) for queue, same, id_, number in found}


async def _receive(connection: "Connection", receives: Sequence[Receiving]) -> Sequence[Received]:
    """Receive for all who want the same of a queue at once, then deal it out."""
    wishes: defaultdict[Any, list[Receiving]] = defaultdict(list)
    for each in receives:
        wishes[each.queue, each.hidden].append(each)
    results: dict[int, Received] = {}
    for queue, hidden in sorted(wishes):
        alike = wishes[queue, hidden]
        rest = await _take(
            connection, queue, sum(each.most for each in alike), alike[0].now, hidden
        )
        for each in alike:
            taken, left = rest.messages[: each.most], rest.messages[each.most :]
            results[id(each)] = rest._replace(messages=taken)
            rest = Received(left)
    return [results[id(each)] for each in receives]


async def _take(
    connection: "Connection", queue: Queue, most: int, now: float, hidden: float
) -> Received:
    messages: list[Message] = []
    fates: Counter[str] = Counter()
    if queue.fifo:
        await connection.execute(_ALONE, queue.name)
    while (asked := most - len(messages)) > 0:
        found = await _ready(connection, queue, asked, now)
        numbers: defaultdict[str, list[int]] = defaultdict(list)
        taken = []
        for number, sent, receives, *row in found:
            fate = queue.fate(sent, receives, now)
            numbers[fate].append(number)
            if fate == "due":
                id_, body, attributes, group, deduplication, earlier, first, source = row
                first = first or now
                taken.append((number, now + hidden, receives + 1, first))
                receipt = Receipt(number, receives + 1)
                messages.append(
                    Message(
                        *(receipt, id_, body, attributes, group, deduplication),
                        *(sent, receives + 1 + earlier, first, source),
                    )
                )
        fates.update({fate: len(each) for fate, each in numbers.items()})
        await _for_all(connection, _RECEIVE, taken)
        if dead := numbers["dead"]:
            await connection.execute(_BURY, dead, queue.dead_letter, queue.name, now)
        if gone := dead + numbers["expired"]:
            await connection.execute(_DROP, gone)
        if not hidden or len(found) < asked:
            break  # with nothing hidden, they could be received at once
    return Received(messages, fates["dead"], fates["expired"])


async def _ready(connection: "Connection", queue: Queue, most: int, now: float) -> Sequence[Any]:
    statement, more = (_READY_IN_ORDER, (LOOKED_THROUGH,)) if queue.fifo else (_READY, ())
    found: Sequence[Any] = await connection.fetch(statement, queue.name, now, most, *more)
    return found


async def _for_all(
    connection: "Connection", statement: str, rows: Sequence[tuple[Any, ...]]
) -> Sequence[Any]:
    """Run a statement whose parameters are columns, once for all rows."""
    return await connection.fetch(statement, *zip(*rows, strict=True)) if rows else []
