"""Several processes with one journal: one is killed, one stands still while another takes over."""

import contextlib
import signal
import sqlite3

import pytest

from frontdesk.ports.journal import Append, Filter
from tests.live.appending import NOW, STREAMS, acknowledgements, all_there
from tests.live.journals import ADAPTERS
from tests.live.processes import starting, until


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request):
    """Yield a journal and what other processes open it by."""
    kind = request.param
    async with ADAPTERS[kind]() as opened:
        yield opened.store, kind, opened.where


@pytest.fixture
def appending(shared):
    _, kind, where = shared
    with starting("tests.live.appending", kind, where) as start:
        yield start()


def has_appended(process, times):
    done = acknowledgements(process.stdout)
    return len(done) == STREAMS and min(done.values()) >= times


def is_locked(path):
    with contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


async def streams(journal):
    return (await journal.list(Filter(kind="k"), most=99)).streams


async def test_a_process_killed_in_the_middle_loses_no_append_it_acknowledged(shared, appending):
    journal, *_ = shared
    until(lambda: has_appended(appending, 10))
    appending.signal(signal.SIGKILL)
    appending.wait()
    done = acknowledgements(appending.stdout)
    owner = await journal.join(until=NOW + 99)
    assert len(await journal.due(owner, now=NOW + 10, most=99)) == STREAMS
    for stream in await streams(journal):
        await all_there(journal, stream, done[stream.name])


async def test_a_process_that_stood_still_is_fenced_whatever_it_was_about_to_do(shared, appending):
    journal, kind, where = shared
    until(lambda: has_appended(appending, 3))
    appending.stand_still()
    while kind == "sqlite" and is_locked(where):  # nobody can do anything then
        appending.signal(signal.SIGCONT)
        appending.stand_still()
    owner = await journal.join(until=NOW + 99)
    taken = []
    while len(taken) < STREAMS:  # rows of its transaction are locked until the server gives it up
        taken += await journal.due(owner, now=NOW + 10, most=99)
    for each in taken:
        await journal.append(
            Append(
                stream=each.stream.id, owner=owner, expect_seq=each.stream.seq, events=[{"by": 2}]
            )
        )
    appending.signal(signal.SIGCONT)
    until(lambda: appending.stdout.count("fenced") == STREAMS)
    done = acknowledgements(appending.stdout)
    for each in taken:
        events = await journal.read(each.stream.id, 1, 10**9)
        assert len(events) == each.stream.seq + 1
        assert events[-1] == {"by": 2}
        assert done[each.stream.name] * 2 <= each.stream.seq
