"""Owns idempotency keys in the SQLite file. Exact across processes: each claim is one transaction that writes.

The file is opened when the first key comes: most gateways have none.
"""

import sqlite3
from pathlib import Path
from typing import Final

import orjson

from frontdesk.base.streams import Fields
from frontdesk.ports.idempotency import Answer, Claim, Key
from frontdesk.stores.sqlite.late_database import LateDatabase

_SWEPT: Final = 16
"""Expired keys that are removed with each claim, at most."""

_SWEEP = """
    DELETE FROM idempotency WHERE rowid IN
        (SELECT rowid FROM idempotency WHERE expires <= ? ORDER BY expires LIMIT ?)
"""
_FORGET = "DELETE FROM idempotency WHERE scope = ? AND key = ? AND expires <= ?"
_FIND = """
    SELECT fingerprint, epoch, lease, done, status, fields, body FROM idempotency
    WHERE scope = ? AND key = ?
"""
_INSERT = """
    INSERT INTO idempotency (scope, key, fingerprint, epoch, lease, expires)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_TAKE_OVER = "UPDATE idempotency SET epoch = ?, lease = ? WHERE scope = ? AND key = ?"
_FINISH = """
    UPDATE idempotency SET done = 1, status = ?, fields = ?, body = ?
    WHERE scope = ? AND key = ? AND epoch = ? AND NOT done
"""
_RELEASE = "DELETE FROM idempotency WHERE scope = ? AND key = ? AND epoch = ? AND NOT done"


class SqliteIdempotency:
    """See `ports.idempotency.Idempotency`."""

    def __init__(self, path: Path) -> None:
        """path: of the file, which others may use at the same time."""
        self._database = LateDatabase(path)

    async def claim(
        self, key: Key, fingerprint: bytes, *, now: float, lease: float, expires: float
    ) -> Claim:
        """See the port."""

        def work(connection: sqlite3.Connection) -> Claim:
            connection.execute(_SWEEP, (now, _SWEPT))
            connection.execute(_FORGET, (*key, now))
            found = connection.execute(_FIND, key).fetchone()
            if found is None:
                epoch = int(now * 1e6)  # beyond any that this key has had before
                connection.execute(_INSERT, (*key, fingerprint, epoch, lease, expires))
                return Claim("claimed", epoch)
            known, epoch, held, done, status, fields, body = found
            if known != fingerprint:
                return Claim("mismatch")
            if done:
                answer = None if status is None else Answer(status, _read(fields), body)
                return Claim("completed" if answer else "unkept", answer=answer)
            if held > now:
                return Claim("in_progress")
            connection.execute(_TAKE_OVER, (epoch + 1, lease, *key))
            return Claim("claimed", epoch + 1)

        return await self._database.write(work)

    async def finish(self, key: Key, epoch: int, answer: Answer | None) -> None:
        """See the port."""
        kept: tuple[object, ...] = (None, None, None)
        if answer is not None:
            kept = (answer.status, _written(answer.fields), answer.body)
        await self._execute(_FINISH, (*kept, *key, epoch))

    async def release(self, key: Key, epoch: int) -> None:
        """See the port."""
        await self._execute(_RELEASE, (*key, epoch))

    def close(self) -> None:
        """See the port."""
        self._database.close()

    async def _execute(self, statement: str, values: tuple[object, ...]) -> None:
        await self._database.write(
            lambda connection: connection.execute(statement, values).rowcount
        )


def _written(fields: Fields) -> bytes:
    return orjson.dumps([[each.decode("latin-1") for each in field] for field in fields])


def _read(fields: bytes) -> Fields:
    return [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in orjson.loads(fields)
    ]
