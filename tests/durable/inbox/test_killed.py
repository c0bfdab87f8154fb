"""Processes that take webhooks are killed under load: none that was acknowledged is lost, none is handed over twice."""

import re
import signal
import time
from collections import Counter, defaultdict
from functools import partial

import pytest

from frontdesk.ports.inbox import Search
from frontdesk.ports.journal import Filter
from tests.live.hooking import JOBS
from tests.live.inboxes import ADAPTERS
from tests.live.processes import alive, starting, until


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request):
    """Yield an inbox and what other processes open it by."""
    kind = request.param
    async with ADAPTERS[kind]() as opened:
        yield opened, kind, opened.where


@pytest.fixture
def processes(shared, tmp_path):
    """Start processes that take webhooks: give each a name, and how many it takes at once."""
    _, kind, where = shared
    with starting("tests.live.hooking", kind, where, tmp_path / "log") as start:
        yield start


def taken(process):
    return re.findall(r"^taken (\S+)\n", process.stdout, re.MULTILINE)


def has_taken(process, most):
    assert alive(process.pid), process.stderr
    return len(taken(process)) > most


async def delivered(store):
    """Read all deliveries, by type."""
    found, token = defaultdict(set), ""
    while True:
        page = await store.list(Search(), most=1000, token=token)
        for entry in page.entries:
            assert entry.state == "processed", entry
            found[entry.type].add(entry.id)
        if not (token := page.token):
            return found


async def started(journal):
    found, token = set(), ""
    while True:
        page = await journal.list(Filter(kind="execution/m"), most=1000, token=token)
        found |= {stream.name.removeprefix("shop.") for stream in page.streams}
        if not (token := page.token):
            return found


async def sent(queues):
    """Count the messages of each webhook."""
    found = Counter()
    while messages := (
        await queues.receive(JOBS, most=1000, now=time.time(), visibility=1e9)
    ).messages:
        found.update(
            re.search(rb'"id":{[^}]*"StringValue":"([^"]+)"', each.attributes)[1].decode()
            for each in messages
        )
    return found


@pytest.mark.parametrize(
    "rounds",
    [3, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])],
)
async def test_processes_killed_under_load_lose_no_webhook_and_hand_none_over_twice(
    shared, processes, rounds, tmp_path
):
    opened, *_ = shared
    acknowledged = set()
    following = processes("r0", 20)
    for number in range(rounds):
        victim, most = following, 30 + 40 * (number % 4)
        if number + 1 < rounds:
            following = processes(f"r{number + 1}", 20)  # goes on with what the victim has taken
        until(partial(has_taken, victim, most))
        victim.signal(signal.SIGKILL)
        victim.wait()
        acknowledged |= set(taken(victim))
    processes("last", 0).wait_for("^at rest$")
    found = await delivered(opened.store)
    assert acknowledged <= set.union(*found.values())
    called = [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert set(called) == found["called"]
    assert await sent(opened.queues) == Counter(found["sent"])
    assert await started(opened.journal) == found["started"]
