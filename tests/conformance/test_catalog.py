"""What every Catalog must do. An adapter joins by a row in ADAPTERS."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.ports.catalog import ConflictError, Delete, Put
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.postgres.catalog import PostgresCatalog
from frontdesk.stores.sqlite.catalog import SqliteCatalog
from frontdesk.stores.sqlite.database import Database
from tests.live.servers import emptied, postgres_url


class Calendar(SystemClock):
    """A clock whose calendar stands still until it is set."""

    now = 1_700_000_000.25

    def time(self):
        return self.now


@contextlib.asynccontextmanager
async def memory(clock):
    yield MemoryCatalog(clock)


@contextlib.asynccontextmanager
async def sqlite(clock):
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(Path(folder) / "frontdesk.db")
        yield SqliteCatalog(database, clock)
        database.close()


@contextlib.asynccontextmanager
async def postgres(clock):
    async with emptied(postgres_url()) as database:
        wheel = Wheel(clock.monotonic())
        catalog = PostgresCatalog(database, clock, wheel)
        yield catalog
        catalog.close()


ADAPTERS = {"memory": memory, "sqlite": sqlite, "postgres": postgres}


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS)
def opened(request):
    return request.param


@pytest.fixture
def clock():
    return Calendar()


@pytest.fixture
async def catalog(opened, clock):
    async with opened(clock) as catalog:
        yield catalog


async def test_what_was_put_is_read_with_its_version_and_time(catalog, clock):
    put = await catalog.put("config", "main", {"name": "clinic", "n": [1, 2.5, None, "é"]})
    assert put == ("config", "main", 1, clock.now, {"name": "clinic", "n": [1, 2.5, None, "é"]})
    assert await catalog.get("config", "main") == put


async def test_what_was_never_put_is_none_and_lists_are_empty(catalog):
    assert await catalog.get("config", "main") is None
    assert list(await catalog.list("config")) == []
    assert list(await catalog.history("config", "main")) == []


async def test_a_long_list_is_read_in_pages(catalog):
    for key in "dacb":
        await catalog.put("f", key, {"key": key}, keep=2)
    await catalog.put("f", "b", {"key": "newer"}, keep=2)
    await catalog.put("g", "bb", {})

    async def keys(**page):
        return [record.key for record in await catalog.list("f", **page)]

    assert await keys(most=2) == ["a", "b"]
    assert await keys(after="b", most=2) == ["c", "d"]
    assert await keys(after="d", most=2) == []
    assert await keys(after="aa") == ["b", "c", "d"]
    assert (await catalog.list("f", after="a", most=1))[0].document == {"key": "newer"}


async def test_each_put_is_a_version_of_its_own_key(catalog):
    await catalog.put("config", "main", {"n": 1}, keep=10)
    await catalog.put("config", "other", {"n": 1})
    second = await catalog.put("config", "main", {"n": 2}, keep=10)
    assert second.version == 2
    assert (await catalog.get("config", "main", 1)).document == {"n": 1}
    assert (await catalog.get("config", "main")).document == {"n": 2}
    assert await catalog.get("config", "main", 3) is None


async def test_only_so_many_versions_are_kept_newest_first(catalog):
    for number in range(1, 6):
        await catalog.put("config", "main", {"n": number}, keep=3)
    assert [record.version for record in await catalog.history("config", "main")] == [5, 4, 3]
    assert await catalog.get("config", "main", 2) is None


async def test_a_list_has_the_newest_of_each_key_of_its_kind_in_order(catalog):
    for kind, key in [("f", "b"), ("f", "a"), ("g", "c"), ("f", "b")]:
        await catalog.put(kind, key, {}, keep=5)
    assert [(record.key, record.version) for record in await catalog.list("f")] == [
        ("a", 1),
        ("b", 2),
    ]


async def test_a_deleted_document_is_gone_with_its_history_and_begins_anew(catalog):
    await catalog.put("f", "a", {}, keep=5)
    await catalog.put("f", "a", {}, keep=5)
    await catalog.delete("f", "a")
    assert list(await catalog.history("f", "a")) == []
    assert (await catalog.put("f", "a", {})).version == 1


async def test_deleting_what_is_not_there_does_nothing(catalog):
    await catalog.delete("f", "a")
    assert await catalog.get("f", "a") is None


async def test_several_changes_are_one_commit(catalog):
    records = await catalog.commit(
        [
            Put(kind="f", key="a", document={"n": 1}),
            Put(kind="f", key="b", document={"n": 2}),
            Delete(kind="f", key="a"),
        ]
    )
    assert [(record.key, record.version) for record in records] == [("a", 1), ("b", 1)]
    assert [record.key for record in await catalog.list("f")] == ["b"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(Put(kind="f", key="a", document={}, expect=0), 1, id="expected-none"),
        pytest.param(Put(kind="f", key="a", document={}, expect=2), 1, id="expected-a-later-one"),
        pytest.param(Put(kind="f", key="new", document={}, expect=1), 0, id="expected-one"),
        pytest.param(Delete(kind="f", key="a", expect=7), 1, id="delete"),
    ],
)
async def test_a_change_that_expected_another_version_undoes_its_whole_commit(
    catalog, change, found
):
    await catalog.put("f", "a", {"n": 1})
    with pytest.raises(ConflictError) as raised:
        await catalog.commit([Put(kind="f", key="b", document={}), change])
    assert raised.value.found == found
    assert [record.key for record in await catalog.list("f")] == ["a"]


async def test_expectations_that_hold_pass(catalog):
    await catalog.commit([Put(kind="f", key="a", document={}, expect=0)])
    await catalog.commit([Put(kind="f", key="a", document={}, expect=1)])
    await catalog.commit([Delete(kind="f", key="a", expect=2)])
    assert await catalog.get("f", "a") is None


async def test_of_those_that_race_one_wins_and_the_others_do_not_spoil_it(catalog):
    async def attempt(number):
        try:
            await catalog.commit([Put(kind="f", key="a", document={"n": number}, expect=0)])
        except ConflictError:
            return None
        return number

    won = [
        number for number in await asyncio.gather(*map(attempt, range(20))) if number is not None
    ]
    assert len(won) == 1
    assert (await catalog.get("f", "a")).document == {"n": won[0]}


async def test_a_document_given_later_changes_does_not_change_what_was_put(catalog):
    document = {"list": [1]}
    await catalog.put("f", "a", document)
    document["list"].append(2)
    assert (await catalog.get("f", "a")).document == {"list": [1]}


async def test_who_watches_a_kind_is_told_of_its_changes_and_of_no_others(catalog):
    told = asyncio.Event()
    other = asyncio.Event()
    catalog.watch("f", told.set)
    catalog.watch("g", other.set)
    for change in (Put(kind="f", key="a", document={}), Delete(kind="f", key="a")):
        told.clear()
        await catalog.commit([change])
        await asyncio.wait_for(told.wait(), 10)
    assert not other.is_set()


KEYS = st.sampled_from(["a", "b", "c"])
CHANGES = st.one_of(
    st.builds(
        Put,
        kind=st.just("k"),
        key=KEYS,
        document=st.dictionaries(st.text(max_size=3), st.integers(-9, 9), max_size=2),
        keep=st.integers(1, 3),
        expect=st.one_of(st.none(), st.integers(0, 3)),
    ),
    st.builds(Delete, kind=st.just("k"), key=KEYS, expect=st.one_of(st.none(), st.integers(0, 3))),
)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=12))
@pytest.mark.parametrize("adapter", ["sqlite", "postgres"])
def test_every_adapter_does_as_memory_does(adapter, commits):
    async def told(opened):
        async with opened(Calendar()) as catalog:
            return await said_by(catalog)

    async def said_by(catalog):
        said = []
        for changes in commits:
            try:
                said.append(await catalog.commit(changes))
            except ConflictError as error:
                said.append((error.message, error.found))
        said.append(list(await catalog.list("k")))
        said.extend([list(await catalog.history("k", key)) for key in "abc"])
        return said

    assert asyncio.run(told(ADAPTERS[adapter])) == asyncio.run(told(memory))
