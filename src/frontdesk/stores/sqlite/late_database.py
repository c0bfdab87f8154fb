"""Owns when a SQLite file is opened that few gateways need: as soon as something is asked of it."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from frontdesk.base.errors import StartError, StoreError
from frontdesk.stores.sqlite.database import Database

T = TypeVar("T")


class LateDatabase:
    """See Database. A file that could not be opened is tried again with the next question."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opening: asyncio.Task[Database] | None = None

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """See Database. Raises: StoreError."""
        return await (await self._opened()).read(work)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """See Database. Raises: StoreError."""
        return await (await self._opened()).write(work)

    def close(self) -> None:
        """See Database. Who asks again opens it again."""
        opening, self._opening = self._opening, None
        if opening is not None and opening.done() and opening.exception() is None:
            opening.result().close()

    async def _opened(self) -> Database:
        if self._opening is None:
            self._opening = asyncio.ensure_future(asyncio.to_thread(Database.open, self._path))
        try:
            return await asyncio.shield(self._opening)
        except StartError as error:
            self._opening = None
            raise StoreError(error.message) from error
