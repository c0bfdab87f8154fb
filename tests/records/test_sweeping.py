"""Files of large attributes: those that no record has are removed, and no other, whatever happens meanwhile."""

import os

import pytest

from frontdesk.ports.records import Name, Publication, Row
from frontdesk.records import sweeping
from frontdesk.records.blobs import Blobs
from frontdesk.records.sweeping import GRACE, Sweep
from frontdesk.stores.memory.records import MemoryRecords


class World:
    """Records with a folder of blobs. `now`: the time of the test, of files too."""

    def __init__(self, folder, clock):
        self.folder, self.clock = folder, clock
        self.store = MemoryRecords()
        self.blobs = Blobs(folder)
        self.sweep = Sweep(self.store, self.blobs, clock)

    async def keep(self, text):
        """Keep a text, as of now; return the name that a row has."""
        name = await self.blobs.keep(text)
        os.utime(self.file(name), (self.clock.now, self.clock.now))
        return name

    async def write(self, sk, version, text):
        name = await self.keep(text)
        document = f'{{"attributes":"{name}"}}'
        row = Row("ORDER#acme", sk, version, document)
        assert await self.store.publish(Publication("orders", row, document), now=self.clock.now)
        return name

    def file(self, name):
        return self.folder / name.removeprefix("blob:")

    @property
    def files(self):
        return {each.name for each in self.folder.iterdir()}

    async def whole_sweep(self):
        await self.sweep.go_on()
        while self.sweep._left:
            await self.sweep.go_on()


@pytest.fixture
def world(tmp_path, clock):
    return World(tmp_path / "blobs", clock)


async def test_a_file_is_removed_once_no_row_has_it(world):
    first = await world.write("1", 1, "one")
    second = await world.write("1", 2, "two")
    world.clock.now += GRACE + 1
    await world.whole_sweep()
    assert len(world.files) == 2  # the first one is of a command and of the history
    for table in ("command", "history"):
        await world.store.trim(table, "orders", world.clock.now, most=9)
    await world.whole_sweep()
    assert len(world.files) == 2  # not looked for again so soon
    world.clock.now += GRACE + 1
    await world.whole_sweep()
    assert world.files == {world.file(second).name}
    assert first != second


async def test_what_was_kept_a_moment_ago_stays_for_its_row_may_come(world):
    await world.keep("one")
    await world.whole_sweep()
    assert len(world.files) == 1


async def test_what_several_records_have_stays_while_one_has_it(world):
    name = await world.write("1", 1, "same")
    await world.write("2", 1, "same")
    await world.store.set_ttl(Name("orders", "ORDER#acme", "1"), 1, int(world.clock.now))
    await world.store.forget(world.clock.now, most=9)
    world.clock.now += GRACE + 1
    await world.whole_sweep()
    assert await world.blobs.load(name) == "same"


async def test_what_is_kept_again_during_a_sweep_stays(world, monkeypatch):
    monkeypatch.setattr(sweeping, "_SLICES", 1)
    name = await world.keep("one")
    world.clock.now += GRACE + 1
    await world.sweep.go_on()  # the file is known to be old, and rows are looked through
    assert world.sweep._to_look
    assert await world.write("1", 1, "one") == name
    await world.whole_sweep()
    assert await world.blobs.load(name) == "one"


async def test_rows_that_move_during_a_sweep_are_found(world, monkeypatch):
    monkeypatch.setattr(sweeping, "_SLICES", 1)
    name = await world.write("1", 1, "one")
    await world.store.trim("command", "orders", world.clock.now + 1, most=9)
    world.clock.now += GRACE + 1
    await world.sweep.go_on()
    await world.write("1", 2, "two")  # the former row of data is in the history now
    await world.whole_sweep()
    assert await world.blobs.load(name) == "one"


async def test_what_a_dead_process_has_left_is_put_right(world):
    kept, lost = await world.write("1", 1, "one"), await world.keep("two")
    for name in (kept, lost):
        world.file(name).rename(f"{world.file(name)}.gone")
    (world.folder / "half.12.ab").write_text("hal")
    os.utime(world.folder / "half.12.ab", (world.clock.now, world.clock.now))
    world.clock.now += GRACE + 1
    await world.whole_sweep()
    assert world.files == {world.file(kept).name}


async def test_a_part_of_a_sweep_is_bounded(world, monkeypatch):
    monkeypatch.setattr(sweeping, "_REMOVED", 2)
    for text in ("1", "2", "3", "4", "5"):
        await world.keep(text)
    world.clock.now += GRACE + 1
    await world.sweep.go_on()
    assert len(world.files) == 3
    await world.whole_sweep()
    assert world.files == set()


async def test_without_a_folder_nothing_is_done(world):
    await world.sweep.go_on()
    assert not world.folder.exists()
