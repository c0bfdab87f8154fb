"""What is counted of executions."""

from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry
from frontdesk.durable.executions.counting import ExecutionMetrics, OpenExecutions
from frontdesk.durable.executions.pinned import Pinned
from frontdesk.rules.asl.history import HistoryEvent
from frontdesk.rules.asl.run import Facts
from tests.durable.executions.at_work import AtWork, machine, task

WAIT = {"Type": "Wait", "Seconds": 9, "End": True}


def test_ends_durations_and_states_are_counted_by_machine():
    registry = Registry()
    counting = ExecutionMetrics(registry)
    types = ["TaskStateEntered", "TaskStateExited", "FailStateEntered", "ExecutionFailed"]
    of_m = Pinned("digest", Facts("arn:of:one", "one", "arn:of:m", "m"), {})
    counting.saw(of_m, 1000, [HistoryEvent(1, 0, 3500, one) for one in types])
    counting.saw(of_m, 1000, [HistoryEvent(1, 0, 3500, "TaskStateExited")])
    assert registry.counter(metrics.EXECUTIONS, "m", "FAILED").value == 1
    assert registry.histogram(metrics.EXECUTION_DURATION, "m").sum == 2.5
    assert registry.counter(metrics.EXECUTION_STEPS, "m", "Task", "succeeded").value == 2
    assert registry.counter(metrics.EXECUTION_STEPS, "m", "Fail", "failed").value == 1


async def test_what_is_open_is_counted_in_the_store_express_included():
    work = await AtWork(w=machine(Wait=WAIT), q=machine(Pay=task()) | {"express": True}).start()
    standing = OpenExecutions(work.journal, work.clock, work.wheel)
    await work.started("w")
    await work.started("w")
    await work.started("q")
    standing.start()
    await work.settle()
    assert {sample.labels[0]: sample.value for sample in standing.samples()} == {"w": 2, "q": 1}
    await work.advance(30)
    assert {sample.labels[0]: sample.value for sample in standing.samples()} == {"w": 0, "q": 1}
    await standing.stop()
    await work.stop()


async def test_children_of_distributed_maps_are_no_executions_of_the_machine():
    processor = machine(Pay=task()) | {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    }
    each = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 9, "End": True}
    work = await AtWork(m=machine(All=each)).start()
    standing = OpenExecutions(work.journal, work.clock, work.wheel)
    arn = await work.started("m", [1, 2])
    standing.start()
    await work.settle()
    assert [(sample.labels, sample.value) for sample in standing.samples()] == [(("m",), 1)]
    for asked in work.doers.asked:
        asked.answer.failed("Declined")
    await work.advance(1)
    (run,) = await work.executions.map_runs(arn)
    children = (await work.executions.list(map_run=run.arn)).executions
    assert [child.status for child in children] == ["FAILED", "FAILED"]
    ends = {
        status: work.registry.counter(metrics.EXECUTIONS, "m", status).value
        for status in ("FAILED", "SUCCEEDED")
    }
    assert ends == {"FAILED": 0, "SUCCEEDED": 1}
    assert sum(work.registry.histogram(metrics.EXECUTION_DURATION, "m").counts) == 1
    await standing.stop()
    await work.stop()


async def test_late_timers_and_commits_are_observed():
    work = await AtWork(w=machine(Wait=WAIT)).start()
    await work.started("w")
    work.clock.now += 12
    await work.advance(1)
    assert sum(work.driver.timers_lag.counts) == 1
    assert 3 <= work.driver.timers_lag.sum <= 4
    assert sum(work.driver.append_seconds.counts) == 1
    await work.stop()
