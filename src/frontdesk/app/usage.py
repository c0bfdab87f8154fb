"""Owns what outlives the process of the requests that keys make: saved every second, preset at the start.

What a kill takes with it is the last second at most: a sync of the disk for every request would cost
more than the request itself.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from heapq import nlargest
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote

from frontdesk.base.clock import Clock
from frontdesk.base.errors import FrontdeskError, StoreError
from frontdesk.base.metrics import QUOTA_USED
from frontdesk.base.telemetry import Sample
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.key_registry import ApiKey
from frontdesk.gateway.pipeline.stages.api_key import plan_quota
from frontdesk.ports.ledger import EmbeddedLedger
from frontdesk.ports.usage import Place, Row, Usage
from frontdesk.rules.periods import Period, day_of, period_of
from frontdesk.rules.plans import PlanQuota

INTERVAL: Final = 1.0
"""Seconds between two savings."""

JUMP: Final = 5.0
"""Seconds by which the calendar's clock must leave the other one to have jumped."""

KEPT: Final = timedelta(days=400)

PAGE: Final = 1000
"""Rows of a report that are made together."""

_LOOKED_AT: Final = 1000

_NO_PLAN: Final = " "
"""Stands in what is no plan: calls of a version are counted here, too."""

_HOUR: Final = 3600.0
_HOURS: Final = 25

_log = logging.getLogger("frontdesk.usage")

Quotas = Mapping[str, PlanQuota]
"""By plan: those that have one."""


class Counting(Protocol):
    """Whatever serves: it counts the requests of keys."""

    async def counted(self) -> Sequence[Row]:
        """Return what has been counted since the last time."""
        ...


class UsageKeeper:
    """Used on one event loop: `adopt` before anybody is served, `stop` after the last one."""

    def __init__(
        self,
        usage: Usage,
        ledger: EmbeddedLedger | None,
        counting: Counting,
        clock: Clock,
        wheel: Wheel,
    ) -> None:
        """ledger: None where its counts outlive the process themselves."""
        self._usage = usage
        self._ledger = ledger
        self._counting = counting
        self._quotas: Quotas = {}
        self._clock = clock
        self._timer = wheel.timer(self._begin)
        self._unsaved: list[Row] = []
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self._awaits = False
        self._drift = 0.0
        self._hours: deque[float] = deque(maxlen=_HOURS)
        self._hour = -_HOUR
        self._fullest: dict[tuple[str, Period], float] = {}

    async def adopt(self, config: Config) -> None:
        """Take the plans of a configuration: go on from what is saved, and save. Raises: StoreError."""
        self._quotas = quotas_of(config)
        await self.restore()
        versioned = any(api.versioning is not None for api in config.apis.values())
        self._awaits = bool(config.plans) or versioned
        if self._awaits:
            self._timer.at(self._clock.monotonic() + INTERVAL)

    async def restore(self) -> None:
        """Have the quotas of this period and of the one before begin with what is saved. Raises: StoreError."""
        self._drift = self._clock.time() - self._clock.monotonic()
        if self._ledger is None:
            return
        today = day_of(self._clock.time())
        for plan, quota in self._quotas.items():
            this = period_of(quota.kind, today).first
            for day in (this, this - timedelta(days=1)):
                first, last = _days(period_of(quota.kind, day))
                for key, requests in (await self._usage.totals(plan, first, last)).items():
                    self._ledger.preset(*quota.claim(key, None, day), requests)

    async def stop(self) -> None:
        """Save the rest."""
        self._timer.stop()
        if self._task is not None:
            await asyncio.wait({self._task})
            self._timer.stop()
        await self.save()

    async def save(self) -> None:
        """Save what has been counted. What the store does not take now is offered again."""
        rows = [*self._unsaved, *await self._counting.counted()]
        self._unsaved = []
        if not rows:
            return
        self._note_fullest(rows)
        try:
            await self._usage.add(rows)
        except StoreError as error:
            self._unsaved = rows
            if not self._failing:
                _log.warning("cannot save what API keys have used, trying on: %s", error)
            self._failing = True
        else:
            self._failing = False

    def samples(self) -> Iterator[Sample]:
        """Give how much of its quota the key has used that has used most of it, for each plan."""
        if self._ledger is None:
            return
        today = day_of(self._clock.time())
        for plan, quota in self._quotas.items():
            ratio = self._fullest.get((plan, period_of(quota.kind, today)), 0.0)
            yield Sample(QUOTA_USED.name, (plan,), ratio)

    async def report(
        self,
        first: date,
        last: date,
        keys: Mapping[str, ApiKey],
        *,
        some: Sequence[str] | None = None,
        plan: str | None = None,
        after: Place | None = None,
        most: int = PAGE,
    ) -> tuple[list[dict[str, Any]], Place | None]:
        """Tell the requests of each key, plan and day, and what was left of the quota when the day ended.

        keys: those that are known, by id. some, plan: of these ids or this name alone. after: behind this place.
        most: of the rows that are looked at. Returns: the rows, and what to say for the next ones; None at the end.
        Raises: StoreError.
        """
        if after is None:
            await self.save()
        page = await self._usage.read(
            str(first), str(last), keys=some, plan=plan, after=after, most=most
        )
        if not page:
            return [], None
        quotas = self._quotas
        day = date.fromisoformat(page[0].day)
        begin = min([day, *(period_of(quota.kind, day).first for quota in quotas.values())])
        theirs = sorted({row.key for row in page})
        rows = await self._usage.read(str(begin), page[-1].day, keys=theirs, plan=plan)
        # In a thread: of a thousand keys there may be a row for each day of a month.
        told = await asyncio.to_thread(_report, rows, {row.place for row in page}, keys, quotas)
        return told, page[-1].place if len(page) == most else None

    async def daily(
        self, first: date, last: date, *, key: str | None = None
    ) -> list[dict[str, Any]]:
        """Tell the requests of each plan and day, of all keys or of one by its id. Raises: StoreError."""
        await self.save()
        days = await self._usage.daily(str(first), str(last), key=key)
        return [each._asdict() for each in days if _NO_PLAN not in each.plan]

    # -- every second -------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        now, time = self._clock.monotonic(), self._clock.time()
        try:
            await self.save()
            if abs(time - now - self._drift) > JUMP:
                await self.restore()
            if now - self._hour >= _HOUR:
                self._hour = now
                await self._forget(time)
        except StoreError as error:
            _log.warning("cannot read what API keys have used, trying on: %s", error)
        finally:
            if self._awaits:
                self._timer.at(self._clock.monotonic() + INTERVAL)

    async def _forget(self, time: float) -> None:
        """Let go of what is long over by every clock of the last day: a jump must not lead to it."""
        self._hours.append(time)
        if len(self._hours) == _HOURS:
            surely = min(self._hours)
            if self._ledger is not None:
                self._ledger.forget(surely)
            await self._usage.forget((day_of(surely) - KEPT).isoformat())

    def _note_fullest(self, rows: Sequence[Row]) -> None:
        """See how much of its quota each of these has used, the busiest where there are many."""
        ledger = self._ledger
        if ledger is None:
            return
        noted: dict[tuple[str, Period], float] = {}
        for key, plan, written, _ in nlargest(_LOOKED_AT, rows, key=lambda row: row.requests):
            if quota := self._quotas.get(plan):
                day = date.fromisoformat(written)
                place = plan, period_of(quota.kind, day)
                ratio = ledger.used(*quota.claim(key, None, day)) / quota.limit
                noted[place] = max(ratio, noted.get(place, self._fullest.get(place, 0.0)))
        self._fullest = noted | {
            place: ratio
            for place, ratio in self._fullest.items()
            if place not in noted and place[1].ends > self._clock.time()
        }


def _report(
    rows: Sequence[Row], page: Collection[Place], keys: Mapping[str, ApiKey], quotas: Quotas
) -> list[dict[str, Any]]:
    """Write the rows of these places. rows: of the same keys since their quotas' periods began. keys: by id."""
    used: dict[tuple[str, str, Period], int] = {}
    told = []
    for row in rows:
        if _NO_PLAN in row.plan:
            continue  # no plan: calls of a version are kept here, too
        day, quota, known = date.fromisoformat(row.day), quotas.get(row.plan), keys.get(row.key)
        remaining = None
        if quota is not None:
            place = row.key, row.plan, period_of(quota.kind, day)
            used[place] = used.get(place, 0) + row.requests
            _, limit = quota.claim(row.key, known.since if known is not None else None, day)
            remaining = max(limit.limit - used[place], 0)
        if row.place in page:
            name = known.name if known is not None else ""
            told.append({"name": name, **row._asdict(), "remaining": remaining})
    return told


def read_place(query: Mapping[str, str]) -> Place | None:
    """Read what `next` of a list has said, in `after` of a query. Raises: FrontdeskError."""
    text = query.get("after")
    if not text:
        return None
    try:
        day, key, plan = map(unquote, text.split("/"))
    except ValueError:
        raise FrontdeskError(f"expected for after what `next` has said: {text:.40}") from None
    return day, key, plan


def write_place(place: Place | None) -> str:
    """Write where a list goes on; "" at its end."""
    return "" if place is None else "/".join(quote(part, safe="") for part in place)


def quotas_of(config: Config) -> Quotas:
    """Return the quotas of the plans that have one."""
    found = ((name, plan_quota(name, plan)) for name, plan in config.plans.items())
    return {name: quota for name, quota in found if quota is not None}


def _days(period: Period) -> tuple[str, str]:
    """Return the first and the last day of a period."""
    return period.first.isoformat(), day_of(period.ends - 1).isoformat()
