"""The driver: what it commits, does and lets go of, and what becomes of that when something fails."""

import asyncio

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.durable.life import Fired, Posted, Told
from frontdesk.ports.journal import Status
from tests.durable.scripted import World, closed

PAY = {"pay": {"amount": 7}}


@pytest.fixture
async def world():
    world = World()
    yield world
    await closed(*(driver for driver, _ in world._processes))


@pytest.fixture
async def driver(world):
    return await world.process()


async def test_a_command_is_done_after_its_commit_and_its_end_lets_the_stream_go(world, driver):
    await world.begin(driver, commands=PAY)
    (doing,) = world.doings
    assert (doing.key, doing.command, driver.held) == ("pay", {"amount": 7}, 1)
    doing.tell("paid")
    await world.settle()
    assert driver.held == 0
    assert (await world.stream()).status.name == "DONE"
    assert await world.events() == [{"started": True}, {"told": "paid"}]


async def test_nothing_is_done_for_a_start_that_is_not_committed(world, driver):
    world.journal.faults["start"] = ["before"]
    with pytest.raises(StoreError):
        await world.begin(driver, commands=PAY)
    await world.advance(5)
    assert not world.doings


async def test_a_start_whose_answer_was_lost_goes_on_all_the_same(world, driver):
    world.journal.faults["start"] = ["after"]
    with pytest.raises(StoreError):
        await world.begin(driver, commands=PAY)
    await world.advance(5)
    assert [doing.key for doing in world.doings] == ["pay"]


async def test_a_start_that_nobody_waits_for_any_more_goes_on_all_the_same(world, driver):
    world.journal.faults["start"] = ["silent"]
    starting = asyncio.create_task(world.begin(driver, commands=PAY))
    await world.settle()
    starting.cancel()
    await world.advance(5)
    assert [doing.key for doing in world.doings] == ["pay"]


async def test_a_start_that_is_committed_long_after_its_caller_left_goes_on(
    world, driver, monkeypatch
):
    commit = world.journal.start

    async def slow(start):
        await driver.pause(8)
        return await commit(start)

    async def commits_whoever_waits(start):
        return await asyncio.shield(asyncio.ensure_future(slow(start)))

    monkeypatch.setattr(world.journal, "start", commits_whoever_waits, raising=False)
    starting = asyncio.create_task(world.begin(driver, commands=PAY))
    await world.settle()
    starting.cancel()
    await world.advance(15)
    assert [doing.key for doing in world.doings] == ["pay"]


async def test_the_same_start_again_does_nothing_again(world, driver):
    first = await world.begin(driver, commands=PAY)
    again = await world.begin(driver, commands=PAY)
    assert (first.state, again.state, len(world.doings)) == ("started", "same", 1)


async def test_a_stream_that_waits_for_a_timer_is_not_in_memory(world, driver):
    await world.begin(driver, timers={"wake": world.clock.time() + 60})
    await world.advance(59)
    assert driver.held == 0
    assert len(world.lives) == 1
    await world.advance(2)
    assert world.lives[1].happened == [Fired("wake")]


async def test_a_timer_of_a_stream_at_work_fires_without_letting_it_go(world, driver):
    await world.begin(driver, commands=PAY, timers={"late": world.clock.time() + 10})
    await world.advance(11)
    assert world.lives[0].happened == [Fired("late")]
    assert driver.held == 1
    await world.advance(11)
    assert world.lives[0].happened == [Fired("late")]


async def test_a_timer_that_was_moved_while_it_fired_does_not_fire(world, driver):
    started = await world.begin(driver, commands=PAY, timers={"late": world.clock.time() + 10})

    def move(one, turn):
        if isinstance(one, Posted):
            turn.timers["late"] = world.clock.time() + 30

    world.script = move
    world.clock.now += 10
    await driver.post(started.stream.id, {"say": "alive"})
    await world.settle()
    await world.advance(20)
    assert world.lives[0].happened == [Posted({"say": "alive"})]
    await world.advance(11)
    assert world.lives[0].happened[1:] == [Fired("late")]


@pytest.mark.parametrize("commands", [PAY, {}], ids=["held", "waiting for nobody"])
async def test_a_message_comes_once_whether_the_stream_is_held_or_not(world, driver, commands):
    started = await world.begin(driver, commands=commands)
    assert await driver.post(started.stream.id, {"say": "hello"})
    await world.advance(3)
    assert [one for life in world.lives for one in life.happened] == [Posted({"say": "hello"})]


async def test_a_message_to_nobody_is_told(driver):
    assert not await driver.post(99, {"say": "hello"})


async def test_another_process_takes_over_what_a_dead_one_held(world, driver):
    await world.begin(driver, commands=PAY)
    world.kill(driver)
    heir = await world.process()
    await world.advance(5)
    assert len(world.doings) == 1
    await world.advance(5)
    assert [doing.key for doing in world.doings] == ["pay", "pay"]
    world.doings[1].tell("paid")
    await world.settle()
    assert heir.held == 0
    assert len(await world.events()) == 2


async def test_a_process_that_stood_still_finds_itself_replaced(world, driver):
    await world.begin(driver, commands=PAY)
    heir = await world.process()
    await world.advance(10, without=[driver])
    assert (driver.held, heir.held) == (1, 1)
    world.doings[0].tell("too late")
    await world.settle()
    assert driver.held == 0
    assert world.doings[0].cancelled
    world.doings[1].tell("paid")
    await world.settle()
    assert (await world.events())[1:] == [{"told": "paid"}]
    await world.advance(3)
    assert (await world.begin(driver, name="two", commands=PAY)).state == "started"


async def test_a_process_that_stops_lets_others_go_on_at_once(world, driver):
    await world.begin(driver, commands=PAY)
    await driver.stop(0.0)
    assert world.doings[0].cancelled
    await world.process()
    await world.advance(1)
    assert [doing.key for doing in world.doings] == ["pay", "pay"]


async def test_a_process_that_stops_begins_nothing_more(world, driver):
    await world.begin(driver, commands=PAY)

    def ask(one, turn):
        if isinstance(one, Told):
            turn.events.append({"told": one.what})
            turn.done.add(one.key)
            turn.commands["ship"] = {}

    world.script = ask
    driver.stopping = True
    world.doings[0].tell("paid")
    await world.settle()
    assert [doing.key for doing in world.doings] == ["pay"]
    loaded = await world.journal.load((await world.stream()).id)
    assert list(loaded.commands) == ["ship"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_the_store_could_not_commit_is_committed_later_and_once(world, driver, when):
    await world.begin(driver, commands=PAY)
    world.journal.faults["append"] = [when, "before"] if when == "before" else [when]
    world.doings[0].tell("paid")
    await world.settle()
    assert driver.held == 1
    await world.advance(5)
    assert driver.held == 0
    assert await world.events() == [{"started": True}, {"told": "paid"}]
    assert len(world.lives[0].happened) == 1


async def test_what_the_heir_has_committed_meanwhile_is_not_taken_for_ones_own(world, driver):
    def ship(one, turn):
        turn.events.append({"told": one.what})
        turn.done.add(one.key)
        turn.commands["ship"] = {"by": one.what}

    world.script = ship
    await world.begin(driver, commands=PAY)
    world.journal.faults["append"] = ["before"]
    world.doings[0].tell("too late")
    await world.settle()
    await world.process()
    await world.advance(10, without=[driver])
    world.doings[1].tell("paid")
    await world.settle()
    world.journal.faults |= {"renew": ["before"] * 9, "due": ["before"] * 9}  # which would tell it
    await world.advance(1)
    assert [one.command for one in world.doings if one.key == "ship"] == [{"by": "paid"}]


async def test_streams_that_were_leased_without_a_word_are_not_lost(world, driver):
    await world.begin(driver, timers={"wake": world.clock.time() + 1})
    world.journal.faults["due"] = [None] * 3 + ["after"] * 3
    await world.advance(9)
    assert Fired("wake") in [one for life in world.lives for one in life.happened]


async def test_a_life_that_cannot_react_is_set_aside_and_tried_again_while_others_go_on(
    world, driver
):
    await world.begin(driver, name="poison", commands=PAY)
    await world.begin(driver, name="other", commands=PAY)
    ends = world.script

    def fail(_one, _turn):
        raise ZeroDivisionError

    world.script = fail
    world.doings[0].tell("paid")
    await world.settle()
    world.script = ends
    world.doings[1].tell("paid")
    await world.settle()
    assert (await world.stream("other")).status.name == "DONE"
    await world.advance(3)
    assert [doing.key for doing in world.doings] == ["pay", "pay", "pay"]
    world.doings[2].tell("paid")
    await world.settle()
    assert (await world.stream("poison")).status.name == "DONE"


async def test_no_more_streams_are_held_than_there_is_room_for():
    world = World(most=2)
    driver = await world.process()
    for name in "abcd":
        await world.begin(driver, name=name, commands=PAY)
    assert (driver.held, len(world.doings)) == (2, 2)
    world.doings[0].tell("paid")
    await world.advance(1)
    assert (driver.held, len(world.doings)) == (2, 3)
    await driver.stop(0.0)


async def test_whoever_waits_for_an_end_hears_of_it(world, driver):
    started = await world.begin(driver, status=Status("RUNNING"), commands=PAY)
    heard = []

    async def wait():
        await driver.end_of(started.stream.id, within=60)
        heard.append(world.clock.now)

    driver._spawn(wait())
    await world.advance(2)
    assert not heard
    world.doings[0].tell("paid")
    await world.settle()
    assert heard == [world.clock.now]
