"""Processes that write the same records are killed in the middle: nothing acknowledged is lost, no version is double."""

import signal

import pytest

from frontdesk.ports.records import Name, Subscriber
from frontdesk.rules.records.keys import with_version
from frontdesk.rules.records.record import read_document
from tests.live.processes import alive, starting, until
from tests.live.recording import KEYS, acknowledged
from tests.live.records import ADAPTERS

NOW = 1_700_000_000.0
HOOK = Subscriber("test/hook", "orders", "hook")


@pytest.fixture(params=["sqlite", "postgres"])
async def opened(request):
    async with ADAPTERS[request.param]() as opened:
        yield opened


@pytest.fixture
def processes(opened):
    with starting("tests.live.recording", opened.url) as start:
        yield start


def has_written(process, most):
    assert alive(process.pid), process.stderr
    return process.stdout.count("\n") > most


async def all_versions(store):
    """Read all records; each has all versions, a history of all former ones, and the last one as data."""
    found = set()
    for number in range(KEYS):
        name = Name("orders", "ORDER#acme", f"k{number}")
        rows = await store.versions(name, before=2**62, most=10**6, now=NOW)
        versions = [row.version for row in rows]
        assert versions == list(range(len(rows), 0, -1))
        data = await store.get("data", name, now=NOW)
        for row in rows:
            table = "data" if row.version == len(rows) else "history"
            shown = await store.get(table, name, row.version, now=NOW)
            kept, read = [
                read_document(each.document, pk=each.pk, sk=each.sk, version=each.version, ttl=None)
                for each in (row, shown)
            ]
            assert (read.code, read.csk) == (kept.code, with_version(name.sk, row.version))
        assert data is None or data.version == len(rows)
        found |= {(name.sk, version) for version in versions}
    return found


@pytest.mark.parametrize(
    "rounds",
    [3, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
async def test_writers_in_two_processes_that_are_killed_lose_nothing_and_share_no_version(
    opened, processes, rounds
):
    await opened.store.subscribe(HOOK, now=1e12)
    written = set()
    for number in range(rounds):
        both = [processes(f"{number}-{name}") for name in "ab"]
        for each in both:
            until(lambda each=each, number=number: has_written(each, 20 + number % 7))
        for each in both:
            each.signal(signal.SIGKILL)
        for each in both:
            each.wait()
            of_this = acknowledged(each.stdout)
            assert written.isdisjoint(of_this)
            written |= of_this
    there = await all_versions(opened.store)
    assert written <= there
    # What was committed when its process could not tell of it any more.
    assert len(there - written) <= 2 * KEYS * rounds
    assert await opened.store.waiting(HOOK.name) == (len(there), pytest.approx(1.8e9, rel=0.2))
