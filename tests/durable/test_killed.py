"""Processes that run state machines are killed under load: no start is lost, no completed step is done again."""

import json
import re
import signal
from collections import Counter, defaultdict
from functools import partial

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.durable.driver import Pace
from frontdesk.durable.executions.codec import history_of
from frontdesk.ports.journal import Filter
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.journal import SqliteJournal
from tests.live.disks import fill, small_disk
from tests.live.driving import DEFINITION, FUNCTIONS, GIVEN, at_rest, driving
from tests.live.journals import ADAPTERS
from tests.live.processes import alive, starting, until
from tests.sim.world import World, causes


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request):
    """Yield a journal and what other processes open it by."""
    kind = request.param
    async with ADAPTERS[kind]() as opened:
        yield opened.store, kind, opened.where


@pytest.fixture
def processes(shared, tmp_path):
    """Start processes that run machines: give each a name, and how many executions it keeps going."""
    _, kind, where = shared
    with starting("tests.live.driving", kind, where, tmp_path / "log") as start:
        yield start


def has_started(process, most):
    assert alive(process.pid), process.stderr
    return len(started(process)) > most


def started(process):
    return re.findall(r"^started (\S+)\n", process.stdout, re.MULTILINE)


async def usual():
    """Return what the history of an execution is without any fault."""
    world = World({"m": DEFINITION}, dict(FUNCTIONS))

    async def play(world):
        await world.ended(await world.start("m", GIVEN))

    await world.run(play)
    ((_, history),) = world.histories().values()
    return history


async def steps(journal):
    """Read the steps of all executions, by name; each has succeeded."""
    found, token = {}, ""
    while True:
        page = await journal.list(Filter(kind="execution/m"), most=500, token=token)
        for stream in page.streams:
            assert stream.status.name == "SUCCEEDED"
            found[stream.name] = await journal.read(stream.id, 1, stream.seq)
        if not (token := page.token):
            return found


def completed(executions):
    """Return when each attempt of a task was over, by its key: milliseconds since 1970."""
    return {
        (step["in"]["key"], step["in"]["attempt"]): step["in"]["now"]
        for taken in executions.values()
        for step in taken
        if step["in"]["type"] in ("TaskSucceeded", "TaskFailed")
    }


def calls(log):
    """Read when each attempt was made, by its key."""
    found = defaultdict(list)
    for line in log.read_text().splitlines():
        at, attempt, key = line.split(" ", 2)
        found[key, int(attempt)].append(int(float(at) * 1000))
    return found


async def nothing_is_lost(journal, acknowledged, log):
    expected, executions = await usual(), await steps(journal)
    assert set(acknowledged) <= executions.keys()
    for name, taken in executions.items():
        assert Counter(causes(history_of(taken))) == expected, name
    over, made = completed(executions), calls(log)
    assert made.keys() == over.keys()
    repeated = {key: (times, over[key]) for key, times in made.items() if max(times) > over[key]}
    assert repeated == {}


@pytest.mark.parametrize(
    "rounds",
    [3, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
async def test_processes_killed_under_load_lose_no_start_and_repeat_no_completed_step(
    shared, processes, rounds, tmp_path
):
    journal, *_ = shared
    acknowledged = []
    following = processes("r0", 30)
    for number in range(rounds):
        victim, most = following, 15 + 12 * (number % 4)
        if number + 1 < rounds:
            following = processes(f"r{number + 1}", 30)  # takes over what the victim holds
        until(partial(has_started, victim, most))
        victim.signal(signal.SIGKILL)
        victim.wait()
        acknowledged += started(victim)
    processes("last", 0).wait_for("^at rest$")
    await nothing_is_lost(journal, acknowledged, tmp_path / "log")


def test_a_dead_process_is_noticed_within_ten_seconds():
    pace = Pace()
    assert pace.lease + pace.look < 10


async def test_a_full_disk_refuses_starts_and_what_runs_goes_on_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=16) as disk:
        database = Database.open(disk / "frontdesk.db")
        journal = SqliteJournal(database)
        acknowledged, number = [], 0
        async with driving(journal) as executions:
            refused = False
            while not refused:
                number += 1
                try:
                    begun = await executions.start("m", json.dumps(GIVEN), name=f"e-{number}")
                    acknowledged.append(begun.name)
                except StoreError:
                    refused = True
                if number == 20:
                    fill(disk / "filler")
            (disk / "filler").unlink()
            await at_rest(journal)
            found = await steps(journal)
        database.close()
    assert set(acknowledged) <= found.keys()
    expected = await usual()
    assert all(Counter(causes(history_of(taken))) == expected for taken in found.values())
