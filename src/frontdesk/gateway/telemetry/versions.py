"""Owns the count of who calls which version of an API: one number for each consumer and day of UTC."""

from collections.abc import Callable
from typing import Final

from frontdesk.gateway.identity.tally import Count, Tally
from frontdesk.gateway.pipeline.exchange import Exchange
from frontdesk.rules.periods import DAY, day_of

Log = Callable[[Exchange], None]

MOST_CONSUMERS: Final = 10_000
"""Told apart on one day in one process; further ones are counted together."""

OTHERS: Final = "others"
ANONYMOUS: Final = "anonymous"


def consumer_of(ex: Exchange) -> str:
    """Say whose request it is: of which API key, else of whom by the authorizer, else of nobody known."""
    if ex.api_key is not None:
        return f"key {ex.api_key.name}"
    return f"principal {ex.principal}" if ex.principal else ANONYMOUS


def usage_name(api: str, version: str) -> str:
    """Return the name under which the calls of a version are kept, beside those of plans."""
    return f"version {api}/{version}"


class VersionMeter:
    """Counts the requests of one version of one API."""

    __slots__ = ("_counts", "_day", "_name", "_next", "_tally")

    def __init__(self, tally: Tally, api: str, version: str, log: Log) -> None:
        """log: called afterwards."""
        self._tally = tally
        self._name = usage_name(api, version)
        self._next = log
        self._day = -1
        self._counts: dict[str, Count] = {}

    def record(self, ex: Exchange) -> None:
        """Count a request that is over."""
        day = int(ex.time // DAY)
        if day != self._day:
            self._day, self._counts = day, {}
        consumer = consumer_of(ex)
        count = self._counts.get(consumer) or self._counter(consumer, ex.time)
        count.add()
        self._next(ex)

    def _counter(self, consumer: str, time: float) -> Count:
        counts = self._counts
        if len(counts) >= MOST_CONSUMERS:
            consumer = OTHERS
        if consumer not in counts:
            counts[consumer] = self._tally.count(consumer, self._name, str(day_of(time)))
        return counts[consumer]
