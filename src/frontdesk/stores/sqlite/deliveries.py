"""Owns what outgoing webhooks in SQLite are: applications, endpoints, messages, what became of them.

`deliveries_sending` has what is done while they are sent. Each operation is one job of the file's thread.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

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
from frontdesk.stores.sqlite import deliveries_sending as sending
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.deliveries_sending import (
    KEPT,
    MESSAGE,
    find_endpoint,
    make_delivery,
    put_health,
    read_kept,
    read_message,
    skip,
)

_PUT_APPLICATION: Final = """
    INSERT INTO webhook_applications (id, name, created) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id, name, created
"""
_APPLICATIONS: Final = """
    SELECT id, name, created FROM webhook_applications WHERE id > ? ORDER BY id LIMIT ?
"""
_APPLICATION: Final = "SELECT id, name, created FROM webhook_applications WHERE id = ?"
_IS_APPLICATION: Final = "SELECT 1 FROM webhook_applications WHERE id = ?"
_DROP_APPLICATION: Final = (
    """
    DELETE FROM webhook_attempts WHERE delivery IN (
        SELECT delivery.number FROM webhook_deliveries AS delivery
        JOIN webhook_messages AS message ON message.number = delivery.message WHERE app = ?
    )
    """,
    """
    DELETE FROM webhook_deliveries WHERE message IN (
        SELECT number FROM webhook_messages WHERE app = ?
    )
    """,
    "DELETE FROM webhook_messages WHERE app = ?",
    "DELETE FROM webhook_events WHERE app = ?",
    "DELETE FROM webhook_endpoints WHERE app = ?",
    "DELETE FROM webhook_applications WHERE id = ?",
)
_ADD_ENDPOINT: Final = """
    INSERT INTO webhook_endpoints (id, app, created, version, document, disabled, paused, full)
    VALUES (?, ?, ?, 1, ?, '', 0, 0) ON CONFLICT (id) DO NOTHING
"""
_CHANGE_ENDPOINT: Final = """
    UPDATE webhook_endpoints SET version = version + 1, document = ?
    WHERE id = ? AND app = ? AND version = ?
"""
_ENDPOINTS: Final = f"""
    SELECT {KEPT} FROM webhook_endpoints WHERE app = ? AND id > ? ORDER BY id LIMIT ?
"""  # noqa: S608 - columns
_DROP_ENDPOINT: Final = (
    """
    DELETE FROM webhook_attempts WHERE delivery IN (
        SELECT number FROM webhook_deliveries WHERE endpoint = ?
    )
    """,
    "DELETE FROM webhook_deliveries WHERE endpoint = ?",
    "DELETE FROM webhook_endpoints WHERE id = ?",
)

_KNOWN_EVENT: Final = """
    SELECT message, digest FROM webhook_events WHERE app = ? AND event = ? AND since > ?
"""
_KNOW_EVENT: Final = """
    INSERT OR REPLACE INTO webhook_events (app, event, message, digest, since) VALUES (?, ?, ?, ?, ?)
"""
_PUBLISH: Final = """
    INSERT INTO webhook_messages (id, app, type, payload, created, event, channels)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_MESSAGE: Final = f"""
    SELECT {MESSAGE} FROM webhook_messages AS message WHERE app = ? AND id = ?
"""  # noqa: S608 - columns
_MESSAGES: Final = f"""
    SELECT number, {MESSAGE} FROM webhook_messages AS message
    WHERE app = ? AND (? = 0 OR number < ?) ORDER BY number DESC LIMIT ?
"""  # noqa: S608 - columns
_LISTED: Final = """
    SELECT delivery.number, message.id, message.type, endpoint, state, attempts, due, created
    FROM webhook_deliveries AS delivery
    JOIN webhook_messages AS message ON message.number = delivery.message
"""
_OF_MESSAGE: Final = f"""
    {_LISTED} WHERE app = :app AND message.id = :message
        AND (:endpoint = '' OR endpoint = :endpoint) AND state = coalesce(:state, state)
        AND (:token = 0 OR delivery.number < :token)
    ORDER BY delivery.number DESC LIMIT :most
"""
_OF_ENDPOINT: Final = f"""
    {_LISTED} WHERE app = :app AND endpoint = :endpoint AND state = coalesce(:state, state)
        AND (:token = 0 OR delivery.number < :token)
    ORDER BY delivery.number DESC LIMIT :most
"""
_OF_APPLICATION: Final = f"""
    {_LISTED} WHERE app = :app AND state = coalesce(:state, state)
        AND (:token = 0 OR delivery.number < :token)
    ORDER BY delivery.number DESC LIMIT :most
"""
_ATTEMPTS: Final = """
    SELECT endpoint, attempt.number, at, seconds, status, error, address, head, body
    FROM webhook_messages AS message
    JOIN webhook_deliveries AS delivery ON delivery.message = message.number
    JOIN webhook_attempts AS attempt ON attempt.delivery = delivery.number
    WHERE app = ? AND message.id = ? ORDER BY at, delivery.number, attempt.number
"""

_OLD: Final = """
    SELECT number FROM webhook_messages AS message
    WHERE created <= ? AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries AS delivery
        WHERE delivery.message = message.number AND due IS NOT NULL
    ) ORDER BY created, number LIMIT ?
"""
_FORGET: Final = (
    """
    DELETE FROM webhook_attempts WHERE delivery IN (
        SELECT number FROM webhook_deliveries WHERE message = ?
    )
    """,
    "DELETE FROM webhook_deliveries WHERE message = ?",
    "DELETE FROM webhook_messages WHERE number = ?",
)
_FORGET_EVENTS: Final = "DELETE FROM webhook_events WHERE since <= ?"
_COUNT: Final = """
    SELECT count(*), min(due), (SELECT count(*) FROM webhook_endpoints WHERE disabled <> '')
    FROM webhook_deliveries WHERE due IS NOT NULL
"""


class SqliteDeliveries:
    """See `ports.deliveries.DeliveryStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- applications and endpoints -----------------------------------------------------------------

    async def put_application(self, application: Application) -> Application:
        """See the port."""
        return await self._database.write(
            lambda connection: Application(
                *connection.execute(_PUT_APPLICATION, application).fetchone()
            )
        )

    async def applications(self, *, after: str = "", most: int) -> Sequence[Application]:
        """See the port."""
        return await self._database.read(
            lambda connection: [
                Application(*row) for row in connection.execute(_APPLICATIONS, (after, most))
            ]
        )

    async def application(self, app: str) -> Application | None:
        """See the port."""
        found = await self._database.read(
            lambda connection: connection.execute(_APPLICATION, (app,)).fetchone()
        )
        return found and Application(*found)

    async def drop_application(self, app: str) -> bool:
        """See the port."""
        return await self._drop(_DROP_APPLICATION, app)

    async def put_endpoint(self, endpoint: Endpoint) -> Endpoint | None:
        """See the port."""
        return await self._database.write(lambda connection: _put_endpoint(connection, endpoint))

    async def endpoint(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""
        return await self._database.read(
            lambda connection: find_endpoint(connection, endpoint, app)
        )

    async def endpoints(self, app: str, *, after: str = "", most: int) -> Sequence[Kept]:
        """See the port."""
        return await self._database.read(
            lambda connection: [
                read_kept(row) for row in connection.execute(_ENDPOINTS, (app, after, most))
            ]
        )

    async def drop_endpoint(self, app: str, endpoint: str) -> bool:
        """See the port."""
        if await self.endpoint(app, endpoint) is None:
            return False
        return await self._drop(_DROP_ENDPOINT, endpoint)

    async def disable(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Kept | None:
            kept = find_endpoint(connection, endpoint, app)
            if kept is None:
                return None
            skip(connection, endpoint)
            return put_health(connection, kept, kept.health.switched_off())

        return await self._database.write(work)

    async def enable(self, app: str, endpoint: str) -> Kept | None:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Kept | None:
            kept = find_endpoint(connection, endpoint, app)
            return kept and put_health(connection, kept, Health(full=kept.health.full))

        return await self._database.write(work)

    # -- messages -------------------------------------------------------------------------------------

    async def publish(self, message: Message, *, only: str = "") -> Published | None:
        """See the port."""
        return await self._database.write(lambda connection: _publish(connection, message, only))

    async def message(self, app: str, message: str) -> Message | None:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Message | None:
            row = connection.execute(_MESSAGE, (app, message)).fetchone()
            return None if row is None else read_message(row)

        return await self._database.read(work)

    async def messages(self, app: str, *, most: int, token: int = 0) -> Page[Message]:
        """See the port."""
        rows = await self._rows(_MESSAGES, (app, token, token, most + 1))
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
        statement = _OF_MESSAGE if message else _OF_ENDPOINT if endpoint else _OF_APPLICATION
        values = {
            "app": app,
            "message": message,
            "endpoint": endpoint,
            "state": state,
            "token": token,
            "most": most + 1,
        }
        rows = await self._rows(statement, values)
        return Page.of([(row[0], Delivery(*row[1:])) for row in rows], most)

    async def attempts(self, app: str, message: str) -> Sequence[tuple[str, Attempt]]:
        """See the port."""
        rows = await self._rows(_ATTEMPTS, (app, message))
        return [(row[0], Attempt(*row[1:])) for row in rows]

    # -- sending --------------------------------------------------------------------------------------

    async def ready(self, *, now: float) -> Sequence[str]:
        """See the port."""
        return await self._database.read(lambda connection: sending.ready(connection, now))

    async def lease(self, wishes: Mapping[str, int], *, now: float, until: float) -> Sequence[Turn]:
        """See the port."""
        return await self._database.write(
            lambda connection: sending.lease(connection, wishes, now, until)
        )

    async def renew(self, held: Sequence[Held], *, until: float) -> Sequence[bool]:
        """See the port."""
        return await self._database.write(lambda connection: sending.renew(connection, held, until))

    async def put_back(self, held: Held, *, due: float, paused: float = 0.0) -> bool:
        """See the port."""
        return await self._database.write(
            lambda connection: sending.put_back(connection, held, due, paused)
        )

    async def settle(self, held: Held, settlement: Settlement, *, now: float) -> Settled:
        """See the port."""
        return await self._database.write(
            lambda connection: sending.settle(connection, held, settlement, now)
        )

    # -- once more ------------------------------------------------------------------------------------

    async def resend(self, app: str, message: str, endpoint: str, *, now: float) -> bool:
        """See the port."""
        return await self._database.write(
            lambda connection: sending.resend(connection, app, message, endpoint, now)
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
            lambda connection: sending.recover(
                connection, app, endpoint, since=since, until=until, now=now, most=most, after=after
            )
        )

    async def forget(self, before: float, *, most: int) -> int:
        """See the port."""

        def work(connection: sqlite3.Connection) -> int:
            old = connection.execute(_OLD, (before, most)).fetchall()
            for statement in _FORGET:
                connection.executemany(statement, old)
            return len(old)

        return await self._database.write(work)

    async def forget_events(self, before: float) -> None:
        """See the port."""
        await self._database.write(lambda connection: connection.execute(_FORGET_EVENTS, (before,)))

    async def counts(self) -> Counts:
        """See the port."""
        return Counts(*(await self._rows(_COUNT, ()))[0])

    # -- inside ---------------------------------------------------------------------------------------

    async def _rows(self, statement: str, values: Any) -> Sequence[tuple[Any, ...]]:
        return await self._database.read(
            lambda connection: connection.execute(statement, values).fetchall()
        )

    async def _drop(self, statements: Sequence[str], identity: str) -> bool:
        """Run statements of which the last one drops the thing itself."""

        def work(connection: sqlite3.Connection) -> bool:
            return [connection.execute(each, (identity,)).rowcount for each in statements][-1] > 0

        return await self._database.write(work)


def _put_endpoint(connection: sqlite3.Connection, endpoint: Endpoint) -> Endpoint | None:
    document = orjson.dumps(endpoint.document).decode()
    if endpoint.version:
        change = (document, endpoint.id, endpoint.app, endpoint.version)
        done = connection.execute(_CHANGE_ENDPOINT, change).rowcount
    elif connection.execute(_IS_APPLICATION, (endpoint.app,)).fetchone() is None:
        done = 0
    else:
        new = (endpoint.id, endpoint.app, endpoint.created, document)
        done = connection.execute(_ADD_ENDPOINT, new).rowcount
    return endpoint.following if done else None


def _publish(connection: sqlite3.Connection, message: Message, only: str) -> Published | None:
    id_, app, type_, payload, created, event, channels = message
    if connection.execute(_IS_APPLICATION, (app,)).fetchone() is None:
        return None
    if event:
        known = connection.execute(_KNOWN_EVENT, (app, event, created - KNOWN)).fetchone()
        if known is not None:
            return message.repeats(*known)
        connection.execute(_KNOW_EVENT, (app, event, id_, message.digest, created))
    row = (id_, app, type_, payload, created, event, orjson.dumps(channels).decode())
    number = connection.execute(_PUBLISH, row).lastrowid
    assert number is not None
    wanted = [
        kept
        for kept in map(read_kept, connection.execute(_ENDPOINTS, (app, "", -1)))
        if (kept.endpoint.id == only if only else kept.endpoint.wants(message))
    ]
    for kept in wanted:
        make_delivery(connection, number, kept, created)
    waiting = sum(not kept.health.disabled for kept in wanted)
    return Published(id_, "fresh", len(wanted), waiting)
