"""Composes what is kept and told for operators of a gateway at work: metrics over time, requests as they end, breakers."""

from typing import Final, Protocol

from frontdesk.app.data_plane import Follow
from frontdesk.app.live_requests import LiveRequests, Watched
from frontdesk.app.metrics_history import MetricsHistory
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.client.looks import Move
from frontdesk.gateway.telemetry.scrape import Samples
from frontdesk.ports.catalog import Catalog

BREAKER: Final = "breaker"
"""The topic. Documents: {"upstream", "target", "state", "worker"}; see looks.Move."""


class Serving(Watched, Protocol):
    """Whatever serves, with one process or several."""

    def follow(self, tell: Follow) -> None:
        """Have somebody told when a breaker or a target of a backend changes."""
        ...

    @property
    def samples(self) -> Samples:
        """Gives what is counted in all of them."""
        ...


class Observing:
    """Used on one event loop: `start`, then `stop`."""

    def __init__(
        self, serving: Serving, catalog: Catalog, clock: Clock, wheel: Wheel, news: News
    ) -> None:
        """catalog: of this machine."""
        self.history = MetricsHistory(serving.samples, catalog, clock, wheel, news)
        self.live = LiveRequests(serving, news, clock, wheel)
        self._news = news
        serving.follow(self._tell)

    async def start(self) -> None:
        """Begin to look at metrics. Raises: StoreError."""
        await self.history.start()

    async def stop(self) -> None:
        """Keep what was seen, and look no more."""
        self.live.stop()
        await self.history.stop()

    def _tell(self, worker: int, move: Move) -> None:
        if BREAKER in self._news.wanted:
            self._news.tell(BREAKER, {**move._asdict(), "worker": worker})
