"""Whatever call of the journal fails, or is the last one of a process: the history is the same in the end."""

import pytest

from tests.sim.machines import SCENARIOS
from tests.sim.world import FAULTS, Fault, World


async def played(scenario, fault=None):
    world = World(scenario.machines, dict(scenario.functions), fault)
    await world.run(scenario.play)
    return world


async def same_in_the_end(scenario, kind, calls_of):
    clean = await played(scenario)
    for call in calls_of(clean):
        world = await played(scenario, Fault(kind, call))
        told = world.describe()
        assert world.histories() == clean.histories(), told
        assert world.invocations.keys() == clean.invocations.keys(), told
        assert world.repeated == [], told


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("kind", FAULTS)
async def test_history_is_the_same_whichever_call_that_matters_fails(name, kind):
    await same_in_the_end(SCENARIOS[name], kind, lambda clean: clean.telling)


@pytest.mark.soak
@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("kind", FAULTS)
async def test_history_is_the_same_whichever_call_fails(name, kind):
    await same_in_the_end(SCENARIOS[name], kind, lambda clean: range(len(clean.calls)))
