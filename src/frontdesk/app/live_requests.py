"""Owns the requests that somebody watches: has them told while somebody does, keeps the last ones, tells the news."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final, Protocol

from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.telemetry.watching import Take

TOPIC: Final = "request"

KEPT: Final = 500
"""Requests that are kept whole."""

FAILED: Final = 100
"""Requests before these that are kept, too: the last ones that were answered 5xx, which somebody may look for yet."""

LEASE: Final = 60.0
"""Seconds that requests are watched after somebody has asked for the last ones."""

ROW: Final = (
    *("id", "kind", "time", "method", "path", "api", "route", "status", "ms", "upstreamMs"),
    *("client", "key", "connection", "bodyLength", "outcome", "passed"),
)
"""What a list shows of a request; all of it is asked for by its id."""


class Watched(Protocol):
    """Whatever serves."""

    def watch(self, take: Take | None) -> None:
        """Have somebody see requests from now on, or nobody."""
        ...


class LiveRequests:
    """Used on one event loop; `stop` at the end."""

    def __init__(self, watched: Watched, news: News, clock: Clock, wheel: Wheel) -> None:
        self._watched = watched
        self._news = news
        self._clock = clock
        self._lease = wheel.timer(self._lapse)
        self._is_leased = False
        self._watches = False
        self._kept: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._failed: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        news.on_wanted = self._look

    def stop(self) -> None:
        """Watch no more."""
        self._lease.stop()
        self._news.on_wanted = lambda: None

    def last(self, most: int) -> Sequence[Mapping[str, Any]]:
        """Return rows of the last requests, newest first; they are watched for a while from now on."""
        self._is_leased = True
        self._lease.at(self._clock.monotonic() + LEASE)
        self._look()
        newest_first = chain(reversed(self._kept.values()), reversed(self._failed.values()))
        return [_row(document) for document in islice(newest_first, most)]

    def find(self, request_id: str) -> Mapping[str, Any] | None:
        """Find all that is known of a request that is kept."""
        return self._kept.get(request_id) or self._failed.get(request_id)

    def _take(self, document: Mapping[str, Any]) -> None:
        self._kept[document["id"]] = document
        if len(self._kept) > KEPT:
            request_id, oldest = self._kept.popitem(last=False)
            if oldest["status"] >= 500:
                self._failed[request_id] = oldest
        if len(self._failed) > FAILED:
            self._failed.popitem(last=False)
        if TOPIC in self._news.wanted:
            self._news.tell(TOPIC, _row(document))

    def _look(self) -> None:
        watches = self._is_leased or TOPIC in self._news.wanted
        if watches != self._watches:
            self._watches = watches
            self._watched.watch(self._take if watches else None)

    def _lapse(self) -> None:
        self._is_leased = False
        self._look()


def _row(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in ROW}
