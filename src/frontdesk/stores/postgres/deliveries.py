"""Owns what outgoing webhooks in PostgreSQL are: applications, endpoints, messages, what became of them.

`deliveries_sending` has what is done while they are sent.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from frontdesk.ports.deliveries import (
    KNOWN,
    Application,
    Attempt,
    Counts,
    Delivery,
    Endpoint,
    Held,
    Kept,
    Message,
    Page,
    Published,
    Recovered,
    Settled,
    Settlement,
    State,
    Turn,
)
from frontdesk.rules.webhooks.endpoints import Health
from frontdesk.stores.postgres import deliveries_sending as sending
from frontdesk.stores.postgres.database import Database
from frontdesk.stores.postgres.deliveries_sending import (
    KEPT,
    MESSAGE,
    put_health,
    read_kept,
    read_message,
    seize_endpoint,
    skip,
)

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_PUT_APPLICATION: Final = """
    INSERT INTO frontdesk_webhook_applications (id, name, created) VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id, name, created
"""
_APPLICATIONS: Final = """
    SELECT id, name, created FROM frontdesk_webhook_applications WHERE id > $1 ORDER BY id LIMIT $2
"""
_DROP_APPLICATION: Final = "DELETE FROM frontdesk_webhook_applications WHERE id = $1 RETURNING 1"
# An application that is there cannot go before this is committed.
_APPLICATION: Final = "SELECT id, name, created FROM frontdesk_webhook_applications WHERE id = $1"
_IS_APPLICATION: Final = "SELECT 1 FROM frontdesk_webhook_applications WHERE id = $1 FOR KEY SHARE"
_ADD_ENDPOINT: Final = """
    INSERT INTO frontdesk_webhook_endpoints (id, app, created, version, document)
    SELECT $1, id, $3, 1, $4 FROM frontdesk_webhook_applications WHERE id = $2
    ON CONFLICT (id) DO NOTHING RETURNING 1
"""
_CHANGE_ENDPOINT: Final = """
    UPDATE frontdesk_webhook_endpoints SET version = version + 1, document = $1
    WHERE id = $2 AND app = $3 AND version = $4 RETURNING 1
"""
_ENDPOINT: Final = f"SELECT {KEPT} FROM frontdesk_webhook_endpoints WHERE app = $1 AND id = $2"  # noqa: S608 - columns
_ENDPOINTS: Final = f"""
    SELECT {KEPT} FROM frontdesk_webhook_endpoints WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3
"""  # noqa: S608 - columns
_DROP_ENDPOINT: Final = """
    DELETE FROM frontdesk_webhook_endpoints WHERE app = $1 AND id = $2 RETURNING 1
"""

# Whoever publishes the same at the same time waits here for the other's commit.
_KNOW_EVENT: Final = """
    INSERT INTO frontdesk_webhook_events AS known (app, event, message, digest, since)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (app, event) DO UPDATE
        SET message = excluded.message, digest = excluded.digest, since = excluded.since
        WHERE known.since <= excluded.since - $6::FLOAT8
    RETURNING 1
"""
_KNOWN_EVENT: Final = """
    SELECT message, digest FROM frontdesk_webhook_events WHERE app = $1 AND event = $2
"""
_PUBLISH: Final = """
    INSERT INTO frontdesk_webhook_messages (id, app, type, payload, created, event, channels)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING number
"""
_MAKE: Final = """
    INSERT INTO frontdesk_webhook_deliveries (message, endpoint, state, due)
    SELECT $1, endpoint, state, due
    FROM unnest($2::TEXT[], $3::TEXT[], $4::FLOAT8[]) AS made (endpoint, state, due)
"""
_MESSAGE: Final = f"""
    SELECT {MESSAGE} FROM frontdesk_webhook_messages AS message WHERE app = $1 AND id = $2
"""  # noqa: S608 - columns
_MESSAGES: Final = f"""
    SELECT number, {MESSAGE} FROM frontdesk_webhook_messages AS message
    WHERE app = $1 AND ($2 = 0 OR number < $2) ORDER BY number DESC LIMIT $3
"""  # noqa: S608 - columns
_DELIVERIES: Final = """
    SELECT delivery.number, message.id, message.type, endpoint, state, attempts, due, created
    FROM frontdesk_webhook_deliveries AS delivery
    JOIN frontdesk_webhook_messages AS message ON message.number = delivery.message
    WHERE app = $1 AND ($2 = '' OR message.id = $2) AND ($3 = '' OR endpoint = $3)
        AND state = coalesce($4, state) AND ($5 = 0 OR delivery.number < $5)
    ORDER BY delivery.number DESC LIMIT $6
"""
_ATTEMPTS: Final = """
    SELECT endpoint, attempt.number, at, seconds, status, error, address, head, body
    FROM frontdesk_webhook_messages AS message
    JOIN frontdesk_webhook_deliveries AS delivery ON delivery.message = message.number
    JOIN frontdesk_webhook_attempts AS attempt ON attempt.delivery = delivery.number
    WHERE app = $1 AND message.id = $2 ORDER BY at, delivery.number, attempt.number
"""

_FORGET: Final = """
    WITH gone AS (
        DELETE FROM frontdesk_webhook_messages WHERE number IN (
            SELECT number FROM frontdesk_webhook_messages AS message
            WHERE created <= $1 AND NOT EXISTS (
                SELECT FROM frontdesk_webhook_deliveries AS delivery
                WHERE delivery.message = message.number AND due IS NOT NULL
            ) ORDER BY created, number LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING 1
    )
    SELECT count(*) FROM gone
"""
_FORGET_EVENTS: Final = "DELETE FROM frontdesk_webhook_events WHERE since <= $1"
_COUNT: Final = """
    SELECT count(*), min(due),
        (SELECT count(*) FROM frontdesk_webhook_endpoints WHERE disabled <> '')
    FROM frontdesk_webhook_deliveries WHERE due IS NOT NULL
"""


class PostgresDeliveries:
    """See `ports.deliveries.DeliveryStore`. Several gateways may share the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- applications and endpoints -----------------------------------------------------------------

    async def put_application(self, application: Application) -> Application:
        """See the port."""
        return Application(
            *await self._database.run(lambda each: each.fetchrow(_PUT_APPLICATION, *application))
        )

    async def applications(self, *, after: str = "", most: int) -> Sequence[Application]:
        """See the port."""
        return [Application(*row) for row in await self._rows(_APPLICATIONS, after, most)]

    async def application(self, app: str) -> Application | None:
        """See the port."""
        rows = await self._rows(_APPLICATION, app)
        return Application(*rows[0]) if rows else None

    async def drop_application(self, app: str) -> bool:
        """See the port."""
        return bool(await self._rows(_DROP_APPLICATION, app))

    async def put_endpoint(self, endpoint: Endpoint) -> Endpoint | None:
        """See the port."""
        id_, app, document = endpoint.id, endpoint.app, orjson.dumps(endpoint.document)
        if endpoint.version:
            done = await self._rows(_CHANGE_ENDPOINT, document, id_, app, endpoint.version)
        else:
            done = await self._rows(_ADD_ENDPOINT, id_, app, endpoint.created, document)
        return endpoint.following if done else None

    async def endpoint(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""
        rows = await self._rows(_ENDPOINT, app, endpoint)
        return read_kept(rows[0]) if rows else None

    async def endpoints(self, app: str, *, after: str = "", most: int) -> Sequence[Kept]:
        """See the port."""
        return [read_kept(row) for row in await self._rows(_ENDPOINTS, app, after, most)]

    async def drop_endpoint(self, app: str, endpoint: str) -> bool:
        """See the port."""
        return bool(await self._rows(_DROP_ENDPOINT, app, endpoint))

    async def disable(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""

        async def work(connection: "Connection") -> Kept | None:
            kept = await seize_endpoint(connection, endpoint, app)
            if kept is None:
                return None
            await skip(connection, endpoint)
            return await put_health(connection, kept, kept.health.switched_off())

        return await self._database.write(work)

    async def enable(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""

        async def work(connection: "Connection") -> Kept | None:
            kept = await seize_endpoint(connection, endpoint, app)
            return kept and await put_health(connection, kept, Health(full=kept.health.full))

        return await self._database.write(work)

    # -- messages -------------------------------------------------------------------------------------

    async def publish(self, message: Message, *, only: str = "") -> Published | None:
        """See the port."""
        return await self._database.write(lambda each: _publish(each, message, only))

    async def message(self, app: str, message: str) -> Message | None:
        """See the port."""
        rows = await self._rows(_MESSAGE, app, message)
        return read_message(rows[0]) if rows else None

    async def messages(self, app: str, *, most: int, token: int = 0) -> Page[Message]:
        """See the port."""
        rows = await self._rows(_MESSAGES, app, token, most + 1)
        return Page.of([(row[0], read_message(row[1:])) for row in rows], most)

    async def deliveries(
        self,
        app: str,
        *,
        message: str = "",
        endpoint: str = "",
        state: State | None = None,
        most: int,
        token: int = 0,
    ) -> Page[Delivery]:
        """See the port."""
        rows = await self._rows(_DELIVERIES, app, message, endpoint, state, token, most + 1)
        return Page.of([(row[0], Delivery(*row[1:])) for row in rows], most)

    async def attempts(self, app: str, message: str) -> Sequence[tuple[str, Attempt]]:
        """See the port."""
        rows = await self._rows(_ATTEMPTS, app, message)
        return [
            (endpoint, Attempt(number, at, seconds, status, error, address, head.decode(), body))
            for endpoint, number, at, seconds, status, error, address, head, body in rows
        ]

    # -- sending --------------------------------------------------------------------------------------

    async def ready(self, *, now: float) -> Sequence[str]:
        """See the port."""
        return await self._database.run(lambda each: sending.ready(each, now))

    async def lease(self, wishes: Mapping[str, int], *, now: float, until: float) -> Sequence[Turn]:
        """See the port."""
        return await self._database.write(lambda each: sending.lease(each, wishes, now, until))

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """See the port."""
        return await self._database.write(lambda each: sending.renew(each, held, until))

    async def put_back(self, held: Held, *, due: float, paused: float = 0.0) -> bool:
        """See the port."""
        return await self._database.write(lambda each: sending.put_back(each, held, due, paused))

    async def settle(self, held: Held, settlement: Settlement, *, now: float) -> Settled:
        """See the port."""
        return await self._database.write(lambda each: sending.settle(each, held, settlement, now))

    # -- once more ------------------------------------------------------------------------------------

    async def resend(self, app: str, message: str, endpoint: str, *, now: float) -> bool:
        """See the port."""
        return await self._database.write(
            lambda each: sending.resend(each, app, message, endpoint, now)
        )

    async def recover(
        self,
        app: str,
        endpoint: str,
        *,
        since: float,
        until: float,
        now: float,
        most: int,
        after: int = 0,
    ) -> Recovered:
        """See the port."""
        return await self._database.write(
            lambda each: sending.recover(
                each, app, endpoint, since=since, until=until, now=now, most=most, after=after
            )
        )

    async def forget(self, before: float, *, most: int) -> int:
        """See the port."""
        return int((await self._rows(_FORGET, before, most))[0][0])

    async def forget_events(self, before: float) -> None:
        """See the port."""
        await self._rows(_FORGET_EVENTS, before)

    async def counts(self) -> Counts:
        """See the port."""
        return Counts(*(await self._rows(_COUNT))[0])

    # -- inside ---------------------------------------------------------------------------------------

    async def _rows(self, statement: str, *values: Any) -> Sequence[Any]:
        found: Sequence[Any] = await self._database.run(lambda each: each.fetch(statement, *values))
        return [tuple(row) for row in found]


async def _publish(connection: "Connection", message: Message, only: str) -> Published | None:
    id_, app, type_, payload, created, event, channels = message
    if await connection.fetchval(_IS_APPLICATION, app) is None:
        return None
    if event:
        known = (app, event, id_, message.digest, created, KNOWN)
        if await connection.fetchval(_KNOW_EVENT, *known) is None:
            return message.repeats(*await connection.fetchrow(_KNOWN_EVENT, app, event))
    row = (id_, app, type_, payload, created, event, channels)
    number = await connection.fetchval(_PUBLISH, *row)
    wanted = [
        kept
        for kept in map(read_kept, await connection.fetch(_ENDPOINTS, app, "", None))
        if (kept.endpoint.id == only if only else kept.endpoint.wants(message))
    ]
    off = [bool(kept.health.disabled) for kept in wanted]
    await connection.execute(
        _MAKE,
        number,
        [kept.endpoint.id for kept in wanted],
        ["skipped" if each else "waiting" for each in off],
        [None if each else created for each in off],
    )
    return Published(id_, "fresh", len(wanted), off.count(False))
