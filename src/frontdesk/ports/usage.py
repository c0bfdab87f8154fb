"""The Usage port: how many requests each API key has made, by plan and day of UTC.

Owns the contract of what is billed and what quotas go on from after a restart. Adapters:
`stores.memory.usage`, `stores.sqlite.usage`; the conformance suite runs on each.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol


class Row(NamedTuple):
    """Requests that one key made under one plan on one day. key: its id. day: `2026-11-21`, of UTC."""

    key: str
    plan: str
    day: str
    requests: int

    @property
    def place(self) -> "Place":
        """Where it stands among others."""
        return self.day, self.key, self.plan


Place = tuple[str, str, str]
"""Where a row stands: its day, key and plan."""

NOWHERE: Final[Place] = ("", "", "")
"""Before all of them."""


class PlanDay(NamedTuple):
    """The requests of a plan on a day. day: as in Row."""

    plan: str
    day: str
    requests: int


class Usage(Protocol):
    """Counts that are only added to, so that several gateways may share them. Used on one event loop.

    Every method raises StoreError when the store cannot do it.
    """

    async def add(self, rows: Sequence[Row]) -> None:
        """Add to what is counted: all rows, or none. What has returned survives a crash."""
        ...

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
        """Read the days from `first` to `last`, both included, in order of day, key and plan.

        keys: of these ids alone. after: behind this place. most: rows; None: all of them.
        """
        ...

    async def daily(self, first: str, last: str, *, key: str | None = None) -> Sequence[PlanDay]:
        """Sum up all keys, or read one, for each plan and day that has any, in order of day and plan."""
        ...

    async def totals(self, plan: str, first: str, last: str) -> Mapping[str, int]:
        """Sum up the days from `first` to `last`, both included, for each key that has any."""
        ...

    async def forget(self, day: str) -> None:
        """Remove what was counted before `day`."""
        ...
