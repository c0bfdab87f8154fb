"""Background work that comes round again, whatever the store does."""

import asyncio
import logging

from frontdesk.base.errors import StoreError
from frontdesk.base.wheel import Wheel
from frontdesk.durable.rounds import Rounds
from tests.durable.scripted import Clock


class Counted(Rounds):
    every = 10.0
    undone = "nothing is counted"

    def __init__(self, clock, wheel) -> None:
        super().__init__(clock, wheel)
        self.begun = self.ended = 0
        self.waits = asyncio.Event()
        self.fails = False

    async def go_round(self) -> None:
        self.begun += 1
        if self.fails:
            raise StoreError("no answer")
        await self.waits.wait()
        self.ended += 1


async def passing(clock, wheel, seconds):
    clock.now += seconds
    wheel.advance(clock.now)
    for _ in range(5):
        await asyncio.sleep(0)


def made():
    clock = Clock()
    wheel = Wheel(clock.monotonic())
    return Counted(clock, wheel), clock, wheel


async def test_a_round_begins_at_once_and_again_but_never_beside_another():
    rounds, clock, wheel = made()
    rounds.start()
    await passing(clock, wheel, 0.1)
    await passing(clock, wheel, 10.1)
    assert (rounds.begun, rounds.ended) == (1, 0)
    rounds.waits.set()
    await passing(clock, wheel, 0.1)
    await passing(clock, wheel, 10.1)
    await passing(clock, wheel, 10.1)
    assert rounds.begun == rounds.ended == 3
    await rounds.stop()


async def test_a_round_that_the_store_kept_from_being_done_is_told_and_the_next_one_comes(caplog):
    rounds, clock, wheel = made()
    rounds.waits.set()
    rounds.fails = True
    with caplog.at_level(logging.WARNING):
        rounds.start()
        await passing(clock, wheel, 0.1)
    assert [(one.message, one.error) for one in caplog.records] == [
        ("nothing is counted", "no answer")
    ]
    rounds.fails = False
    await passing(clock, wheel, 10.1)
    assert rounds.ended == 1
    await rounds.stop()


async def test_after_a_stop_no_round_begins_and_none_goes_on():
    rounds, clock, wheel = made()
    rounds.start()
    await passing(clock, wheel, 0.1)
    await rounds.stop()
    rounds.waits.set()
    await passing(clock, wheel, 30)
    assert (rounds.begun, rounds.ended) == (1, 0)
