"""The key of a store is made once."""

from frontdesk.app.seal import seal_key
from frontdesk.base.clock import SystemClock
from frontdesk.stores.memory.catalog import MemoryCatalog


async def test_a_store_has_one_key():
    catalog = MemoryCatalog(SystemClock())
    key = await seal_key(catalog)
    assert len(key) == 32
    assert await seal_key(catalog) == key


async def test_of_two_gateways_the_second_takes_the_key_of_the_first(monkeypatch):
    catalog = MemoryCatalog(SystemClock())
    theirs, get = [], catalog.get

    async def get_before_another(*asked):
        found = await get(*asked)
        if found is None and not theirs:
            monkeypatch.setattr(catalog, "get", get)
            theirs.append(await seal_key(catalog))
        return found

    monkeypatch.setattr(catalog, "get", get_before_another)
    assert [await seal_key(catalog)] == theirs
