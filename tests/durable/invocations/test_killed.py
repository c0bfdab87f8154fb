"""Processes that invoke functions are killed under load: what was accepted is made, and told of, all the same."""

import json

import pytest

from frontdesk.base.wheel import Wheel
from tests.durable.queues.playing import settled
from tests.live.invoking import TOLD, Ahead, desk
from tests.live.processes import alive, starting, until
from tests.live.queueing import acknowledged
from tests.live.queues import ADAPTERS

LONG = [pytest.mark.soak, pytest.mark.timeout(900)]
STEP = 200.0
"""Seconds between two lives: what the one before has hidden, or put off, is due in the next."""


@pytest.fixture
def process():
    with starting("tests.live.invoking") as start:
        yield start


@pytest.mark.parametrize(
    ("kind", "rounds", "at_once"),
    [
        pytest.param("sqlite", 3, 1, id="sqlite"),
        pytest.param("sqlite", 50, 1, id="sqlite-long", marks=LONG),
        pytest.param("postgres", 50, 2, id="postgres-long", marks=LONG),
    ],
)
async def test_what_was_accepted_is_made_and_told_of(kind, rounds, at_once, process, tmp_path):
    runs = tmp_path / "runs"
    accepted = set()
    async with ADAPTERS[kind]() as opened:
        for number in range(rounds):
            ahead = number * STEP
            lives = [
                process(kind, opened.where, runs, ahead, f"{number}-{n}") for n in range(at_once)
            ]
            for life in lives:
                until(lambda life=life: _has_accepted(life, 30))
                life.end(9)
                accepted |= acknowledged(life.stdout, "accepted")
        told = await _finished(opened.store, runs, rounds * STEP)
    assert accepted <= told.keys()
    made = set(runs.read_text().split())
    assert accepted <= made
    for id_, records in told.items():
        for record in records:
            fails = record["requestPayload"]["number"] % 5 == 0
            context = record["requestContext"]
            assert context["condition"] == ("RetriesExhausted" if fails else "Success"), id_
            assert context["approximateInvokeCount"] == (3 if fails else 1)


def _has_accepted(life, number):
    assert alive(life.pid), life.stderr
    return life.stdout.count("accepted") > number


async def _finished(store, runs, ahead):
    """Have one more life do what is left; returns the records by request id."""
    clock = Ahead(ahead)
    last = await desk(store, runs, clock, Wheel(0.0))
    for _ in range(4):  # as often as an event that fails is made, and once more
        await last.go_round()
        await settled(lambda: all(line.is_idle for line in last._lines.values()))
        clock.seconds += STEP
    assert await last.waiting() == {}
    told = {}
    while messages := (await store.receive(TOLD, most=500, now=clock.time())).messages:
        for message in messages:
            record = json.loads(message.body)
            told.setdefault(record["requestContext"]["requestId"], []).append(record)
    return told
