"""Owns what has just happened, for whoever watches: by topic, numbered, the last of it kept for who was away.

Whoever has news asks first whether somebody wants it, so that what nobody watches costs one look:

    if REQUEST in news.wanted:
        news.tell(REQUEST, {"path": …})
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

KEPT: Final = 10_000
"""News that are kept for watchers who come back."""


class Item(NamedTuple):
    """One piece. number: grows by one, over all topics. document: a JSON object."""

    number: int
    topic: str
    document: Mapping[str, Any]


class News:
    """All news of one process. Used on one event loop."""

    __slots__ = ("_kept", "_number", "_watchers", "on_wanted", "wanted")

    def __init__(self) -> None:
        self.wanted: frozenset[str] = frozenset()
        """Topics that somebody watches."""
        self.on_wanted: Callable[[], None] = lambda: None
        """Called whenever `wanted` has changed."""
        self._watchers: dict[Callable[[Item], None], frozenset[str]] = {}
        self._kept: deque[Item] = deque(maxlen=KEPT)
        self._number = 0

    def tell(self, topic: str, document: Mapping[str, Any]) -> None:
        """Tell whoever watches a topic."""
        self._number += 1
        item = Item(self._number, topic, document)
        self._kept.append(item)
        for take, topics in self._watchers.items():
            if topic in topics:
                take(item)

    def watch(self, topics: frozenset[str], take: Callable[[Item], None]) -> Callable[[], None]:
        """Have `take` called with what comes of some topics, at once; return what ends that.

        `take` must not watch nor end anything itself.
        """
        self._watchers[take] = topics
        self._want()

        def end() -> None:
            self._watchers.pop(take, None)
            self._want()

        return end

    def since(self, number: int, topics: frozenset[str]) -> Iterator[Item]:
        """Yield what is kept of some topics from after an item, oldest first."""
        for item in list(self._kept):
            if item.number > number and item.topic in topics:
                yield item

    def _want(self) -> None:
        former, self.wanted = self.wanted, frozenset().union(*self._watchers.values())
        if self.wanted != former:
            self.on_wanted()
