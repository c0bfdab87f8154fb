"""Owns the counts of requests by key in this process: what the port means, in the fewest words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice

from frontdesk.ports.usage import Place, PlanDay, Row


class MemoryUsage:
    """See `ports.usage.Usage`; gone with the process."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str]] = Counter()
        """By day, key and plan."""

    async def add(self, rows: Sequence[Row]) -> None:
        """See the port."""
        for key, plan, day, requests in rows:
            self._requests[day, key, plan] += requests

    async def read(
        self,
        first: str,
        last: str,
        *,
        keys: Sequence[str] | None = None,
        plan: str | None = None,
        after: Place | None = None,
        most: int | None = None,
    ) -> Sequence[Row]:
        """See the port."""
        wanted = None if keys is None else frozenset(keys)
        found = (
            Row(key, under, day, requests)
            for (day, key, under), requests in sorted(self._requests.items())
            if first <= day <= last
            and (wanted is None or key in wanted)
            and plan in (None, under)
            and (after is None or (day, key, under) > after)
        )
        return list(islice(found, most))

    async def daily(self, first: str, last: str, *, key: str | None = None) -> Sequence[PlanDay]:
        """See the port."""
        sums: Counter[tuple[str, str]] = Counter()
        for row in await self.read(first, last, keys=None if key is None else [key]):
            sums[row.day, row.plan] += row.requests
        return [PlanDay(plan, day, requests) for (day, plan), requests in sorted(sums.items())]

    async def totals(self, plan: str, first: str, last: str) -> Mapping[str, int]:
        """See the port."""
        sums: Counter[str] = Counter()
        for row in await self.read(first, last, plan=plan):
            sums[row.key] += row.requests
        return sums

    async def forget(self, day: str) -> None:
        """See the port."""
        for place in [place for place in self._requests if place[0] < day]:
            del self._requests[place]
