"""What must not harm others or last: an execution that cannot go on, a journal that is away, clocks that jump."""

import pytest

from tests.sim.machines import SCENARIOS, echo, machine, never, task, wait
from tests.sim.world import World

TASKS = machine(A=task("a"), B=wait(2), C=task("a"))


async def test_an_execution_that_cannot_be_revived_is_set_aside_and_goes_on_once_it_can():
    world = World({"m": TASKS, "sick": machine(X=wait(1), A=task("a"))}, {"a": echo})

    async def play(world):
        sick = await world.start("sick")
        program, kept = world.process.machines.program, world.process.machines

        async def broken(digest):
            raise RuntimeError(digest)

        kept.program = broken
        await world.pass_by(30)
        kept.program = program
        for number in range(20):
            well = await world.start("m", name=f"e-{number}")
            assert (await world.ended(well)).status == "SUCCEEDED"
        assert (await world.ended(sick)).status == "SUCCEEDED"

    await world.run(play)


async def test_messages_of_a_sick_execution_keep_nobody_waiting():
    world = World({"m": machine(N=task("never")), "sick": TASKS}, {"a": echo, "never": never})

    async def play(world):
        arn = await world.start("sick")
        machines = world.process.machines
        program, digest = machines.program, machines.target("sick", 0.0).revision.digest

        async def broken(wanted):
            if wanted == digest:
                raise RuntimeError(digest)
            return await program(wanted)

        machines.program = broken
        await world.pass_by(5)
        message = {"type": "Heartbeat", "key": "none:0", "attempt": 1, "token": ""}
        for _ in range(1500):
            await world.journal.post(1, message)
        busy = await world.start("m")
        await world.ask(lambda all_: all_.stop(busy))
        assert (await world.ended(busy)).status == "ABORTED"
        machines.program = program
        assert (await world.ended(arn)).status == "SUCCEEDED"

    await world.run(play)


async def test_an_execution_whose_commits_raise_is_set_aside_and_goes_on_once_they_do_not():
    world = World({"m": TASKS, "sick": TASKS}, {"a": echo})
    append = world.journal.append

    async def refusing(one):
        stream = (await world.journal.load(one.stream)).stream
        if stream.kind == "execution/sick":
            raise ValueError(stream)
        return await append(one)

    async def play(world):
        world.journal.append = refusing
        sick = await world.start("sick")
        well = await world.start("m")
        assert (await world.ended(well)).status == "SUCCEEDED"
        world.journal.append = append
        assert (await world.ended(sick)).status == "SUCCEEDED"

    await world.run(play)


@pytest.mark.parametrize("name", ["parallel", "distributed-map", "child"])
async def test_nothing_is_lost_while_the_journal_is_away_for_long(name):
    scenario = SCENARIOS[name]
    clean = World(scenario.machines, dict(scenario.functions))
    await clean.run(scenario.play)
    world = World(scenario.machines, dict(scenario.functions))

    async def play(world):
        await world.pass_by(1)
        world.away = True
        world.at(world.clock.now + 60, lambda: setattr(world, "away", False))
        await scenario.play(world)

    await world.run(play)
    assert world.histories() == clean.histories()


async def test_it_looks_again_after_a_look_that_took_longer_than_the_pause_between_two():
    world = World({"m": machine(A=wait(60), B=task("a"))}, {"a": echo})

    async def play(world):
        due = world.journal.due

        async def slowly(*values, **named):
            await world.pass_by(5)
            return await due(*values, **named)

        arn = await world.start("m")
        world.journal.due = slowly
        await world.pass_by(10)
        world.journal.due = due
        assert (await world.ended(arn)).status == "SUCCEEDED"

    await world.run(play)


@pytest.mark.parametrize("jump", [-86_400.0, -5.0, 5.0, 86_400.0])
async def test_a_clock_that_jumps_moves_waits_and_loses_nothing(jump):
    scenario = SCENARIOS["parallel"]
    clean = World(scenario.machines, dict(scenario.functions))
    await clean.run(scenario.play)
    world = World(scenario.machines, dict(scenario.functions))

    async def play(world):
        world.at(world.clock.now + 2, lambda: world.clock.jump(jump))
        world.at(world.clock.now + 300, lambda: world.clock.jump(-jump))
        await scenario.play(world)

    await world.run(play)
    assert world.histories() == clean.histories()
    assert world.repeated == []
