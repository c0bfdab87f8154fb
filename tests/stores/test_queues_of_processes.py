"""Processes with one store of queues are killed in the middle: nothing that they acknowledged is lost."""

import signal

import pytest

from tests.live.processes import starting, until
from tests.live.queueing import CALLS, NOW, acknowledged
from tests.live.queues import ADAPTERS


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request):
    """Yield a store and what other processes open it by."""
    kind = request.param
    async with ADAPTERS[kind]() as opened:
        yield opened.store, kind, opened.where


@pytest.fixture
def processes(shared):
    _, kind, where = shared
    with starting("tests.live.queueing", kind, where) as start:
        yield start


def has_worked(process, most):
    said = process.stdout
    return said.count("sent") > most and said.count("deleted") > most / 10


@pytest.mark.parametrize(
    "rounds",
    [3, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
async def test_processes_killed_lose_no_message_they_acknowledged_nor_bring_back_one_they_deleted(
    shared, processes, rounds
):
    store, *_ = shared
    sent, deleted = set(), set()
    for number in range(rounds):
        victim = processes(f"r{number}")
        until(lambda victim=victim, number=number: has_worked(victim, 50 + number % 9))
        victim.signal(signal.SIGKILL)
        victim.wait()
        sent |= acknowledged(victim.stdout, "sent")
        deleted |= acknowledged(victim.stdout, "deleted")
    left = set()
    while (received := await store.receive(CALLS, most=100, now=NOW + 61)).messages:
        left |= {message.id for message in received.messages}
    assert left.isdisjoint(deleted)
    # Of each process one deletion may be committed that it could not tell of any more.
    assert len(sent - left - deleted) <= rounds
