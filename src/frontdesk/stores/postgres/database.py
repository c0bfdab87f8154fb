"""Owns the connections to one PostgreSQL database, and its schema. Knows no table.

Connections wait in a deque, the warmest on top: the driver's own pool asks the server to reset each one
after each use, which is one more round trip. The driver is imported when a database is made.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from frontdesk.base.errors import StartError, StoreError
from frontdesk.config.secrets import Secret

if TYPE_CHECKING:
    import asyncpg

    Connection: TypeAlias = asyncpg.Connection

T = TypeVar("T")

MOST: Final = 10
"""Connections of one process."""

_CONNECTING: Final = 5.0  # seconds
_WORKING: Final = 10.0  # seconds of one statement

# What is acknowledged is on the disk, whatever this server does for others. And who stands still in the
# middle of a transaction loses it: others wait for the rows that it has locked.
_SETTINGS: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', '3s', false), CASE
        WHEN current_setting('synchronous_commit') = 'off'
        THEN set_config('synchronous_commit', 'on', false)
    END
"""

_MIGRATIONS: Final = sorted(
    (file for file in (files(__package__) / "migrations").iterdir() if file.name.endswith(".sql")),
    key=lambda file: file.name,
)
"""What has made each version of the schema out of the one before; `frontdesk_schema` counts them."""

_LOOK: Final = "`frontdesk doctor` asks the PostgreSQL of `store`; see its own log, too"

_LOCK: Final = 0x66726F6E74646573  # of whoever migrates: "frontdes", as good as any number


class Database:
    """Used on one event loop. Nothing is opened before the first work."""

    def __init__(self, url: Secret) -> None:
        """url: postgresql://. Raises: StartError, where the driver is missing."""
        try:
            import asyncpg
        except ImportError as error:
            raise StartError(
                "store: this needs the package asyncpg", hint="pip install 'frontdesk[postgres]'"
            ) from error
        self._driver = asyncpg
        self._refused = asyncpg.PostgresError
        self._errors = (
            *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
            *(OSError, TimeoutError),
        )
        self._url = url
        self._idle: deque[Connection] = deque()
        self._free = asyncio.Semaphore(MOST)
        self._migrating = asyncio.Lock()
        self._migrated = False

    async def open(self) -> None:
        """Connect, and bring the schema up to date. Raises: StartError."""
        try:
            await self.run(_nothing)
        except StoreError as error:
            unable = isinstance(error.__cause__, self._driver.InsufficientPrivilegeError)
            raise StartError(
                f"cannot use the store: {error.message}",
                hint="its user makes tables and functions in the schema, and owns them"
                if unable
                else "check the URL of store, and that the server answers",
            ) from error

    async def trouble(self) -> str:
        """Connect once, changing nothing; say what is wrong, "" where nothing is."""
        try:
            connection = await self._connect()
            await connection.close(timeout=_CONNECTING)
        except self._errors as error:
            return str(error) or "no answer"
        return ""

    async def run(self, work: Callable[["Connection"], Awaitable[T]]) -> T:
        """Run `work` and return its result; each statement commits by itself. Raises: StoreError."""
        async with self._free:
            connection: Connection | None = None
            try:
                connection = await self._connection()
                result = await work(connection)
            except self._errors as error:
                if connection is not None and not isinstance(error, self._refused):
                    connection.terminate()  # who knows what it is in the middle of
                self._put_back(connection)
                told = str(error) or "no answer"
                raise StoreError(f"the store did not do it: {told}", hint=_LOOK) from error
            except asyncio.CancelledError:
                if connection is not None:
                    connection.terminate()
                raise
            except BaseException:
                self._put_back(connection)
                raise
            self._put_back(connection)
            return result

    async def write(self, work: Callable[["Connection"], Awaitable[T]]) -> T:
        """Run `work` in a transaction and return its result once that is committed.

        What `work` raises undoes all that it did. Raises: StoreError, and nothing has changed.
        """

        async def whole(connection: "Connection") -> T:
            async with connection.transaction():
                return await work(connection)

        return await self.run(whole)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().terminate()

    async def _connection(self) -> "Connection":
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        connection = await self._connect()
        async with self._migrating:
            if not self._migrated:
                try:
                    await _migrate(connection)
                except BaseException:
                    connection.terminate()
                    raise
                self._migrated = True
        return connection

    async def _connect(self) -> "Connection":
        connection = await self._driver.connect(
            self._url.reveal(), timeout=_CONNECTING, command_timeout=_WORKING
        )
        await connection.execute(_SETTINGS)
        return connection

    def _put_back(self, connection: "Connection | None") -> None:
        if connection is not None and not connection.is_closed():
            self._idle.append(connection)


async def _nothing(_connection: "Connection") -> None:
    """To have a connection is enough."""


async def _migrate(connection: "Connection") -> None:
    async with connection.transaction():
        # Other gateways may start at the same time.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute("CREATE TABLE IF NOT EXISTS frontdesk_schema (version INTEGER)")
        version = await connection.fetchval("SELECT version FROM frontdesk_schema") or 0
        if version > len(_MIGRATIONS):
            raise StartError(
                "cannot use the store: it was made by a newer Frontdesk",
                hint="start that version, or name another database in `store`",
            )
        if version == len(_MIGRATIONS):
            return
        for migration in _MIGRATIONS[version:]:
            await connection.execute(migration.read_text(encoding="utf-8"))
        await connection.execute("DELETE FROM frontdesk_schema")
        await connection.execute(
            "INSERT INTO frontdesk_schema (version) VALUES ($1)", len(_MIGRATIONS)
        )
