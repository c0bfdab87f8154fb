"""Processes with one store of queues are killed in the middle: nothing that they acknowledged is lost."""

import signal
import sys
from pathlib import Path

import pytest

from tests.live.processes import Running, until
from tests.live.queueing import CALLS, NOW, acknowledged
from tests.live.queues import ADAPTERS
from tests.live.servers import postgres_url


@pytest.fixture(params=["sqlite", "postgres"])
async def shared(request):
    """Yield a store and what other processes open it by."""
    kind = request.param
    async with ADAPTERS[kind]() as opened:
        yield opened.store, kind, opened.path if kind == "sqlite" else postgres_url()


@pytest.fixture
def processes(shared):
    _, kind, where = shared
    running = []

    def start(name):
        command = [sys.executable, "-m", "tests.live.queueing", kind, where, name]
        running.append(Running(command, cwd=Path(__file__).parents[2]))
        return running[-1]

    yield start
    for process in running:
        process.end(signal.SIGKILL)


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
