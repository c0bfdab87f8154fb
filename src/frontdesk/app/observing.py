"""Composes what operators see of a gateway at work: metrics over time, requests as they end, routes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from frontdesk.app.data_plane import Candidate
from frontdesk.app.door_calls import Door
from frontdesk.app.live_requests import LiveRequests, Watched
from frontdesk.app.metrics_api import MetricsApi
from frontdesk.app.metrics_history import MetricsHistory
from frontdesk.app.requests_api import RequestsApi
from frontdesk.app.routes_api import RoutesApi
from frontdesk.base.addresses import Address
from frontdesk.base.clock import Clock
from frontdesk.base.news import News
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.queues.queues import Queues
from frontdesk.gateway.admin import Face
from frontdesk.gateway.telemetry.scrape import Samples
from frontdesk.ports.catalog import Catalog


class Serving(Watched, Protocol):
    """Whatever serves, with one process or several."""

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
        self._clock = clock
        self._history = MetricsHistory(serving.samples, catalog, clock, wheel, news)
        self._live = LiveRequests(serving, news, clock, wheel)

    async def start(self) -> None:
        """Begin to look at metrics. Raises: StoreError."""
        await self._history.start()

    async def stop(self) -> None:
        """Keep what was seen, and look no more."""
        self._live.stop()
        await self._history.stop()

    def faces(
        self,
        config: Config,
        queues: Queues,
        addresses: Callable[[], Sequence[Address]],
        in_force: Callable[[], Candidate],
    ) -> tuple[Face, ...]:
        """Make what the admin listener shows.

        addresses: gives where clients connect, none at first. in_force: gives what is configured now.
        """
        tls = config.listen[0].tls is not None
        counts = config.metrics is not None

        def dead_letters() -> Iterator[str]:
            return (queue.rules.dead_letter for queue in queues.all() if queue.rules.dead_letter)

        def door() -> Door | None:
            return next((Door(address, tls) for address in addresses()), None)

        return (
            MetricsApi(self._history, dead_letters, self._clock, counts=counts),
            RequestsApi(self._live, door),
            RoutesApi(in_force, door, self._clock),
        )
