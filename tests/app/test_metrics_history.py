"""A day of metrics: what is kept, for how long, and what becomes of it when the gateway starts anew."""

import pytest

from frontdesk.app.metrics_history import DAY, INTERVAL, KIND, MetricsHistory, stepwise
from frontdesk.base import metrics
from frontdesk.base.errors import StoreError
from frontdesk.base.news import News
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.rules.metric_history import Row, value
from frontdesk.stores.memory.catalog import MemoryCatalog

NOON = 1_795_262_400.0


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return NOON - 1000 + self.now


class Full(MemoryCatalog):
    async def commit(self, _changes):
        raise StoreError("disk full")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def catalog(clock):
    return MemoryCatalog(clock)


@pytest.fixture
def begin(clock, registry, catalog):
    async def begun(catalog=catalog, news=None):
        history = MetricsHistory(registry.samples, catalog, clock, Wheel(clock.now), news or News())
        await history.start()
        return history

    return begun


@pytest.fixture
def looks(clock, registry):
    async def looked(history, times, *, calls=1):
        for _ in range(times):
            clock.now += INTERVAL
            registry.counter(metrics.INVOCATIONS, "f", "1", "http").value += calls
            await history.look()

    return looked


def called(rows):
    return sum(row.counts.get("functions.invocations", 0) for row in rows)


async def test_the_last_minutes_are_kept_finely(begin, looks):
    history = await begin()
    await looks(history, 100)
    assert len(history.rows(15)) == 90
    assert [row.seconds for row in history.rows(1)] == [10.0] * 6
    assert value(history.last(), "functions.invocations:f") == 0.1


async def test_a_day_is_kept_by_the_minute(begin, looks, catalog):
    history = await begin()
    await looks(history, 6 * 20)
    rows = history.rows(DAY)
    assert called(rows) == 120
    assert [row.seconds for row in rows] == [60.0] * 19 + [10.0] * 6
    assert len(await catalog.list(KIND)) == 19


async def test_what_was_seen_outlives_the_process(begin, looks, registry):
    history = await begin()
    await looks(history, 9)
    await history.stop()
    registry.counter(metrics.INVOCATIONS, "f", "1", "http").value = 0
    again = await begin()
    assert (called(again.rows(DAY)), called(again.rows(15))) == (9, 9)
    assert again.last() is None
    await looks(again, 2)
    assert (called(again.rows(DAY)), called(again.rows(15))) == (11, 11)


async def test_a_minute_takes_the_place_of_that_of_the_day_before(begin, looks, clock, catalog):
    history = await begin()
    for _ in range(3):
        await looks(history, 7)
        clock.now += DAY * 60 - 70
    await history.stop()
    kept = await catalog.list(KIND)
    assert len(kept) == 2
    assert called((await begin()).rows(DAY)) <= 7


async def test_what_is_older_than_a_day_is_not_shown(begin, looks, clock):
    history = await begin()
    await looks(history, 7)
    clock.now += DAY * 60
    assert called(history.rows(DAY)) == 0
    await history.stop()
    assert (await begin()).rows(DAY) == []


async def test_a_store_that_takes_nothing_costs_what_would_outlive_the_process_alone(
    begin, looks, clock, caplog
):
    history = await begin(Full(clock))
    await looks(history, 20)
    assert called(history.rows(DAY)) == 20
    assert "a minute of metrics is not kept: disk full" in caplog.text


async def test_whoever_watches_is_told_of_each_row(begin, looks, clock):
    news, heard = News(), []
    history = await begin(news=news)
    await looks(history, 1)
    news.watch(frozenset(("metric",)), heard.append)
    await looks(history, 1)
    assert [item.document for item in heard] == [{"at": clock.time()}]


def test_steps_without_a_row_are_gaps():
    rows = [Row(at, 10.0, counts={"webhooks.taken": 1.0}) for at in (60.0, 70.0, 130.0)]
    steps = list(stepwise(rows, now=150.0, seconds=120.0, step=30))
    assert [at for at, _ in steps] == [60.0, 90.0, 120.0, 150.0]
    assert [row and called_back(row) for _, row in steps] == [1.0, 1.0, None, 1.0]


@pytest.mark.parametrize("seconds", [60.0, 60.3, 59.6])
def test_a_row_as_long_as_several_steps_is_seen_in_each(seconds):
    rows = [Row(120.0, seconds, counts={"webhooks.taken": 1.0}), Row(130.0, 10.0)]
    steps = [*stepwise(rows, now=135.0, seconds=120.0, step=15)]
    assert [at for at, row in steps if row] == [75.0, 90.0, 105.0, 120.0, 135.0]
    assert [value(row, "webhooks.taken") for _, row in steps if row] == [1 / seconds] * 4 + [0.0]
    whole = [*stepwise(rows[:1], now=120.0, seconds=120.0, step=60)]
    assert [at for at, row in whole if row] == [120.0]


def called_back(row):
    return row.counts["webhooks.taken"]
