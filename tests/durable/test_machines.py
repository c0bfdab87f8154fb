"""State machines of the file and of the API: which there are, what they run, who sees a change."""

import asyncio
import json
import logging

import pytest

from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable import machines as module
from frontdesk.durable.machine_changes import MachineChanges, MachineUpdate, NewMachine
from frontdesk.durable.machine_entries import LOGGING_OFF, Alias, Route
from frontdesk.durable.machine_versions import MOST_ALIASES, MachineVersions
from frontdesk.durable.machines import DEFINITION, FileMachine, Machines, digest_of
from frontdesk.ports.catalog import ConflictError
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.asl.program import Program
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.postgres.catalog import PostgresCatalog
from tests.live.servers import emptied, postgres_url

CLOCK = SystemClock()
ARN = "arn:aws:states:us-east-1:000000000000:stateMachine:"


def passing(number):
    return json.dumps(
        {"StartAt": "a", "States": {"a": {"Type": "Pass", "Result": number, "End": True}}}
    )


ONE, TWO, THREE = (passing(number) for number in (1, 2, 3))


class Gateway:
    """The machines of one gateway."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.machines = Machines(catalog, CLOCK, region="us-east-1", account="000000000000")
        ids = iter(f"r{number}" for number in range(1, 10_000))
        self.changes = MachineChanges(self.machines, catalog, CLOCK, lambda: next(ids))
        self.versions = MachineVersions(self.machines, self.changes, CLOCK)

    async def create(self, name, text=ONE, *, express=False, publish=False):
        wanted = NewMachine(name, express, text, "role", LOGGING_OFF, False, {}, publish, "")
        return await self.changes.create(wanted)

    async def update(self, name, text, *, publish=False):
        wanted = MachineUpdate(text, None, None, None, publish, "")
        return await self.changes.update(name, wanted)

    def runs(self, text, pick=0.0):
        return json.loads(self.machines.target(text, pick).revision.definition)


@pytest.fixture
async def start():
    """Make gateways with a catalog in common, or one of their own."""
    started = []

    async def start(catalog=None):
        gateway = Gateway(catalog or MemoryCatalog(CLOCK))
        await gateway.machines.start()
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.machines.stop()


@pytest.fixture
async def gateway(start):
    return await start()


def of_file(name, text=ONE, *, express=False):
    return {name: FileMachine(name, text, express, 60.0, "ERROR")}


async def settle():
    """Let what was told by the catalog be followed."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_machine_of_the_file_is_found_with_what_the_file_says(gateway):
    await gateway.machines.adopt(of_file("charge", express=True))
    target = gateway.machines.target("charge", 0.0)
    assert (target.arn, target.version_arn, target.alias_arn) == (ARN + "charge", "", "")
    assert (target.retention, target.log) == (60.0, "ERROR")
    assert target.revision == (digest_of(ONE, express=True), ONE, True, "")


FORMS = ("{arn}charge{behind}", "arn:aws:states::stateMachine:charge{behind}", "charge{behind}")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("behind", "version", "alias"), [("", "", ""), (":1", ":1", ""), (":live", ":1", ":live")]
)
async def test_a_machine_is_found_by_arn_and_by_name(gateway, form, behind, version, alias):
    await gateway.create("charge", publish=True)
    routes = (Route(version="1", weight=100),)
    await gateway.versions.create_alias("charge", "live", routes, "")
    target = gateway.machines.target(form.format(arn=ARN, behind=behind), 0.0)
    shown = [ARN + "charge" + one if one else "" for one in (version, alias)]
    assert [target.version_arn, target.alias_arn] == shown
    assert (target.arn, target.revision.role) == (ARN + "charge", "role")


ABSENT = (
    "none",
    ARN + "none",
    "charge:9",
    "charge:nobody",
    "arn:aws:sqs:::charge",
    "a b",
    "",
    "of_file:1",
)


@pytest.mark.parametrize("text", ABSENT)
async def test_what_is_not_there_is_told_as_it_was_asked_for(gateway, text):
    await gateway.machines.adopt(of_file("of_file"))
    await gateway.create("charge", publish=True)
    with pytest.raises(ExecutionError) as refusal:
        gateway.machines.target(text, 0.0)
    assert refusal.value.code == "StateMachineDoesNotExist"
    assert refusal.value.message == f"State Machine Does Not Exist: '{text}'"


async def test_the_file_keeps_its_names(gateway, caplog):
    await gateway.create("charge", ONE)
    with caplog.at_level(logging.WARNING):
        await gateway.machines.adopt(of_file("charge", TWO))
    assert "gives way to the file's: charge" in caplog.text
    assert gateway.runs("charge") == json.loads(TWO)
    assert gateway.machines.entries() == {}
    await gateway.machines.adopt({})
    assert gateway.runs("charge") == json.loads(ONE)


async def test_every_definition_stays(start):
    first = await start()
    await first.machines.adopt(of_file("charge", ONE))
    await first.machines.adopt(of_file("charge", TWO))
    await first.create("pay", THREE)
    await first.changes.delete("pay")
    second = await start(first.catalog)
    for text in (ONE, TWO, THREE):
        digest = digest_of(text, express=False)
        assert await second.machines.text(digest) == text
        assert isinstance(await second.machines.program(digest), Program)


async def test_a_definition_that_is_not_kept_is_told(gateway):
    with pytest.raises(StoreError, match="not kept: none"):
        await gateway.machines.program("none")


async def test_a_definition_is_compiled_once_while_there_is_room(gateway, monkeypatch):
    monkeypatch.setattr(module, "_PROGRAMS", 1)
    await gateway.machines.adopt(of_file("one", ONE) | of_file("two", TWO))
    one, two = (digest_of(text, express=False) for text in (ONE, TWO))
    first = await gateway.machines.program(one)
    assert await gateway.machines.program(one) is first
    await gateway.machines.program(two)
    assert await gateway.machines.program(one) is not first


async def test_types_have_definitions_of_their_own():
    assert digest_of(ONE, express=True) != digest_of(ONE, express=False)


async def test_gateways_with_one_catalog_see_each_others_changes(start):
    here = await start()
    there = await start(here.catalog)
    await here.create("charge", ONE, publish=True)
    await settle()
    assert there.runs("charge") == json.loads(ONE)
    await there.update("charge", TWO)
    await settle()
    assert here.runs("charge") == json.loads(TWO)
    assert here.runs("charge:1") == json.loads(ONE)
    await here.changes.delete("charge")
    await settle()
    with pytest.raises(ExecutionError):
        there.machines.target("charge", 0.0)


async def test_gateways_with_one_postgresql_see_each_others_changes(start):
    async with emptied(postgres_url()) as database:
        wheels = [Wheel(CLOCK.monotonic()) for _ in range(2)]
        catalogs = [PostgresCatalog(database, CLOCK, wheel) for wheel in wheels]
        here, there = [await start(catalog) for catalog in catalogs]
        await here.create("charge", ONE, publish=True)
        await there.machines.adopt(of_file("pay", TWO))
        seconds = CLOCK.monotonic()
        while "charge" not in there.machines.entries():
            seconds += 1.0
            wheels[1].advance(seconds)
            await asyncio.sleep(0.01)
        assert there.runs("charge:1") == json.loads(ONE)
        await here.machines.program(digest_of(TWO, express=False))
        for catalog in catalogs:
            catalog.close()


async def test_a_change_is_made_of_what_another_gateway_has_made(start, monkeypatch):
    here = await start()
    await here.create("charge", ONE, publish=True)
    there = await start(here.catalog)
    commit, raced = here.catalog.commit, []

    async def slow(changes):
        if not raced:
            raced.append(True)
            await there.update("charge", TWO, publish=True)
        return await commit(changes)

    monkeypatch.setattr(here.catalog, "commit", slow)
    routes = (Route(version="1", weight=100),)
    await here.versions.create_alias("charge", "live", routes, "")
    entry = here.machines.entry("charge")
    assert (sorted(entry.versions), sorted(entry.aliases)) == (["1", "2"], ["live"])


async def test_two_gateways_may_keep_one_definition_at_once(start, monkeypatch):
    here = await start()

    async def refuse(changes):
        raise ConflictError(changes[0], 1)

    monkeypatch.setattr(here.catalog, "commit", refuse)
    await here.machines.adopt(of_file("charge"))
    assert here.runs("charge") == json.loads(ONE)


async def test_a_store_that_cannot_changes_nothing(gateway, monkeypatch):
    await gateway.create("charge", ONE)

    async def full(_changes):
        raise StoreError("the disk is full")

    monkeypatch.setattr(gateway.catalog, "commit", full)
    for change in (
        gateway.update("charge", TWO),
        gateway.create("pay"),
        gateway.changes.delete("charge"),
    ):
        with pytest.raises(StoreError):
            await change
    assert gateway.runs("charge") == json.loads(ONE)
    assert list(gateway.machines.entries()) == ["charge"]


async def test_what_cannot_be_followed_is_followed_later(start, monkeypatch, caplog):
    here = await start()
    there = await start(here.catalog)
    listed = there.catalog.list

    async def lost(*_arguments, **_settings):
        raise StoreError("nobody answers")

    monkeypatch.setattr(here.catalog, "list", lost)
    await here.create("charge")
    await settle()
    assert "cannot read the state machines that have changed" in caplog.text
    monkeypatch.setattr(here.catalog, "list", listed)
    await here.create("pay")
    await settle()
    assert sorted(there.machines.entries()) == ["charge", "pay"]


async def test_a_damaged_store_is_told_at_the_start(start):
    here = await start()
    await here.create("charge")
    await here.catalog.delete(DEFINITION, digest_of(ONE, express=False))
    with pytest.raises(StoreError, match="not kept"):
        await start(here.catalog)


async def test_quotas_hold(gateway, monkeypatch):
    monkeypatch.setattr("frontdesk.durable.machine_changes.MOST_VERSIONS", 2)
    await gateway.create("charge", ONE, publish=True)
    await gateway.update("charge", TWO, publish=True)
    with pytest.raises(ExecutionError, match="2 versions") as refusal:
        await gateway.update("charge", THREE, publish=True)
    assert refusal.value.code == "ServiceQuotaExceededException"
    assert gateway.runs("charge") == json.loads(TWO)
    monkeypatch.setattr("frontdesk.durable.machine_versions.MOST_ALIASES", 1)
    routes = (Route(version="1", weight=100),)
    await gateway.versions.create_alias("charge", "a", routes, "")
    with pytest.raises(ExecutionError, match="aliases") as refusal:
        await gateway.versions.create_alias("charge", "b", routes, "")
    assert refusal.value.code == "ServiceQuotaExceededException"
    assert MOST_ALIASES == 100


@pytest.mark.parametrize(
    ("weights", "pick", "version"),
    [
        ((100,), 0.999, "1"),
        ((70, 30), 0.0, "1"),
        ((70, 30), 0.699, "1"),
        ((70, 30), 0.7, "2"),
        ((0, 100), 0.0, "2"),
        ((100, 0), 0.9999999999999999, "1"),
    ],
)
def test_an_alias_picks_by_weight(weights, pick, version):
    routes = tuple(
        Route(version=str(number), weight=weight) for number, weight in enumerate(weights, start=1)
    )
    assert Alias(routes=routes, created=0.0, updated=0.0).choose(pick) == version
