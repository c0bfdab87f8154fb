"""Owns idempotency keys in PostgreSQL. Exact across gateways: each claim is one statement."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from frontdesk.base.streams import Fields
from frontdesk.ports.idempotency import Answer, Claim, Key
from frontdesk.stores.postgres.database import Database

if TYPE_CHECKING:
    from frontdesk.stores.postgres.database import Connection

_SWEPT: Final = 16
"""Expired keys that are removed with each new one, at most."""

_SWEEP = """
    DELETE FROM frontdesk_idempotency WHERE (scope, key) IN (
        SELECT scope, key FROM frontdesk_idempotency WHERE expires <= $1
        ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED
    )
"""
# A new key, one that has expired, or one whose claim is over.
_CLAIM = """
    INSERT INTO frontdesk_idempotency AS known (scope, key, fingerprint, epoch, lease, expires)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (scope, key) DO UPDATE SET
        fingerprint = excluded.fingerprint,
        epoch = greatest(excluded.epoch, known.epoch + 1),
        lease = excluded.lease,
        expires = CASE WHEN known.expires <= $7 THEN excluded.expires ELSE known.expires END,
        done = false, status = NULL, fields = NULL, body = NULL
    WHERE known.expires <= $7
        OR (known.fingerprint = excluded.fingerprint AND NOT known.done AND known.lease <= $7)
    RETURNING epoch
"""
_FIND = """
    SELECT fingerprint, done, status, fields, body FROM frontdesk_idempotency
    WHERE scope = $1 AND key = $2
"""
_FINISH = """
    UPDATE frontdesk_idempotency SET done = true, status = $4, fields = $5, body = $6
    WHERE scope = $1 AND key = $2 AND epoch = $3 AND NOT done
"""
_RELEASE = """
    DELETE FROM frontdesk_idempotency WHERE scope = $1 AND key = $2 AND epoch = $3 AND NOT done
"""


class PostgresIdempotency:
    """See `ports.idempotency.Idempotency`."""

    def __init__(self, database: Database) -> None:
        """database: of its own, which `close` closes."""
        self._database = database

    async def claim(
        self, key: Key, fingerprint: bytes, *, now: float, lease: float, expires: float
    ) -> Claim:
        """See the port."""
        place = _place(key)
        first = int(now * 1e6)  # beyond any epoch that this key has had before

        async def work(connection: "Connection") -> Claim:
            while True:
                epoch = await connection.fetchval(
                    _CLAIM, *place, fingerprint, first, lease, expires, now
                )
                if epoch is not None:
                    await connection.execute(_SWEEP, now, _SWEPT)
                    return Claim("claimed", epoch)
                found = await connection.fetchrow(_FIND, *place)
                if found is not None:  # else it has been released meanwhile
                    return _known(fingerprint, found)

        return await self._database.run(work)

    async def finish(self, key: Key, epoch: int, answer: Answer | None) -> None:
        """See the port."""
        kept: tuple[object, ...] = (None, None, None)
        if answer is not None:
            kept = (answer.status, _written(answer.fields), answer.body)
        await self._execute(_FINISH, *_place(key), epoch, *kept)

    async def release(self, key: Key, epoch: int) -> None:
        """See the port."""
        await self._execute(_RELEASE, *_place(key), epoch)

    def close(self) -> None:
        """See the port."""
        self._database.close()

    async def _execute(self, statement: str, *values: object) -> None:
        await self._database.run(lambda connection: connection.execute(statement, *values))


def _place(key: Key) -> tuple[bytes, bytes]:
    """Bytes, because a TEXT of this server holds no NUL."""
    return key.scope.encode("utf-8", "surrogatepass"), key.text.encode("utf-8", "surrogatepass")


def _known(asked: bytes, row: Sequence[Any]) -> Claim:
    """Say what stands under a key that cannot be claimed."""
    fingerprint, done, status, fields, body = row
    if fingerprint != asked:
        return Claim("mismatch")
    if not done:
        return Claim("in_progress")
    if status is None:
        return Claim("unkept")
    return Claim("completed", answer=Answer(status, _read(fields), body))


def _written(fields: Fields) -> bytes:
    return orjson.dumps([[each.decode("latin-1") for each in field] for field in fields])


def _read(fields: bytes) -> Fields:
    return [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in orjson.loads(fields)
    ]
