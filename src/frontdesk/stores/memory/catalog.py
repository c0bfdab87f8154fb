"""Owns a Catalog in this process: what the port means, in the fewest words."""

from collections.abc import Callable, Sequence
from itertools import islice

import orjson

from frontdesk.base.clock import Clock
from frontdesk.ports.catalog import Catalog, Change, ConflictError, Delete, Record
from frontdesk.stores.watches import Watches

Versions = dict[tuple[str, str], list[Record]]
"""By kind and key, oldest first; never an empty list."""


class MemoryCatalog(Catalog):
    """See `ports.catalog.Catalog`; gone with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._versions: Versions = {}
        self._watches = Watches()

    async def commit(self, changes: Sequence[Change]) -> Sequence[Record]:
        """See the port."""
        versions = dict(self._versions)
        now = self._clock.time()
        records = [_change(versions, change, now) for change in changes]
        self._versions = versions
        self._watches.tell(change.kind for change in changes)
        return [record for record in records if record is not None]

    async def get(self, kind: str, key: str, version: int | None = None) -> Record | None:
        """See the port."""
        kept = self._versions.get((kind, key), [])
        if version is None:
            return kept[-1] if kept else None
        return next((record for record in kept if record.version == version), None)

    async def list(
        self, kind: str, *, after: str = "", most: int | None = None
    ) -> Sequence[Record]:
        """See the port."""
        newest = (
            kept[-1]
            for (of_kind, key), kept in sorted(self._versions.items())
            if of_kind == kind and key > after
        )
        return list(islice(newest, most))

    async def history(self, kind: str, key: str) -> Sequence[Record]:
        """See the port."""
        return self._versions.get((kind, key), [])[::-1]

    def watch(self, kind: str, changed: Callable[[], None]) -> None:
        """See the port."""
        self._watches.add(kind, changed)


def _change(versions: Versions, change: Change, now: float) -> Record | None:
    place = (change.kind, change.key)
    kept = versions.get(place, [])
    found = kept[-1].version if kept else 0
    if change.expect is not None and change.expect != found:
        raise ConflictError(change, found)
    if isinstance(change, Delete):
        versions.pop(place, None)
        return None
    document = orjson.loads(orjson.dumps(change.document))
    record = Record(change.kind, change.key, found + 1, now, document)
    versions[place] = [*kept, record][-change.keep :]
    return record
