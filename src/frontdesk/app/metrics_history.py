"""Owns what metrics were over the last day: rows of 10 s for a quarter of an hour, rows of a minute for a day.

Minutes are kept in the store of this machine, each in the place of that of the day before: they outlive the
process, and take no more room.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Iterator, Sequence
from math import ceil
from typing import Final

import orjson

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.base.news import News
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.gateway.telemetry.scrape import Samples, unhurried
from frontdesk.ports.catalog import Catalog, Put
from frontdesk.rules.metric_history import Reader, Row, merged

INTERVAL: Final = 10.0
"""Seconds between two looks."""

RECENT: Final = 15
"""Minutes that rows of `INTERVAL` are kept for."""

DAY: Final = 1440
"""Minutes that are kept."""

KIND: Final = "metrics"
"""Documents: rows, by minute of the day."""

TOPIC: Final = "metric"
"""News: there is another row."""

_LOG: Final = logging.getLogger("frontdesk.metrics")


class MetricsHistory:
    """Used on one event loop: `start`, then `stop`."""

    def __init__(
        self, samples: Samples, catalog: Catalog, clock: Clock, wheel: Wheel, news: News
    ) -> None:
        """samples: of all processes that serve. catalog: of this machine."""
        self._samples = samples
        self._catalog = catalog
        self._clock = clock
        self._news = news
        self._timer = wheel.timer(self._begin)
        self._task: asyncio.Task[None] | None = None
        self._reader = Reader()
        self._looked = clock.monotonic()
        self._recent: deque[Row] = deque(maxlen=int(RECENT * 60 / INTERVAL))
        self._unsaved: list[Row] = []
        # As text: a day of rows as objects would be ten times as large.
        self._minutes: deque[bytes] = deque(maxlen=DAY)

    async def start(self) -> None:
        """Read what was kept, and begin to look. Raises: StoreError."""
        now = self._clock.time()
        kept = [record.document for record in await self._catalog.list(KIND)]
        lasting = [row for row in kept if now - DAY * 60 < row["at"] <= now]
        self._minutes.extend(map(orjson.dumps, sorted(lasting, key=lambda row: row["at"])))
        self._looked = self._clock.monotonic()
        self._timer.at(self._looked + INTERVAL)

    async def stop(self) -> None:
        """Look no more, and save what was seen."""
        self._timer.stop()
        if self._task is not None:
            await asyncio.wait({self._task})
            self._timer.stop()
        if self._unsaved:
            await self._save()

    def last(self) -> Row | None:
        """Return the row of the latest look."""
        return self._recent[-1] if self._recent else None

    def rows(self, minutes: int) -> Sequence[Row]:
        """Return what was seen in the last minutes, oldest first: as finely as it is kept for that long."""
        since = self._clock.time() - minutes * 60
        fine = [*self._recent] if minutes <= RECENT else self._unsaved
        until = fine[0].at - fine[0].seconds / 2 if fine else self._clock.time()
        # A row looked at is a row made: none of them is kept as that.
        read = (Row.of(orjson.loads(row)) for row in [*self._minutes][-minutes:])
        return [
            *(row for row in read if since < row.at <= until),
            *(row for row in fine if row.at > since),
        ]

    async def look(self) -> None:
        """Take what was counted since the last look."""
        told = self._samples()
        samples: Sequence[Sample] = [
            each async for each in unhurried(await told if isinstance(told, Awaitable) else told)
        ]
        now = self._clock.monotonic()
        row = self._reader.row(samples, self._clock.time(), max(0.001, now - self._looked))
        self._looked = now
        self._recent.append(row)
        if self._unsaved and _minute(row.at) != _minute(self._unsaved[-1].at):
            await self._save()
        self._unsaved.append(row)
        if TOPIC in self._news.wanted:
            self._news.tell(TOPIC, {"at": row.at})

    async def _save(self) -> None:
        minute = merged(self._unsaved)
        self._unsaved = []
        document = minute.document()
        self._minutes.append(orjson.dumps(document))
        key = f"{_minute(minute.at) % DAY:04}"
        try:
            await self._catalog.commit([Put(kind=KIND, key=key, document=document)])
        except StoreError as error:
            _LOG.warning("a minute of metrics is not kept: %s", error)

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        try:
            await self.look()
        finally:
            self._timer.at(self._clock.monotonic() + INTERVAL)


def stepwise(
    rows: Sequence[Row], *, now: float, seconds: float, step: float
) -> Iterator[tuple[float, Row | None]]:
    """Divide the last seconds into steps; yield the end of each and what was seen in it, None for nothing.

    A row that is as long as several steps is what was seen in each of them.
    """
    first = int((now - seconds) // step) + 1
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        last = ceil(row.at / step)
        for number in range(last - max(0, round(row.seconds / step) - 1), last + 1):
            grouped.setdefault(number, []).append(row)
    for number in range(first, ceil(now / step) + 1):
        found = grouped.get(number)
        yield number * step, merged(found) if found else None


def _minute(at: float) -> int:
    """Return the number of the minute that ends with an instant, or after it."""
    return ceil(at / 60)
