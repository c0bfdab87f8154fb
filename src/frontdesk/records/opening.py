"""Owns the opening of a record of results: by its URL, or by what the gateway has told its functions."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from frontdesk.base.clock import Clock, SystemClock
from frontdesk.base.errors import StartError
from frontdesk.ports.records import URL, RecordStore
from frontdesk.records.blobs import Blobs, blobs_beside
from frontdesk.records.commands import CommandService
from frontdesk.records.handlers import Handler, Handlers
from frontdesk.records.reading import DataService, HistoryService
from frontdesk.records.sequences import SequencesService
from frontdesk.records.shelf import Shelf
from frontdesk.rules.records.refusals import InvalidRecordError

_URLS: Final = "memory, sqlite:///path or postgresql://user@host/database"
_CLOCK: Final = SystemClock()
_PATIENCE: Final = 10.0


class Records:
    """A record of results that is open. Used on one event loop.

    async with records.open("sqlite:///shop.db") as opened:
        orders = opened.commands("orders")
    """

    def __init__(self, store: RecordStore, blobs: Blobs | None, clock: Clock = _CLOCK) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._handlers: list[Handlers] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def commands(
        self, module: str, *, handlers: Mapping[str, Handler] | None = None
    ) -> CommandService:
        """Return what writes the records of a module.

        handlers: code that makes other read models, by a name that stays.
        """
        shelf = self._shelf(module)
        of_module = Handlers(shelf, handlers or {})
        self._handlers.append(of_module)
        return CommandService(shelf, of_module)

    def data(self, module: str) -> DataService:
        """Return what reads the records of a module."""
        return DataService(self._shelf(module))

    def history(self, module: str) -> HistoryService:
        """Return what reads former versions of a module."""
        return HistoryService(self._shelf(module))

    def sequences(self) -> SequencesService:
        """Return what gives numbers."""
        return SequencesService(self._store, self._clock)

    async def close(self, patience: float = _PATIENCE) -> None:
        """Let handlers end that have begun, for up to `patience` seconds, and close the store."""
        await asyncio.gather(*(each.stop(patience) for each in self._handlers))
        self._store.close()

    def _shelf(self, module: str) -> Shelf:
        if not module or not module.replace("-", "").replace("_", "").isalnum():
            raise InvalidRecordError(
                f"Invalid module: expected letters, digits, _ and -: {module!r}"
            )
        return Shelf(self._store, module, self._blobs, self._clock)


def open_records(url: str | None = None, *, blobs: Path | None = None) -> Records:
    """Open a record of results. Nothing is read before the first call.

    url: memory, sqlite:///path or postgresql://…; None: the one in FRONTDESK_RECORDS_URL, which functions of a
    gateway have. blobs: folder of large attributes; default beside a SQLite file, elsewhere they stay in their rows.
    Raises: StartError.
    """
    found = url or os.environ.get(URL, "")
    if not found:
        raise StartError(
            f"there is no record of results: no url is given, and {URL} is not set",
            hint=f"records.open(url) with {_URLS}; a gateway with `store: memory` has none",
        )
    scheme = found.partition(":")[0]
    if scheme == "memory":
        from frontdesk.stores.memory.records import MemoryRecords

        return Records(MemoryRecords(), _blobs(blobs))
    if scheme == "sqlite":
        from frontdesk.stores.sqlite.records import SqliteRecords

        path = _path(found)
        return Records(SqliteRecords(path), _blobs(blobs or blobs_beside(path)))
    if scheme in {"postgresql", "postgres"}:
        from frontdesk.config.secrets import Secret
        from frontdesk.stores.postgres.database import Database
        from frontdesk.stores.postgres.records import PostgresRecords

        return Records(PostgresRecords(Database(Secret(found))), _blobs(blobs))
    raise StartError(f"cannot open records: expected {_URLS}")  # a URL may have a password in it


def _blobs(folder: Path | None) -> Blobs | None:
    return None if folder is None else Blobs(folder)


def _path(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc or len(parts.path) <= 1:
        raise StartError(f"cannot open records: expected sqlite:///path: {url}")
    return Path("/", parts.path.lstrip("/"))
