"""Owns what the quota of a plan means for one key at one time: which count, and how many requests. Pure."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from frontdesk.rules.periods import Kind, Period, period_of
from frontdesk.rules.resilience.quota import Quota


@dataclass(frozen=True, slots=True)
class PlanQuota:
    """The quota of a plan. offset: requests fewer in the period in which a key was made."""

    plan: str
    limit: int
    kind: Kind
    offset: int = 0

    def claim(self, key: str, since: date | None, day: date) -> tuple[str, Quota]:
        """Return whose count it is on `day`, and the quota. key: its id. since: day on which it was made."""
        period = period_of(self.kind, day)
        limit = self.limit
        if self.offset and since is not None and period_of(self.kind, since) == period:
            limit -= self.offset
        return f"quota {self.plan} {key} {period}", _quota(limit, period)


@lru_cache(4096)
def _quota(limit: int, period: Period) -> Quota:
    return Quota("quota", limit, period.ends)
