"""Owns what a wire API has made of one kind, in memory as the catalog has it. Knows no kind."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, Protocol, TypeVar

from frontdesk.base.errors import StoreError
from frontdesk.ports.catalog import Catalog, Delete, Put
from frontdesk.stores.following import Following

_LOG: Final = logging.getLogger("frontdesk.publishing")
_PAGE: Final = 500


class Documented(Protocol):
    """Something that can be kept."""

    @property
    def key(self) -> str:
        """What it is kept by."""
        ...

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON."""
        ...


T = TypeVar("T", bound=Documented)


class Kept(Generic[T]):
    """All of one kind, by key. Used on one event loop."""

    def __init__(
        self,
        catalog: Catalog,
        kind: str,
        read: Callable[[Mapping[str, Any]], T],
        changed: Callable[[], None],
    ) -> None:
        """read: makes one of its document. changed: called whenever `items` is another mapping."""
        self.items: Mapping[str, T] = {}
        self._catalog = catalog
        self._kind = kind
        self._read = read
        self._changed = changed
        self._following = Following(self._follow)

    async def start(self) -> None:
        """Read all, and follow what other gateways make. Raises: StoreError."""
        self._catalog.watch(self._kind, self._following.changed)
        await self._refresh()

    def stop(self) -> None:
        """Follow nothing any more."""
        self._following.stop()

    async def put(self, *items: T) -> None:
        """Keep items, all or none. Raises: StoreError."""
        puts = [Put(kind=self._kind, key=item.key, document=item.document) for item in items]
        await self._catalog.commit(puts)
        self._take({**self.items, **{item.key: item for item in items}})

    async def drop(self, keys: Iterable[str]) -> None:
        """Keep items no longer. Raises: StoreError."""
        gone = {*keys} & self.items.keys()
        if gone:
            await self._catalog.commit([Delete(kind=self._kind, key=key) for key in gone])
            self._take({key: item for key, item in self.items.items() if key not in gone})

    def _take(self, items: Mapping[str, T]) -> None:
        self.items = items
        self._changed()

    async def _follow(self) -> None:
        try:
            await self._refresh()
        except StoreError as error:
            extra = {"kind": self._kind, "error": error.message}
            _LOG.warning("topics and buses are not read", extra=extra)

    async def _refresh(self) -> None:
        found: dict[str, T] = {}
        after = ""
        while page := await self._catalog.list(self._kind, after=after, most=_PAGE):
            found |= {each.key: self._read(each.document) for each in page}
            after = page[-1].key
        self._take(found)
