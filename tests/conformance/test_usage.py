"""What every Usage must do. An adapter joins by a row in ADAPTERS."""

import contextlib
import tempfile
from pathlib import Path

import pytest

from frontdesk.ports.usage import PlanDay, Row
from frontdesk.stores.memory.usage import MemoryUsage
from frontdesk.stores.postgres.usage import PostgresUsage
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.usage import SqliteUsage
from tests.live.servers import emptied, postgres_url


@contextlib.asynccontextmanager
async def memory():
    yield MemoryUsage()


@contextlib.asynccontextmanager
async def sqlite():
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(Path(folder) / "frontdesk.db")
        yield SqliteUsage(database)
        database.close()


@contextlib.asynccontextmanager
async def postgres():
    async with emptied(postgres_url()) as database:
        yield PostgresUsage(database)


ADAPTERS = {"memory": memory, "sqlite": sqlite, "postgres": postgres}

ROWS = [
    Row("k1", "large", "2026-11-20", 2),
    Row("k1", "small", "2026-11-20", 5),
    Row("k2", "small", "2026-11-20", 1),
    Row("k1", "small", "2026-11-21", 7),
    Row("k1", "small", "2026-12-01", 9),
]
"""In the order in which they are read."""


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
async def usage(request):
    async with request.param() as usage:
        yield usage


async def test_what_was_added_is_read_in_order(usage):
    await usage.add(ROWS[::-1])
    assert list(await usage.read("2026-11-20", "2026-12-01")) == ROWS


async def test_nothing_is_read_where_nothing_was_added(usage):
    assert list(await usage.read("2026-01-01", "2026-12-31")) == []
    assert await usage.totals("small", "2026-01-01", "2026-12-31") == {}


async def test_rows_of_one_day_key_and_plan_add_up(usage):
    await usage.add([ROWS[0], ROWS[0]])
    await usage.add([ROWS[0]])
    assert list(await usage.read("2026-11-20", "2026-11-20")) == [ROWS[0]._replace(requests=6)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"first": "2026-11-21", "last": "2026-11-30"}, ROWS[3:4]),
        ({"first": "2026-11-20", "last": "2026-11-20"}, ROWS[:3]),
        ({"first": "2026-11-20", "last": "2026-12-01", "keys": ["k2"]}, ROWS[2:3]),
        ({"first": "2026-11-20", "last": "2026-12-01", "plan": "large"}, ROWS[:1]),
        ({"first": "2026-11-20", "last": "2026-12-01", "keys": ["k2"], "plan": "large"}, []),
        ({"first": "2026-11-20", "last": "2026-12-01", "keys": [""]}, []),
    ],
    ids=["days", "one day", "key", "plan", "key and plan", "no such key"],
)
async def test_days_keys_and_plans_are_chosen(usage, chosen, expected):
    await usage.add(ROWS)
    assert list(await usage.read(**chosen)) == expected


@pytest.mark.parametrize(
    ("keys", "days", "expected"),
    [
        (["k2", "k1"], ("2026-11-20", "2026-12-01"), ROWS),
        (["k2", "none"], ("2026-11-01", "2026-12-31"), ROWS[2:3]),
        (["k1"], ("2026-11-21", "2026-11-30"), ROWS[3:4]),
        (["k1"], ("2026-12-02", "2026-12-31"), []),
        ([], ("2026-11-20", "2026-12-01"), []),
    ],
    ids=["all", "one of them", "some days", "later", "of none"],
)
async def test_some_keys_are_read_alone(usage, keys, days, expected):
    await usage.add(ROWS)
    assert list(await usage.read(*days, keys=keys)) == expected


@pytest.mark.parametrize("most", [1, 2, 3, 5, 6])
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [({}, ROWS), ({"keys": ["k1"]}, [ROWS[0], ROWS[1], *ROWS[3:]]), ({"plan": "small"}, ROWS[1:])],
    ids=["all", "of a key", "of a plan"],
)
async def test_many_are_read_part_by_part(usage, chosen, expected, most):
    await usage.add(ROWS)
    seen, place = [], None
    while part := await usage.read("2026-11-20", "2026-12-01", **chosen, after=place, most=most):
        assert len(part) <= most
        seen += part
        place = part[-1].place
    assert seen == expected
    early = await usage.read("2026-11-21", "2026-12-01", after=ROWS[0].place)
    assert list(early) == ROWS[3:]


async def test_plans_are_summed_up_by_day(usage):
    assert list(await usage.daily("2026-11-20", "2026-11-30")) == []
    await usage.add(ROWS)
    large, small = PlanDay("large", "2026-11-20", 2), PlanDay("small", "2026-11-20", 6)
    found = list(await usage.daily("2026-11-20", "2026-11-30"))
    assert found == [large, small, PlanDay("small", "2026-11-21", 7)]
    assert list(await usage.daily("2026-11-20", "2026-11-20", key="k2")) == [
        small._replace(requests=1)
    ]


async def test_totals_sum_up_the_days_of_each_key(usage):
    await usage.add(ROWS)
    assert await usage.totals("small", "2026-11-01", "2026-11-30") == {"k1": 12, "k2": 1}


async def test_what_came_before_a_day_is_forgotten(usage):
    await usage.add(ROWS)
    await usage.forget("2026-11-21")
    assert list(await usage.read("2026-01-01", "2026-12-31")) == ROWS[3:]


async def test_names_of_any_letters_are_kept(usage):
    row = Row("Praxis Öl'; --", "größer", "2026-11-21", 2**40)
    await usage.add([row])
    assert list(await usage.read("2026-11-21", "2026-11-21")) == [row]
