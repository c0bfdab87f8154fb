"""Owns the records of one module as records: rows of the store become them, large attributes go aside.

Knows neither callers nor versions that follow one another.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.ports.records import Name, Publication, Query, RecordStore, Row, Table
from frontdesk.records.blobs import LARGEST, Blobs, is_blob
from frontdesk.rules.records.keys import MASTER, SEPARATOR, Key, tenant_of
from frontdesk.rules.records.record import Record, read_document, write_document, write_json

_MASTER: Final = "master"
"""Module of settings."""

_DAY: Final = 86_400
_SETTLED: Final = 60.0
"""Seconds for which settings are not read again."""


class Shelf:
    """The records of one module."""

    def __init__(self, store: RecordStore, module: str, blobs: Blobs | None, clock: Clock) -> None:
        self.module = module
        self.clock = clock
        self.store = store
        self._blobs = blobs
        self._days: dict[tuple[str, Table], tuple[float, int | None]] = {}

    def name(self, key: Key) -> Name:
        """Name a record for the store."""
        return Name(self.module, key.pk, key.sk)

    async def get(self, table: Table, key: Key, version: int | None = None) -> Record | None:
        """Return a version, or without `version` the last one. Raises: StoreError."""
        row = await self.store.get(table, self.name(key), version, now=self.clock.time())
        return None if row is None else await self.record(row)

    async def query(self, query: Query) -> Sequence[Record]:
        """Return what is asked for. Raises: StoreError."""
        rows = await self.store.query(query, now=self.clock.time())
        return [await self.record(row) for row in rows]

    async def publish(self, command: Record, data: Record, *, by_hand: bool) -> bool:
        """Commit a version, see the port. Raises: StoreError."""
        document = await self._document(command)
        row = Row(
            *(command.pk, command.sk, command.version, document),
            command.ttl,
            command.status or "",
        )
        publication = Publication(
            self.module,
            row,
            await self._document(data),
            await self._ttl("command", command.pk),
            await self.history_ttl(command.pk),
            by_hand,
        )
        return await self.store.publish(publication, now=self.clock.time())

    async def history_ttl(self, pk: str) -> int | None:
        """Return when a row of the history that is written now is to go. Raises: StoreError."""
        return await self._ttl("history", pk)

    async def record(self, row: Row) -> Record:
        """Put a record together. Raises: StoreError."""
        record = read_document(
            row.document,
            pk=row.pk,
            sk=row.sk,
            version=row.version,
            ttl=row.ttl,
            status=row.status,
        )
        attributes: Any = record.attributes
        if self._blobs is not None and is_blob(attributes):
            return replace(record, attributes=json.loads(await self._blobs.load(attributes)))
        return record

    async def _document(self, record: Record) -> str:
        document = write_document(record)
        if self._blobs is None or len(document) <= LARGEST or record.attributes is None:
            return document
        aside: Any = await self._blobs.keep(write_json(record.attributes))
        return write_document(replace(record, attributes=aside))

    async def _ttl(self, table: Table, pk: str) -> int | None:
        """Return when a former version that is left now is to go, as (MASTER#tenant, TTL#module-table) says."""
        tenant, now = tenant_of(pk), self.clock.time()
        since, days = self._days.get((tenant, table), (0.0, None))
        if since <= now - _SETTLED:
            name = Name(_MASTER, f"{MASTER}{SEPARATOR}{tenant}", f"TTL#{self.module}-{table}")
            row = await self.store.get("data", name, now=now)
            found = {} if row is None else json.loads(row.document).get("attributes") or {}
            days = found.get("days")
            days = days if isinstance(days, int) and days > 0 else None
            self._days[tenant, table] = now, days
        return None if days is None else int(now) + days * _DAY
