import asyncio

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.durable.activities import Activities
from frontdesk.ports.executions import ExecutionError
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database

PLACE = {"region": "eu-west-1", "account": "123456789012"}
SIGN = "arn:aws:states:eu-west-1:123456789012:activity:sign"


class Clock:
    now = 1000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "sqlite"])
def catalog(request, clock, tmp_path):
    if request.param == "memory":
        yield MemoryCatalog(clock)
    else:
        database = Database.open(tmp_path / "frontdesk.db")
        yield SqliteCatalog(database, clock)
        database.close()


@pytest.fixture
def activities(catalog, clock):
    return Activities(catalog, clock, **PLACE)


class Posts:
    """Where executions are told; tokens in `over` are of tasks that are over."""

    def __init__(self, *over):
        self.told = []
        self.over = over

    async def __call__(self, token, worker):
        if token in self.over:
            raise ExecutionError("TaskTimedOut", "Task Timed Out: 'gone'")
        self.told.append((token, worker))


async def take(activities, posts=None, within=0.0, worker="w"):
    return await activities.take(SIGN, worker, within, posts or Posts())


async def refused(call):
    with pytest.raises(ExecutionError) as caught:
        await call
    return caught.value.code, caught.value.message


async def test_activity_is_made_once_and_described(activities, clock):
    made = await activities.create("sign", {"team": "a"})
    clock.now = 2000.0
    assert await activities.create("sign", {}) == made
    assert made == await activities.describe(SIGN)
    assert made == ("sign", SIGN, 1000.0, {"team": "a"})


async def test_activity_is_found_by_its_name_whatever_the_place(activities):
    made = await activities.create("sign", {})
    assert await activities.describe("arn:aws:states:us-east-1:1:activity:sign") == made


async def test_tags_change_and_nothing_else(activities, clock):
    await activities.create("sign", {"team": "a"})
    clock.now = 2000.0
    await activities.tag(SIGN, {"team": "b"})
    assert await activities.describe(SIGN) == ("sign", SIGN, 1000.0, {"team": "b"})


async def test_deleted_activity_is_gone_and_may_be_deleted_again(activities):
    await activities.create("sign", {})
    for _ in range(2):
        await activities.delete(SIGN)
    absent = ("ActivityDoesNotExist", f"Activity Does Not Exist: '{SIGN}'")
    assert await refused(activities.describe(SIGN)) == absent
    assert await refused(activities.tag(SIGN, {})) == absent
    assert await refused(take(activities)) == absent
    assert not await activities.offer("sign", "t", "{}")


async def test_bad_names_and_arns_are_refused_in_awss_words(activities):
    assert await refused(activities.create("a b", {})) == ("InvalidName", "Invalid Name: 'a b'")
    told = ("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: sign'")
    assert await refused(activities.describe("sign")) == told
    assert await refused(activities.delete("sign")) == told


async def test_activities_are_listed_in_pages(activities):
    for name in "cab":
        await activities.create(name, {})
    first, token = await activities.list(2, "")
    rest, end = await activities.list(2, token)
    assert [one.name for one in (*first, *rest)] == ["a", "b", "c"]
    assert end == ""
    assert (await refused(activities.list(2, "\xff")))[0] == "InvalidToken"


async def test_worker_takes_each_task_once_and_the_execution_is_told(activities):
    await activities.create("sign", {})
    for token in ("t-1", "t-2"):
        assert await activities.offer("sign", token, f'"{token}"')
    posts = Posts()
    assert await take(activities, posts) == ("t-1", '"t-1"')
    assert await take(activities, posts, worker=None) == ("t-2", '"t-2"')
    assert await take(activities, posts) is None
    assert posts.told == [("t-1", "w"), ("t-2", None)]


async def test_tasks_that_are_over_or_withdrawn_are_not_given_out(activities):
    await activities.create("sign", {})
    for token in ("t-1", "t-2", "t-3"):
        await activities.offer("sign", token, "{}")
    await activities.withdraw("sign", "t-2")
    assert await take(activities, Posts("t-1")) == ("t-3", "{}")
    assert await take(activities) is None


async def test_tasks_are_taken_in_turn_however_many_come(activities):
    await activities.create("sign", {})
    for token in ("t-1", "t-2", "t-3"):
        await activities.offer("sign", token, "{}")
    taken = []
    for _ in range(3):
        taken.append((await take(activities)).token)
        await activities.offer("sign", "t-0", "{}")  # would always be the first
    assert taken == ["t-1", "t-2", "t-3"]


async def test_worker_waits_for_a_task_and_gets_it_from_another_gateway(activities, catalog, clock):
    await activities.create("sign", {})
    waiting = asyncio.ensure_future(take(activities, within=60))
    await asyncio.sleep(0)
    await Activities(catalog, clock, **PLACE).offer("sign", "t-1", "{}")
    async with asyncio.timeout(30):
        assert await waiting == ("t-1", "{}")


async def test_many_workers_of_two_gateways_share_the_tasks(activities, catalog, clock):
    await activities.create("sign", {})
    gateways = (activities, Activities(catalog, clock, **PLACE))
    workers = [
        asyncio.ensure_future(take(gateways[at % 2], within=60, worker=str(at))) for at in range(10)
    ]
    await asyncio.sleep(0)
    for at in range(10):
        await activities.offer("sign", f"t-{at}", "{}")
    async with asyncio.timeout(30):
        taken = await asyncio.gather(*workers)
    assert sorted(one.token for one in taken) == sorted(f"t-{at}" for at in range(10))


async def test_worker_that_has_gone_leaves_the_queue_to_the_others(activities):
    await activities.create("sign", {})
    first = asyncio.ensure_future(take(activities, within=60))
    second = asyncio.ensure_future(take(activities, within=60))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await activities.offer("sign", "t-1", "{}")
    async with asyncio.timeout(30):
        assert await second == ("t-1", "{}")


async def test_task_of_a_worker_that_goes_while_it_is_handed_over_is_the_next_ones(activities):
    await activities.create("sign", {})
    await activities.offer("sign", "t-1", "{}")
    told, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(_token, _worker):
        told.set()
        await goes_on.wait()

    first = asyncio.ensure_future(take(activities, slow, within=60))
    async with asyncio.timeout(30):
        await told.wait()
        first.cancel()
        goes_on.set()
        await asyncio.gather(first, return_exceptions=True)
        assert await take(activities, within=60) == ("t-1", "{}")


@pytest.mark.parametrize("is_away", [False, True], ids=["one fault", "the store is away"])
async def test_task_whose_execution_cannot_be_told_is_not_lost(activities, monkeypatch, is_away):
    await activities.create("sign", {})
    await activities.offer("sign", "t-1", "{}")

    async def away(*_values):
        raise StoreError("away")

    with monkeypatch.context() as broken:
        if is_away:
            broken.setattr(activities._catalog, "put", away)
        with pytest.raises(StoreError):
            await take(activities, away)
    assert await take(activities) == ("t-1", "{}")
