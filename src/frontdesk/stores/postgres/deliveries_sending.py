"""Owns what is done with outgoing webhooks in PostgreSQL while they are sent: leases, ends of turns, repetitions.

Each function runs in a transaction. Whoever changes deliveries of an endpoint seizes that first, and of several in the
order of their ids: nobody waits in a ring, and rate and concurrency hold over all processes.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

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

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

KEPT: Final = 'id, app, created, version, document, disabled, failing, failed, paused, "full"'
"""Columns of an endpoint, as `read_kept` reads them."""

MESSAGE: Final = (
    "message.id, message.app, message.type, message.payload, message.created, message.event,"
    " message.channels"
)
"""Columns of a message, as `read_message` reads them."""

_SEIZE: Final = f"""
    SELECT {KEPT} FROM frontdesk_webhook_endpoints
    WHERE id = ANY($1::TEXT[]) AND app = coalesce($2, app) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - columns
_HEALTH: Final = """
    UPDATE frontdesk_webhook_endpoints
    SET disabled = $2, failing = $3, failed = $4, paused = $5, "full" = $6 WHERE id = $1
"""
_READY: Final = f"""
    SELECT {KEPT} FROM frontdesk_webhook_endpoints AS endpoint
    WHERE disabled = '' AND paused <= $1 AND EXISTS (
        SELECT FROM frontdesk_webhook_deliveries AS delivery
        WHERE delivery.endpoint = endpoint.id AND due <= $1
    ) ORDER BY id
"""  # noqa: S608 - columns
_SENDING: Final = """
    SELECT endpoint, count(*) FROM frontdesk_webhook_deliveries
    WHERE endpoint = ANY($1::TEXT[]) AND state = 'sending' AND due > $2 GROUP BY endpoint
"""
_DUE: Final = f"""
    SELECT delivery.number, epoch, tries, attempts, {MESSAGE}
    FROM frontdesk_webhook_deliveries AS delivery
    JOIN frontdesk_webhook_messages AS message ON message.number = delivery.message
    WHERE endpoint = $1 AND due <= $2 ORDER BY due, delivery.number LIMIT $3
    FOR UPDATE OF delivery SKIP LOCKED
"""  # noqa: S608 - columns
_LEASE: Final = """
    UPDATE frontdesk_webhook_deliveries SET state = 'sending', due = $1, epoch = epoch + 1
    WHERE number = ANY($2::BIGINT[])
"""
_RENEW: Final = """
    UPDATE frontdesk_webhook_deliveries AS delivery SET due = $1
    FROM unnest($2::BIGINT[], $3::BIGINT[]) AS held (number, epoch)
    WHERE delivery.number = held.number AND delivery.epoch = held.epoch AND state = 'sending'
    RETURNING delivery.number, delivery.epoch
"""
_WHOSE: Final = "SELECT endpoint FROM frontdesk_webhook_deliveries WHERE number = $1"
_HELD: Final = """
    SELECT 1 FROM frontdesk_webhook_deliveries
    WHERE number = $1 AND epoch = $2 AND state = 'sending' FOR UPDATE
"""
_ATTEMPT: Final = """
    INSERT INTO frontdesk_webhook_attempts
        (delivery, number, at, seconds, status, error, address, head, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_MOVE: Final = """
    UPDATE frontdesk_webhook_deliveries
    SET state = $2, due = $3, tries = tries + $4, attempts = attempts + $4 WHERE number = $1
"""
_SKIP: Final = """
    UPDATE frontdesk_webhook_deliveries SET state = 'skipped', due = NULL
    WHERE endpoint = $1 AND due IS NOT NULL AND state = 'waiting'
"""
_FIND: Final = "SELECT number FROM frontdesk_webhook_messages WHERE app = $1 AND id = $2"
_RESEND: Final = """
    INSERT INTO frontdesk_webhook_deliveries AS delivery (message, endpoint, state, due)
    VALUES ($1, $2, 'waiting', $3)
    ON CONFLICT (message, endpoint) DO UPDATE SET state = 'waiting', due = $3, tries = 0
        WHERE delivery.state <> 'sending'
    RETURNING 1
"""
_RECOVER: Final = """
    WITH found AS (
        SELECT delivery.number FROM frontdesk_webhook_deliveries AS delivery
        JOIN frontdesk_webhook_messages AS message ON message.number = delivery.message
        WHERE endpoint = $1 AND delivery.number > $6 AND state IN ('exhausted', 'skipped') AND created >= $2 AND created < $3
        ORDER BY delivery.number LIMIT $4
    ), again AS (
        UPDATE frontdesk_webhook_deliveries SET state = 'waiting', due = $5, tries = 0
        WHERE number IN (SELECT number FROM found) RETURNING number
    )
    SELECT count(*), coalesce(max(number), $6) FROM again
"""


def read_kept(row: Sequence[Any]) -> Kept:
    """Read the columns of KEPT."""
    id_, app, created, version, document, *health = row
    endpoint = Endpoint.read(id_, app, created, version, orjson.loads(document))
    return Kept(endpoint, Health(*health))


def read_message(row: Sequence[Any]) -> Message:
    """Read the columns of MESSAGE."""
    id_, app, type_, payload, created, event, channels = row
    return Message(id_, app, type_, payload, created, event, tuple(channels))


async def seize_endpoint(
    connection: "Connection", endpoint: str, app: str | None = None
) -> Kept | None:
    """Read one, of this application or of any, and let nobody else change it until this is committed."""
    row = await connection.fetchrow(_SEIZE, [endpoint], app)
    return None if row is None else read_kept(row)


async def put_health(connection: "Connection", kept: Kept, health: Health) -> Kept:
    """Write how an endpoint is, where that has changed."""
    if health != kept.health:
        await connection.execute(_HEALTH, kept.endpoint.id, *health.values)
    return kept._replace(health=health)


async def skip(connection: "Connection", endpoint: str) -> None:
    """Give up what waits for an endpoint."""
    await connection.execute(_SKIP, endpoint)


async def ready(connection: "Connection", now: float) -> Sequence[str]:
    """See the port."""
    found = [read_kept(row) for row in await connection.fetch(_READY, now)]
    rooms = await _rooms(connection, found, {}, now)
    return [kept.endpoint.id for kept in found if rooms[kept.endpoint.id] > 0]


async def lease(
    connection: "Connection", wishes: Mapping[str, int], now: float, until: float
) -> Sequence[Turn]:
    """See the port."""
    seized = [read_kept(row) for row in await connection.fetch(_SEIZE, list(wishes), None)]
    rooms = await _rooms(connection, seized, wishes, now)
    turns = []
    for kept in seized:
        room = rooms[kept.endpoint.id]
        if room <= 0:
            continue
        rows = await connection.fetch(_DUE, kept.endpoint.id, now, room)
        health = kept.health.began(kept.endpoint.pace, len(rows), now)
        await put_health(connection, kept, health)
        for number, epoch, tries, attempts, *message in rows:
            held = Held(number, epoch + 1)
            turns.append(Turn(held, kept.endpoint, read_message(message), tries, attempts + 1))
    await connection.execute(_LEASE, until, [turn.held.delivery for turn in turns])
    return turns


async def renew(connection: "Connection", held: Sequence[Held], until: float) -> Sequence[bool]:
    """See the port."""
    # Whoever settles has seized one delivery only: nobody waits in a ring.
    numbers, epochs = [each.delivery for each in held], [each.epoch for each in held]
    kept = {Held(*row) for row in await connection.fetch(_RENEW, until, numbers, epochs)}
    return [each in kept for each in held]


async def put_back(connection: "Connection", held: Held, due: float, paused: float) -> bool:
    """See the port."""
    kept = await _seize(connection, held)
    if kept is None:
        return False
    await put_health(connection, kept, kept.health.until(paused))
    await connection.execute(_MOVE, held.delivery, *_wait(kept.health, due), 0)
    return True


async def settle(
    connection: "Connection", held: Held, settlement: Settlement, now: float
) -> Settled:
    """See the port."""
    kept = await _seize(connection, held)
    if kept is None:
        return Settled(kept=False)
    *fields, head, body = settlement.attempt
    await connection.execute(_ATTEMPT, held.delivery, *fields, head.encode(), body)
    after = settlement.health_after(kept.health, now)
    await put_health(connection, kept, after)
    place: tuple[str, float | None] = (settlement.state, None)
    if settlement.state == "waiting":
        place = _wait(after, settlement.due)
    await connection.execute(_MOVE, held.delivery, *place, 1)
    if not after.disabled or kept.health.disabled:
        return Settled(kept=True)
    await skip(connection, kept.endpoint.id)
    return Settled(kept=True, disabled=after.disabled)


async def resend(
    connection: "Connection", app: str, message: str, endpoint: str, now: float
) -> bool:
    """See the port."""
    kept = await seize_endpoint(connection, endpoint, app)
    number = await connection.fetchval(_FIND, app, message)
    if kept is None or number is None or kept.health.disabled:
        return False
    return await connection.fetchval(_RESEND, number, endpoint, now) is not None


async def recover(
    connection: "Connection",
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
    kept = await seize_endpoint(connection, endpoint, app)
    if kept is None or kept.health.disabled:
        return Recovered(0, after)
    row = (endpoint, since, until, most, now, after)
    return Recovered(*await connection.fetchrow(_RECOVER, *row))


async def _seize(connection: "Connection", held: Held) -> Kept | None:
    """Seize the endpoint of a delivery, and that, where this is its lease."""
    endpoint = await connection.fetchval(_WHOSE, held.delivery)
    kept = None if endpoint is None else await seize_endpoint(connection, endpoint)
    return kept if await connection.fetchval(_HELD, *held) else None


async def _rooms(
    connection: "Connection", found: Sequence[Kept], wishes: Mapping[str, int], now: float
) -> Mapping[str, int]:
    """Return how many deliveries to each endpoint may begin. wishes: at most; else as many as may be."""
    rows = await connection.fetch(_SENDING, [kept.endpoint.id for kept in found], now)
    sending = {endpoint: count for endpoint, count in rows}  # noqa: C416 - rows are no pairs
    rooms = {}
    for endpoint, health in found:
        free = endpoint.concurrency - sending.get(endpoint.id, 0)
        wanted = min(wishes.get(endpoint.id, free), free)
        rooms[endpoint.id] = health.room(endpoint.pace, wanted, now)
    return rooms


def _wait(health: Health, due: float) -> tuple[str, float | None]:
    return ("skipped", None) if health.disabled else ("waiting", due)
