"""Owns documents of one kind in a Catalog that are changed by reading, deciding and writing."""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import orjson

from frontdesk.ports.catalog import Catalog, ConflictError, Delete, Put

_PAGE: Final = 500

Json = dict[str, Any]


class Documents:
    """All documents of a kind."""

    def __init__(self, catalog: Catalog, kind: str) -> None:
        self.catalog = catalog
        self.kind = kind

    async def get(self, name: str) -> Json | None:
        """Read one; None: there is none. Raises: StoreError."""
        record = await self.catalog.get(self.kind, name)
        return None if record is None else dict(record.document)

    async def change(self, name: str, decide: Callable[[Json | None], Json]) -> Json:
        """Put what `decide` makes of a document, None where there is none; return it.

        The very same is left as it is. decide: is asked again when somebody else was faster.
        Raises: what it raises; StoreError.
        """
        while True:
            record = await self.catalog.get(self.kind, name)
            former = None if record is None else dict(record.document)
            document = decide(former)
            if orjson.dumps(document) == orjson.dumps(former):
                return document
            expect = 0 if record is None else record.version
            put = Put(kind=self.kind, key=name, document=document, expect=expect)
            try:
                await self.catalog.commit([put])
            except ConflictError:
                continue
            return document

    async def delete(self, name: str) -> None:
        """Remove one for good. Raises: StoreError."""
        await self.catalog.commit([Delete(kind=self.kind, key=name)])

    async def all(self) -> AsyncIterator[tuple[str, Json]]:
        """Read all, in the order of their names. Raises: StoreError."""
        after = ""
        while page := await self.catalog.list(self.kind, after=after, most=_PAGE):
            for record in page:
                yield record.key, dict(record.document)
            after = page[-1].key
