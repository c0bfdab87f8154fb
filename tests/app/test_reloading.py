"""Reloads: one at a time, shared by those who ask together, the last one wins; what is kept of them."""

import asyncio
from types import SimpleNamespace

import pytest

from frontdesk.app.history import KEPT, History
from frontdesk.app.reloading import Reloads
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import ConfigError, StartError, StoreError
from frontdesk.config.load import load
from frontdesk.stores.memory.catalog import MemoryCatalog

TEXT = "name: x\napis: {a: {routes: {GET /x: {mock: {body: v0}}}}}\n"


class Target:
    """Puts configurations in force; a plan is their first body. `gate` holds the compilation up."""

    def __init__(self, loaded):
        self.loaded = loaded
        self.prepared = 0
        self.at_once = 0
        self.most_at_once = 0
        self.refuse = None
        self.began = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def prepare(self, loaded):
        self.prepared += 1
        self.began.set()
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.gate.wait()
        self.at_once -= 1
        return SimpleNamespace(loaded=loaded, plan=body(loaded))

    async def adopt(self, candidate):
        if self.refuse is not None:
            raise self.refuse
        former, self.loaded = self.loaded, candidate.loaded
        return SimpleNamespace(loaded=former, plan=body(former))

    def waiting(self, _config):
        return ()


class Report:
    def __init__(self):
        self.told = []

    def reloaded(self, by, loaded, effect):
        self.told.append((by, body(loaded), effect.version))

    def refused(self, by, error):
        self.told.append((by, type(error).__name__))


def body(loaded):
    return loaded.config.apis["a"].routes["GET /x"].mock.body


@pytest.fixture
async def world(tmp_path):
    world = SimpleNamespace(path=tmp_path / "frontdesk.yaml", report=Report())

    def write(version):
        new = world.path.with_name("new.yaml")  # a file that is half written would be refused
        new.write_text(TEXT.replace("v0", version))
        new.replace(world.path)

    write("v0")
    world.write = write
    world.catalog = MemoryCatalog(SystemClock())
    world.history = History(world.catalog, "x")
    world.target = Target(load([world.path], {}))
    world.counted = []
    world.reloads = Reloads(world.target, {}, world.report, world.counted.append)
    await world.reloads.start(world.history)
    yield world
    world.reloads.stop()


async def test_a_reload_storm_is_one_reload_at_a_time_and_all_get_what_came_last(world):
    world.target.gate.clear()
    storm = []
    for number in range(1, 51):
        world.write(f"v{number}")
        storm.append(asyncio.ensure_future(world.reloads.reload("cli")))
        await asyncio.sleep(0)
    await world.target.began.wait()
    world.target.gate.set()
    await asyncio.gather(*storm)
    assert body(world.target.loaded) == "v50"
    assert world.target.prepared <= 2
    assert world.target.most_at_once == 1


async def test_who_asks_while_one_runs_gets_what_the_files_said_then(world):
    world.target.gate.clear()
    world.write("early")
    first = asyncio.ensure_future(world.reloads.reload("cli"))
    await world.target.began.wait()
    world.write("late")
    second = asyncio.ensure_future(world.reloads.reload("cli"))
    await asyncio.sleep(0)
    world.target.gate.set()
    assert (await first).version == 2
    assert (await second).version == 3
    assert [told[:2] for told in world.report.told] == [("cli", "early"), ("cli", "late")]


async def test_the_last_of_several_different_wishes_wins(world):
    world.target.gate.clear()
    world.reloads.begin("SIGHUP")
    await world.target.began.wait()
    replaced = asyncio.ensure_future(world.reloads.reload("cli"))
    await asyncio.sleep(0)
    last = asyncio.ensure_future(world.reloads.rollback(1))
    await asyncio.sleep(0)
    world.target.gate.set()
    with pytest.raises(StartError, match="not reloaded: a later reload took its place"):
        await replaced
    await last


async def test_what_is_in_force_is_read_anew_as_it_was(world):
    world.write("v1")
    world.target.gate.clear()
    world.reloads.renew("${secret:vendor}")
    await world.target.began.wait()
    world.target.gate.set()
    await world.reloads.preview()  # which waits for its turn
    assert world.report.told == [("${secret:vendor}", "v0", 1)]


async def test_a_renewal_takes_the_place_of_no_reload_that_waits(world):
    world.target.gate.clear()
    world.reloads.begin("SIGHUP")
    await world.target.began.wait()
    world.write("v1")
    waiting = asyncio.ensure_future(world.reloads.reload("cli"))
    await asyncio.sleep(0)
    world.reloads.renew("${secret:vendor}")
    world.target.gate.set()
    assert (await waiting).version == 2
    assert [by for by, *_ in world.report.told] == ["SIGHUP", "cli"]


async def test_a_bad_file_changes_nothing(world):
    world.path.write_text("name: x\nno: 1\n")
    with pytest.raises(ConfigError) as raised:
        await world.reloads.reload("cli")
    assert str(raised.value.findings[0].where).endswith("frontdesk.yaml:2:1")
    assert body(world.target.loaded) == "v0"
    assert world.report.told == [("cli", "ConfigError")]
    world.write("v1")
    await world.reloads.reload("cli")
    assert body(world.target.loaded) == "v1"
    assert world.counted == ["refused", "applied"]


async def test_what_cannot_be_put_in_force_leaves_the_former(world):
    world.target.refuse = StartError("no room")
    world.write("v1")
    with pytest.raises(StartError, match="no room"):
        await world.reloads.reload("cli")
    assert body(world.target.loaded) == "v0"
    assert [version.number for version in await world.history.versions()] == [1]


async def test_a_fault_of_ours_does_not_end_reloading(world, caplog):
    world.target.refuse = ZeroDivisionError()
    with pytest.raises(StartError, match="not reloaded: see the log"):
        await world.reloads.reload("cli")
    assert "ZeroDivisionError" in caplog.text
    world.target.refuse = None
    await world.reloads.reload("cli")


async def test_a_preview_changes_nothing(world):
    world.write("v1")
    effect = await world.reloads.preview()
    assert [change.after for change in effect.changes] == ['"v1"']
    assert body(world.target.loaded) == "v0"
    assert len(await world.history.versions()) == 1


async def test_the_last_ten_versions_are_kept_with_who_made_them(world):
    for number in range(1, 15):
        world.write(f"v{number}")
        await world.reloads.reload("SIGHUP" if number % 2 else "cli")
    versions = await world.history.versions()
    assert [version.number for version in versions] == list(range(15, 15 - KEPT, -1))
    assert {version.by for version in versions} == {"SIGHUP", "cli"}
    assert versions[0].sources == {world.path: world.path.read_bytes()}
    with pytest.raises(StartError, match="no such version of the configuration: 3"):
        await world.reloads.rollback(3)


async def test_a_reload_that_changes_no_file_makes_no_version(world):
    assert (await world.reloads.reload("cli")).version == 1
    assert len(await world.history.versions()) == 1


async def test_after_a_rollback_a_reload_reads_the_files_again(world):
    world.write("v1")
    await world.reloads.reload("cli")
    await world.reloads.rollback(1)
    assert body(world.target.loaded) == "v0"
    assert (await world.history.versions())[0].by == "rollback to 1"
    await world.reloads.reload("cli")
    assert body(world.target.loaded) == "v1"


async def test_documents_that_the_files_name_come_back_with_a_version(world):
    document = world.path.with_name("api.yaml")
    text = "openapi: 3.0.1\nx-frontdesk-api: {type: http, routes: {GET /x: {mock: {body: v1}}}}\n"
    document.write_text(text)
    world.path.write_text("name: x\napis: {a: {openapi: api.yaml}}\n")
    await world.reloads.reload("cli")
    document.write_text(text.replace("v1", "v2"))
    await world.reloads.reload("cli")
    assert body(world.target.loaded) == "v2"
    versions = await world.history.versions()
    assert versions[0].paths == (world.path,)
    assert versions[0].sources.keys() == {world.path, document}
    await world.reloads.rollback(versions[1].number)
    assert body(world.target.loaded) == "v1"


async def test_a_store_that_cannot_be_written_loses_the_note_but_not_the_reload(
    world, monkeypatch, caplog
):
    async def full(*_arguments, **_keywords):
        raise StoreError("the store did not do it: disk full")

    monkeypatch.setattr(world.catalog, "put", full)
    world.write("v1")
    assert (await world.reloads.reload("cli")).version == 0
    assert body(world.target.loaded) == "v1"
    assert "this configuration is not in the history: the store did not do it" in caplog.text


async def test_what_is_asked_before_the_start_is_done_after_it(world):
    early = Reloads(world.target, {}, world.report)
    early.begin("SIGHUP")
    world.write("v1")
    await early.start(world.history)
    await early.reload("cli")
    assert [told[0] for told in world.report.told] == ["SIGHUP"]
    early.stop()


async def test_a_stop_answers_those_who_wait(world):
    world.target.gate.clear()
    waiting = [asyncio.ensure_future(world.reloads.reload("cli")) for _ in range(2)]
    await world.target.began.wait()
    waiting.append(asyncio.ensure_future(world.reloads.rollback(1)))
    await asyncio.sleep(0)
    world.reloads.stop()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {StartError}
