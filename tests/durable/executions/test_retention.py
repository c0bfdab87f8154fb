"""What is kept of executions that have ended, and for how long."""

import pytest

from frontdesk.durable.executions.retention import Retention
from frontdesk.durable.machines import RETENTION
from tests.durable.executions.at_work import AtWork, machine, task

PASS = machine(Pass={"Type": "Pass", "End": True})
EACH = {
    "Type": "Map",
    "End": True,
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **PASS,
    },
}
DEFINITIONS = {
    "m": PASS,
    "open": machine(Pay=task()),
    "quick": PASS | {"express": True},
    "items": machine(Each=EACH),
}
KEPT = 100.0
"""Seconds, of machines of the file."""


@pytest.fixture
async def work():
    work = await AtWork(**DEFINITIONS).start()
    for name in DEFINITIONS:
        await work.started(name, [1], name=f"{name}-1")
    await work.advance(1)
    yield work
    await work.stop()


async def forget(work, *, after):
    """Let time pass and look once; return the machines of what is left."""
    work.clock.now += after
    retention = Retention(work.journal, work.machines, work.clock, work.wheel)
    retention.start()
    await work.settle()
    await retention.stop()
    return {one.stream.kind.split("/")[1] for one in work.journal._records.values()}


async def test_what_has_ended_is_forgotten_after_its_time_with_its_children(work):
    assert await forget(work, after=KEPT - 2) == set(DEFINITIONS)
    assert await forget(work, after=3) == {"open"}


async def test_executions_of_machines_that_are_no_more_are_forgotten_too(work):
    await work.machines.adopt({})
    assert await forget(work, after=KEPT + 1) == set(DEFINITIONS)
    assert await forget(work, after=RETENTION) == {"open"}
