"""Owns the reading side: `DataService` for what records are now, `HistoryService` for what they were."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from frontdesk.ports.records import Query
from frontdesk.records.commands import KeyLike, held_key
from frontdesk.records.options import Opts, with_camel_names
from frontdesk.records.shelf import Shelf
from frontdesk.rules.records.keys import VERSION_LATEST
from frontdesk.rules.records.record import Record
from frontdesk.rules.records.refusals import InvalidRecordError
from frontdesk.rules.records.spans import read_span

_MOST: Final = 1000


class Page(NamedTuple):
    """Records in the order of their sort keys. last_sk: where to go on from; None: there are no more."""

    items: Sequence[Record]
    last_sk: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the camelCase form."""
        return {"items": [record.to_json() for record in self.items], "lastSk": self.last_sk}


@with_camel_names
class DataService:
    """Reads the records of one module. Whoever has written one sees it: it is the same commit."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def get_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """Return a record as it is now. None: there is none. Raises: RecordError, StoreError."""
        return await self._shelf.get("data", held_key(key, opts))

    async def list_items_by_pk(
        self,
        pk: str,
        opts: Opts,
        *,
        sk: Mapping[str, Any] | None = None,
        start_from_sk: str | None = None,
        limit: int = 10,
        order: Literal["asc", "desc"] = "asc",
    ) -> Page:
        """List records of one `pk`. Raises: RecordError, StoreError.

        sk: {"expression": "begins_with(sk, :p)", "values": {":p": "2026-"}}; =, <, <=, >, >= and BETWEEN are known,
        too. start_from_sk: `last_sk` of the page before. limit: from 1 to 1000.
        """
        if not 1 <= limit <= _MOST:
            raise InvalidRecordError(f"Invalid limit: expected 1 to {_MOST}: {limit}")
        if order not in {"asc", "desc"}:
            raise InvalidRecordError(f"Invalid order: expected asc or desc: {order}")
        span, descending = read_span(sk), order == "desc"
        named = held_key((pk, start_from_sk or "-"), opts)
        if start_from_sk is not None:
            span = span.behind(start_from_sk, descending=descending)
        query = Query(self._shelf.module, named.pk, span, limit + 1, descending)
        found = await self._shelf.query(query)
        more = len(found) > limit
        return Page(found[:limit], found[limit - 1].sk if more else None)


Repository = DataService
"""The name that the framework has for reading one's own writes, which needs nothing more here."""


@with_camel_names
class HistoryService:
    """Reads former versions of the read model of one module."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def publish(self, key: KeyLike, opts: Opts) -> Record | None:
        """Keep the record as it is now in the history; return what is kept. Raises: RecordError, StoreError."""
        named, shelf = held_key(key, opts), self._shelf
        row = await shelf.store.archive(
            shelf.name(named), ttl=await shelf.history_ttl(named.pk), now=shelf.clock.time()
        )
        return None if row is None else await shelf.record(row)

    async def get_item(self, key: KeyLike, opts: Opts) -> Record | None:
        """Return what a record was at `sk@version`. None: it is not kept. Raises: RecordError, StoreError."""
        named = held_key(key, opts)
        if named.version == VERSION_LATEST:
            raise InvalidRecordError(f"Invalid sk: expected sk@version: {named.sk}")
        return await self._shelf.get("history", named, named.version)
