"""Owns what is done with outgoing webhooks in SQLite while they are sent: leases, ends of turns, repetitions.

Each function runs in a transaction of the file's thread.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from frontdesk.ports.deliveries import (
    Endpoint,
    Held,
    Kept,
    Message,
    Recovered,
    Settled,
    Settlement,
    Turn,
)
from frontdesk.rules.webhooks.endpoints import Health

KEPT: Final = "id, app, created, version, document, disabled, failing, failed, paused, full"
"""Columns of an endpoint, as `read_kept` reads them."""

MESSAGE: Final = (
    "message.id, message.app, message.type, message.payload, message.created, message.event,"
    " message.channels"
)
"""Columns of a message, as `read_message` reads them."""

_ENDPOINT: Final = f"SELECT {KEPT} FROM webhook_endpoints WHERE id = ? AND app = coalesce(?, app)"  # noqa: S608 - columns
_HEALTH: Final = """
    UPDATE webhook_endpoints SET disabled = ?, failing = ?, failed = ?, paused = ?, full = ?
    WHERE id = ?
"""
_READY: Final = f"""
    SELECT {KEPT} FROM webhook_endpoints AS endpoint
    WHERE disabled = '' AND paused <= :now AND EXISTS (
        SELECT 1 FROM webhook_deliveries WHERE endpoint = endpoint.id AND due <= :now
    ) ORDER BY id
"""  # noqa: S608 - columns
_SENDING: Final = """
    SELECT count(*) FROM webhook_deliveries WHERE endpoint = ? AND state = 'sending' AND due > ?
"""
_DUE: Final = f"""
    SELECT delivery.number, epoch, tries, attempts, {MESSAGE}
    FROM webhook_deliveries AS delivery
    JOIN webhook_messages AS message ON message.number = delivery.message
    WHERE endpoint = ? AND due <= ? ORDER BY due, delivery.number LIMIT ?
"""  # noqa: S608 - columns
_LEASE: Final = """
    UPDATE webhook_deliveries SET state = 'sending', due = ?, epoch = epoch + 1 WHERE number = ?
"""
_RENEW: Final = """
    UPDATE webhook_deliveries SET due = ? WHERE number = ? AND epoch = ? AND state = 'sending'
"""
_HELD: Final = """
    SELECT endpoint FROM webhook_deliveries WHERE number = ? AND epoch = ? AND state = 'sending'
"""
_ATTEMPT: Final = """
    INSERT INTO webhook_attempts (delivery, number, at, seconds, status, error, address, head, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_COUNT: Final = """
    UPDATE webhook_deliveries SET tries = tries + 1, attempts = attempts + 1 WHERE number = ?
"""
_MOVE: Final = "UPDATE webhook_deliveries SET state = ?, due = ? WHERE number = ?"
_SKIP: Final = """
    UPDATE webhook_deliveries SET state = 'skipped', due = NULL
    WHERE endpoint = ? AND due IS NOT NULL AND state = 'waiting'
"""
_MAKE: Final = """
    INSERT INTO webhook_deliveries (message, endpoint, state, due, epoch, tries, attempts)
    VALUES (?, ?, ?, ?, 0, 0, 0)
"""
_FIND: Final = """
    SELECT message.number, delivery.number, delivery.state FROM webhook_messages AS message
    LEFT JOIN webhook_deliveries AS delivery
        ON delivery.message = message.number AND delivery.endpoint = ?
    WHERE message.app = ? AND message.id = ?
"""
_AGAIN: Final = """
    UPDATE webhook_deliveries SET state = 'waiting', due = ?, tries = 0 WHERE number = ?
"""
_FAILED: Final = """
    SELECT delivery.number FROM webhook_deliveries AS delivery
    JOIN webhook_messages AS message ON message.number = delivery.message
    WHERE endpoint = ? AND delivery.number > ? AND state IN ('exhausted', 'skipped') AND created >= ? AND created < ?
    ORDER BY delivery.number LIMIT ?
"""


def read_kept(row: Sequence[Any]) -> Kept:
    """Read the columns of KEPT."""
    id_, app, created, version, document, *health = row
    endpoint = Endpoint.read(id_, app, created, version, orjson.loads(document))
    return Kept(endpoint, Health(*health))


def read_message(row: Sequence[Any]) -> Message:
    """Read the columns of MESSAGE."""
    id_, app, type_, payload, created, event, channels = row
    return Message(id_, app, type_, payload, created, event, tuple(orjson.loads(channels)))


def find_endpoint(
    connection: sqlite3.Connection, endpoint: str, app: str | None = None
) -> Kept | None:
    """Read one, of this application or of any."""
    row = connection.execute(_ENDPOINT, (endpoint, app)).fetchone()
    return None if row is None else read_kept(row)


def put_health(connection: sqlite3.Connection, kept: Kept, health: Health) -> Kept:
    """Write how an endpoint is, where that has changed."""
    if health != kept.health:
        connection.execute(_HEALTH, (*health.values, kept.endpoint.id))
    return kept._replace(health=health)


def skip(connection: sqlite3.Connection, endpoint: str) -> None:
    """Give up what waits for an endpoint."""
    connection.execute(_SKIP, (endpoint,))


def make_delivery(connection: sqlite3.Connection, message: int, kept: Kept, due: float) -> None:
    """Have a message wait for an endpoint, or be skipped. message: its number."""
    place = ("skipped", None) if kept.health.disabled else ("waiting", due)
    connection.execute(_MAKE, (message, kept.endpoint.id, *place))


def ready(connection: sqlite3.Connection, now: float) -> Sequence[str]:
    """See the port."""
    found = map(read_kept, connection.execute(_READY, {"now": now}).fetchall())
    return [
        kept.endpoint.id
        for kept in found
        if _room(connection, kept, kept.endpoint.concurrency, now) > 0
    ]


def lease(
    connection: sqlite3.Connection, wishes: Mapping[str, int], now: float, until: float
) -> Sequence[Turn]:
    """See the port."""
    turns = []
    for id_ in sorted(wishes):
        kept = find_endpoint(connection, id_)
        room = 0 if kept is None else _room(connection, kept, wishes[id_], now)
        if kept is None or room <= 0:
            continue
        rows = connection.execute(_DUE, (id_, now, room)).fetchall()
        put_health(connection, kept, kept.health.began(kept.endpoint.pace, len(rows), now))
        for number, epoch, tries, attempts, *message in rows:
            connection.execute(_LEASE, (until, number))
            held = Held(number, epoch + 1)
            turns.append(Turn(held, kept.endpoint, read_message(message), tries, attempts + 1))
    return turns


def renew(connection: sqlite3.Connection, held: Sequence[Held], until: float) -> Sequence[bool]:
    """See the port."""
    return [connection.execute(_RENEW, (until, *each)).rowcount > 0 for each in held]


def put_back(connection: sqlite3.Connection, held: Held, due: float, paused: float) -> bool:
    """See the port."""
    kept = _of(connection, held)
    if kept is None:
        return False
    put_health(connection, kept, kept.health.until(paused))
    _wait(connection, held, kept.health, due)
    return True


def settle(
    connection: sqlite3.Connection, held: Held, settlement: Settlement, now: float
) -> Settled:
    """See the port."""
    kept = _of(connection, held)
    if kept is None:
        return Settled(kept=False)
    connection.execute(_ATTEMPT, (held.delivery, *settlement.attempt))
    connection.execute(_COUNT, (held.delivery,))
    after = settlement.health_after(kept.health, now)
    put_health(connection, kept, after)
    if settlement.state == "waiting":
        _wait(connection, held, after, settlement.due)
    else:
        connection.execute(_MOVE, (settlement.state, None, held.delivery))
    if not after.disabled or kept.health.disabled:
        return Settled(kept=True)
    skip(connection, kept.endpoint.id)
    return Settled(kept=True, disabled=after.disabled)


def resend(
    connection: sqlite3.Connection, app: str, message: str, endpoint: str, now: float
) -> bool:
    """See the port."""
    kept = find_endpoint(connection, endpoint, app)
    found = connection.execute(_FIND, (endpoint, app, message)).fetchone()
    if kept is None or found is None or kept.health.disabled:
        return False
    number, delivery, state = found
    if delivery is None:
        make_delivery(connection, number, kept, now)
    elif state == "sending":
        return False
    else:
        connection.execute(_AGAIN, (now, delivery))
    return True


def recover(
    connection: sqlite3.Connection,
    app: str,
    endpoint: str,
    *,
    since: float,
    until: float,
    now: float,
    most: int,
    after: int,
) -> Recovered:
    """See the port."""
    kept = find_endpoint(connection, endpoint, app)
    if kept is None or kept.health.disabled:
        return Recovered(0, after)
    found = connection.execute(_FAILED, (endpoint, after, since, until, most)).fetchall()
    connection.executemany(_AGAIN, [(now, number) for (number,) in found])
    return Recovered(len(found), found[-1][0] if found else after)


def _of(connection: sqlite3.Connection, held: Held) -> Kept | None:
    """Find the endpoint of a delivery whose lease this is."""
    row = connection.execute(_HELD, held).fetchone()
    return None if row is None else find_endpoint(connection, row[0])


def _room(connection: sqlite3.Connection, kept: Kept, wanted: int, now: float) -> int:
    endpoint = kept.endpoint
    (sending,) = connection.execute(_SENDING, (endpoint.id, now)).fetchone()
    return kept.health.room(endpoint.pace, min(wanted, endpoint.concurrency - sending), now)


def _wait(connection: sqlite3.Connection, held: Held, health: Health, due: float) -> None:
    place = ("skipped", None) if health.disabled else ("waiting", due)
    connection.execute(_MOVE, (*place, held.delivery))
