"""Owns the counts of requests by key in this process: what the port means, in the fewest words."""

from collections import Counter
from collections.abc import Mapping, Sequence

from frontdesk.ports.usage import PlanDay, Row


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
        self, first: str, last: str, *, key: str | None = None, plan: str | None = None
    ) -> Sequence[Row]:
        """See the port."""
        return [
            Row(of, under, day, requests)
            for (day, of, under), requests in sorted(self._requests.items())
            if first <= day <= last and key in (None, of) and plan in (None, under)
        ]

    async def read_of(self, keys: Sequence[str], first: str, last: str) -> Sequence[Row]:
        """See the port."""
        wanted = frozenset(keys)
        return [row for row in await self.read(first, last) if row.key in wanted]

    async def daily(self, first: str, last: str, *, key: str | None = None) -> Sequence[PlanDay]:
        """See the port."""
        sums: Counter[tuple[str, str]] = Counter()
        for row in await self.read(first, last, key=key):
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
