"""What keys have used: saved every second, preset at the start, whatever the clocks and the store do."""

import asyncio
from datetime import UTC, date, datetime

import pytest

from frontdesk.app.usage import UsageKeeper
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.gateway.identity.key_registry import ApiKey
from frontdesk.ports.usage import Row
from frontdesk.rules.plans import PlanQuota
from frontdesk.stores.memory.ledger import MemoryLedger
from frontdesk.stores.memory.usage import MemoryUsage

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
DAY, HOUR = 86400, 3600

PLANS = {
    "daily": {"apis": "a", "quota": "10/d"},
    "monthly": {"apis": "a", "quota": "100/month"},
    "free": {"apis": "a"},
}


class Clock:
    def __init__(self):
        self.now, self.wall = 1000.0, NOON

    def monotonic(self):
        return self.now

    def time(self):
        return self.wall


class Counting:
    """Whatever serves."""

    def __init__(self):
        self.rows = []

    async def counted(self):
        rows, self.rows = self.rows, []
        return rows


class Broken(MemoryUsage):
    """A store that does nothing for a while."""

    broken = False

    async def add(self, rows):
        if self.broken:
            raise StoreError("disk full")
        await super().add(rows)


class House:
    """A keeper and what is around it."""

    def __init__(self, usage=None):
        self.usage = usage or Broken()
        self.ledger = MemoryLedger()
        self.counting = Counting()
        self.clock = Clock()
        self.wheel = Wheel(self.clock.now)
        self.keeper = UsageKeeper(self.usage, self.ledger, self.counting, self.clock, self.wheel)

    async def adopt(self, plans=PLANS):
        await self.keeper.adopt(Config.model_validate({"name": "x", "plans": plans}))

    async def pass_(self, seconds=1.0, *, wall=None):
        """Let time pass on both clocks, `wall` on that of the calendar."""
        self.clock.now += seconds
        self.clock.wall += seconds if wall is None else wall
        self.wheel.advance(self.clock.now + 0.1)
        for _ in range(20):
            await asyncio.sleep(0)

    def used(self, plan, kind, limit, *, key="k", day=None):
        claim = PlanQuota(plan, limit, kind).claim(key, None, day or date(2026, 11, 21))
        return self.ledger.used(*claim)

    async def saved(self):
        return list(await self.usage.read("2000-01-01", "2099-12-31"))


@pytest.fixture
def house():
    return House()


async def test_counts_are_saved_every_second_and_at_the_end(house):
    await house.adopt()
    house.counting.rows = [Row("k", "daily", "2026-11-21", 2)]
    await house.pass_()
    assert await house.saved() == [Row("k", "daily", "2026-11-21", 2)]
    house.counting.rows = [Row("k", "daily", "2026-11-21", 3)]
    await house.keeper.stop()
    assert await house.saved() == [Row("k", "daily", "2026-11-21", 5)]


async def test_what_the_store_does_not_take_is_offered_again(house, caplog):
    await house.adopt()
    house.usage.broken = True
    for _ in range(3):
        house.counting.rows = [Row("k", "free", "2026-11-21", 1)]
        await house.pass_()
    assert await house.saved() == []
    assert len(caplog.records) == 1
    house.usage.broken = False
    await house.pass_()
    assert await house.saved() == [Row("k", "free", "2026-11-21", 3)]


async def test_without_plans_nothing_wakes_up(house):
    await house.adopt({})
    assert len(house.wheel) == 0
    await house.adopt(PLANS)
    await house.adopt({})
    for _ in range(3):
        await house.pass_()
    assert len(house.wheel) == 0


async def test_quotas_go_on_from_what_is_saved(house):
    days = ("2026-10-31", "2026-11-01", "2026-11-20", "2026-11-21")
    for plan in ("daily", "monthly"):
        await house.usage.add([Row("k", plan, day, 3) for day in days])
    await house.usage.add([Row("other", "daily", "2026-11-21", 7)])
    await house.adopt()
    assert house.used("daily", "day", 10) == 3
    assert house.used("daily", "day", 10, key="other") == 7
    assert house.used("monthly", "month", 100) == 9
    assert house.used("monthly", "month", 100, day=date(2026, 10, 31)) == 3


async def test_a_quota_that_a_reload_brings_counts_what_was_there_before(house):
    await house.adopt({"daily": {"apis": "a"}})
    house.counting.rows = [Row("k", "daily", "2026-11-21", 4)]
    await house.pass_()
    await house.adopt(PLANS)
    assert house.used("daily", "day", 10) == 4


async def test_a_clock_that_is_put_right_finds_the_counts_of_its_period(house):
    await house.usage.add([Row("k", "daily", "2026-11-21", 9)])
    house.clock.wall = 5.0  # a machine without a battery
    await house.adopt()
    assert house.used("daily", "day", 10) == 0
    await house.pass_(1.0, wall=NOON - 5.0)
    assert house.used("daily", "day", 10) == 9


async def test_counts_of_a_period_outlive_a_jump_of_the_clock(house):
    await house.adopt()
    house.ledger.preset(*PlanQuota("daily", 10, "day").claim("k", None, date(2026, 11, 21)), 10)
    await house.pass_(1.0, wall=300 * DAY)
    for _ in range(20):
        await house.pass_(HOUR)
    for number in range(1000):  # what makes the ledger look for what it may forget
        claim = PlanQuota("daily", 10, "day").claim(str(number), None, date(2027, 9, 17))
        house.ledger.preset(*claim, 1)
    await house.pass_(1.0, wall=-300 * DAY)
    assert house.used("daily", "day", 10) == 10


async def test_periods_that_are_long_over_are_forgotten(house):
    await house.adopt()
    await house.usage.add([Row("k", "daily", "2025-10-01", 1), Row("k", "daily", "2026-11-21", 1)])
    house.ledger.preset(*PlanQuota("daily", 10, "day").claim("k", None, date(2026, 11, 21)), 5)
    for _ in range(50):
        await house.pass_(HOUR)
    assert [row.day for row in await house.saved()] == ["2026-11-21"]
    for number in range(1000):
        claim = PlanQuota("daily", 10, "day").claim(str(number), None, date(2026, 11, 23))
        house.ledger.preset(*claim, 1)
    assert house.used("daily", "day", 10) == 0


async def test_the_fullest_quota_of_each_plan_is_measured(house):
    await house.adopt()
    quota = PlanQuota("daily", 10, "day")
    for key, count in (("a", 2), ("b", 9), ("c", 4)):
        house.ledger.preset(*quota.claim(key, None, date(2026, 11, 21)), count)
        house.counting.rows.append(Row(key, "daily", "2026-11-21", 1))
    await house.pass_()
    shown = {sample.labels: sample.value for sample in house.keeper.samples()}
    assert shown == {("daily",): 0.9, ("monthly",): 0.0}
    house.counting.rows = [Row("a", "daily", "2026-11-21", 1)]
    await house.pass_()
    assert {s.labels: s.value for s in house.keeper.samples()}["daily",] == 0.9
    await house.pass_(DAY)
    assert {s.labels: s.value for s in house.keeper.samples()}["daily",] == 0.0


async def test_a_ledger_that_lasts_is_neither_preset_nor_measured():
    house = House()
    house.keeper = UsageKeeper(house.usage, None, house.counting, house.clock, house.wheel)
    await house.usage.add([Row("k", "daily", "2026-11-21", 9)])
    await house.adopt()
    house.counting.rows = [Row("k", "daily", "2026-11-21", 1)]
    await house.keeper.stop()
    assert await house.saved() == [Row("k", "daily", "2026-11-21", 10)]
    assert list(house.keeper.samples()) == []


async def test_a_report_tells_what_was_left_at_the_end_of_each_day(house):
    await house.adopt()
    await house.usage.add(
        [
            Row("k", "monthly", "2026-11-02", 30),
            Row("k", "monthly", "2026-11-20", 60),
            Row("k", "monthly", "2026-11-21", 20),
            Row("gone", "free", "2026-11-21", 5),
            Row("gone", "no plan any more", "2026-11-21", 5),
        ]
    )
    keys = {"k": ApiKey("k", "practice", b"", ("monthly",))}
    rows, _ = await house.keeper.report(date(2026, 11, 20), date(2026, 11, 21), keys)
    assert [(row["name"], row["day"], row["requests"], row["remaining"]) for row in rows] == [
        ("practice", "2026-11-20", 60, 10),
        ("", "2026-11-21", 5, None),
        ("practice", "2026-11-21", 20, 0),
    ]


async def test_a_report_counts_what_is_not_saved_yet(house):
    await house.adopt()
    house.counting.rows = [Row("k", "free", "2026-11-21", 2)]
    (row,), _ = await house.keeper.report(date(2026, 11, 21), date(2026, 11, 21), {})
    assert row["requests"] == 2
