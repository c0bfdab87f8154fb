"""Owns who is told of changes to a Catalog. Knows no store."""

from collections import defaultdict
from collections.abc import Callable, Iterable


class Watches:
    """What to call, by kind of document."""

    def __init__(self) -> None:
        self._watches: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    def add(self, kind: str, changed: Callable[[], None]) -> None:
        """See `ports.catalog.Catalog.watch`."""
        self._watches[kind].append(changed)

    def tell(self, kinds: Iterable[str]) -> None:
        """Tell that documents of these kinds have changed."""
        for kind in dict.fromkeys(kinds):
            for changed in self._watches.get(kind, ()):
                changed()
