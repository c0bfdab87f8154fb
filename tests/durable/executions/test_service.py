"""Executions as whoever starts them sees them: starts, waits, answers by token, stops, redrives, children."""

import asyncio
import json

import pytest

from frontdesk.durable.executions.places import is_child
from frontdesk.ports.executions import ExecutionError, MapRunBounds
from tests.durable.executions.at_work import ARN, AtWork, machine, task

WAIT = {"Type": "Wait", "Seconds": 60, "Next": "Pay"}
TOKEN = "arn:aws:states:::lambda:invoke.waitForTaskToken"
ACTIVITY = f"{ARN}:activity:pack"


def with_token(**fields):
    arguments = {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}
    return task(TOKEN, Parameters=arguments, **fields)


def distributed(processed=None, kind="STANDARD", **fields):
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
    processor |= processed or machine(Pay=task())
    return {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}


FLASH = machine(Pass={"Type": "Pass", "End": True})

DEFINITIONS = {
    "m": machine(Pay=task()),
    "later": machine(Wait=WAIT, Pay=task()),
    "token": machine(Ask=with_token()),
    "beating": machine(Ask=with_token(HeartbeatSeconds=10, TimeoutSeconds=60)),
    "activity": machine(Pack=task(ACTIVITY, HeartbeatSeconds=10, TimeoutSeconds=60)),
    "retrying": machine(Pay=task(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5}])),
    "slow": machine(Pay=task(TimeoutSeconds=5)),
    "bounded": machine(Pay=task()) | {"TimeoutSeconds": 5},
    "both": machine(
        Both={
            "Type": "Parallel",
            "End": True,
            "Branches": [machine(Pay=task()), machine(Ship=task("ship"))],
        }
    ),
    "items": machine(All=distributed()),
    "named": machine(**{"All: 1/2\0": distributed()}),
    "nested": machine(Outer=distributed(machine(Inner=distributed(machine(Ask=with_token()))))),
    "flashes": machine(All=distributed(FLASH, "EXPRESS")),
    "few": machine(All=distributed(MaxConcurrency=1)),
    "tolerant": machine(All=distributed(ToleratedFailureCount=2)),
    "pass": machine(Pass={"Type": "Pass", "Result": {"ok": True}, "End": True}),
    "loud": machine(Pay=task()) | {"log": "ERROR"},
    "quick": machine(Pay=task()) | {"express": True},
    "flash": FLASH | {"express": True},
    "forever": machine(On={"Type": "Pass", "Next": "On"}),
    "endless": machine(On={"Type": "Pass", "Next": "On"}) | {"express": True},
}


@pytest.fixture
async def work():
    work = await AtWork(**DEFINITIONS).start()
    yield work
    await work.stop()


async def refused(call):
    with pytest.raises(ExecutionError) as raised:
        await call
    return raised.value.code


async def test_a_task_is_asked_for_with_its_key_and_its_result_ends_the_execution(work):
    arn = await work.started("m", {"order": 7}, name="one")
    (asked,) = work.doers.asked
    assert asked.arguments == {"order": 7}
    assert asked.task.invoke.key == f"{ARN}:execution:m:one:Pay:1"
    asked.answer.succeeded({"paid": True})
    await work.settle()
    assert await work.end(arn) == ("SUCCEEDED", {"paid": True})
    assert work.driver.held == 0
    assert (await work.history(arn))[0::8] == ["ExecutionStarted"]
    assert (await work.history(arn))[-1] == "ExecutionSucceeded"


async def test_an_execution_that_waits_for_nobody_ends_with_its_start(work):
    execution = await work.executions.start("pass", "{}")
    assert await work.end(execution.arn) == ("SUCCEEDED", {"ok": True})


async def test_an_execution_does_not_end_before_it_has_started(work):
    work.clock.now += 0.0006
    execution = await work.executions.start("pass", "{}")
    told = await work.executions.describe(execution.arn)
    assert told.started == told.ended


@pytest.mark.parametrize("outcome", ["succeeds", "fails", "is redriven"])
async def test_who_waits_for_the_end_is_told_the_same_as_the_journal_tells(work, outcome):
    name, first = "one", outcome == "succeeds"
    waiting = asyncio.create_task(
        work.executions.run("m", '{"order": 7}', name=name, trace="Root=1", within=60)
    )
    await work.settle()
    (asked,) = work.doers.asked
    await work.advance(1)
    asked.answer.succeeded({"paid": 7}) if first else asked.answer.failed("Busy", "try later")
    await work.settle()
    told = await waiting
    if outcome == "is redriven":
        redriving = asyncio.create_task(work.executions.redrive(told.arn))
        await work.advance(1)
        await redriving
        waiting = asyncio.create_task(work.executions.settled(told.arn, within=60))
        await work.settle()
        work.doers.asked[-1].answer.succeeded({"paid": 7})
        await work.settle()
        told = await waiting
    assert told.status == ("FAILED" if outcome == "fails" else "SUCCEEDED")
    assert told == await work.executions.describe(told.arn)


async def test_who_waits_for_the_end_in_the_process_that_runs_it_costs_the_journal_no_look(
    work, monkeypatch
):
    waiting = asyncio.create_task(work.executions.run("m", "{}", within=60))
    await work.settle()
    for look in ("find", "load", "read"):
        monkeypatch.delattr(type(work.journal), look)
    await work.advance(10)
    work.doers.asked[0].answer.succeeded(7)
    await work.settle()
    assert (await waiting).output == "7"


async def test_who_waits_for_the_end_hears_of_it_from_whatever_process(work):
    waiting = asyncio.create_task(work.executions.run("later", "{}", within=600))
    await work.settle()
    other = await work.next_process()
    other.doers.results["pay"] = lambda asked: asked.answer.succeeded("paid")
    await other.advance(61)
    await work.advance(1)
    assert (await waiting).output == '"paid"'
    await other.stop()


async def test_a_waiting_execution_is_not_in_memory_and_goes_on_in_whatever_process(work):
    arn = await work.started("later")
    assert work.driver.held == 0
    work.kill()
    heir = await work.next_process()
    await heir.advance(61)
    heir.doers.asked[0].answer.succeeded(1)
    await heir.settle()
    assert await heir.end(arn) == ("SUCCEEDED", 1)
    await heir.stop()


async def test_a_task_of_a_dead_process_is_done_again_with_the_same_key(work):
    arn = await work.started("m")
    heir = await work.next_process()
    work.kill()
    await heir.advance(10)
    first, second = work.doers.asked[0].task.invoke, heir.doers.asked[0].task.invoke
    assert (first.key, first.attempt) == (second.key, second.attempt)
    heir.doers.asked[0].answer.succeeded(1)
    await heir.settle()
    assert await heir.end(arn) == ("SUCCEEDED", 1)
    await heir.stop()


async def test_retries_wait_in_the_journal_and_count_on_in_the_next_process(work):
    arn = await work.started("retrying")
    work.doers.asked[0].answer.failed("Busy")
    await work.settle()
    assert work.driver.held == 0
    work.kill()
    heir = await work.next_process()
    for wait in (6, 11):
        await heir.advance(wait)
        heir.doers.asked.pop().answer.failed("Busy")
    await heir.advance(21)
    assert heir.doers.asked.pop().task.invoke.attempt == 4
    assert (await heir.history(arn)).count("LambdaFunctionFailed") == 3
    await heir.stop()


async def test_a_task_that_takes_too_long_fails_and_is_cancelled(work):
    arn = await work.started("slow")
    await work.advance(6)
    assert await work.end(arn) == ("FAILED", "States.Timeout")
    assert work.doers.asked[0].cancelled


async def test_a_machine_that_takes_too_long_times_out(work):
    arn = await work.started("bounded")
    await work.advance(6)
    assert await work.end(arn) == ("TIMED_OUT", None)


async def test_a_branch_that_fails_cancels_the_task_of_the_other(work):
    arn = await work.started("both")
    pay, ship = work.doers.asked
    ship.answer.failed("Lost")
    await work.settle()
    assert await work.end(arn) == ("FAILED", "Lost")
    assert pay.cancelled


# Names.


async def test_the_same_name_and_input_is_the_same_execution_while_it_runs(work):
    first = await work.executions.start("m", "{}", name="one")
    again = await work.executions.start("m", "{}", name="one")
    assert (again.arn, again.started) == (first.arn, first.started)
    assert await refused(work.executions.start("m", "[]", name="one")) == "ExecutionAlreadyExists"
    await work.settle()
    work.doers.asked[0].answer.succeeded(1)
    await work.settle()
    assert await refused(work.executions.start("m", "{}", name="one")) == "ExecutionAlreadyExists"
    assert len(work.doers.asked) == 1


@pytest.mark.parametrize(
    ("machine_", "given", "name", "code"),
    [
        ("nobody", "{}", "", "StateMachineDoesNotExist"),
        ("m", "", "", "InvalidExecutionInput"),
        ("m", "not", "", "InvalidExecutionInput"),
        ("m", '"' + "x" * 262_143 + '"', "", "InvalidExecutionInput"),
        ("m", "[" * 250 + "]" * 250, "", "InvalidExecutionInput"),
        ("m", "{}", "a b", "InvalidName"),
    ],
    ids=["unknown", "empty", "no JSON", "too large", "too deep", "bad name"],
)
async def test_bad_starts_are_refused(work, machine_, given, name, code):
    assert await refused(work.executions.start(machine_, given, name=name)) == code


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"{ARN}:execution:m:nobody", "ExecutionDoesNotExist"),
        (f"{ARN}:express:m:one:id", "InvalidArn"),
        ("m:one", "InvalidArn"),
    ],
)
async def test_executions_that_are_not_there_are_told(work, arn, code):
    assert await refused(work.executions.describe(arn)) == code


# Tokens.


async def asked_with_token(work, name="token"):
    arn = await work.started(name)
    asked = work.doers.asked[-1]
    asked.answer.submitted({"StatusCode": 200})
    await work.settle()
    return arn, asked.task.invoke.token


async def test_a_token_ends_its_task_and_only_once(work):
    arn, token = await asked_with_token(work)
    assert work.driver.held == 0
    await work.executions.succeed(token, '{"done": 1}')
    assert await refused(work.executions.succeed(token, "{}")) == "TaskTimedOut"
    await work.settle()
    assert await work.end(arn) == ("SUCCEEDED", {"done": 1})
    assert await refused(work.executions.fail(token)) == "TaskTimedOut"


async def test_a_token_that_was_answered_is_over_for_other_processes_too(work):
    _, token = await asked_with_token(work)
    other = await work.next_process()
    work.driver.stopping = True  # it takes nothing in
    other.driver.stopping = True
    await work.executions.succeed(token, "{}")
    assert await refused(other.executions.succeed(token, "{}")) == "TaskTimedOut"
    other.machines.stop()


async def test_a_token_may_be_answered_before_the_task_is_submitted(work):
    arn = await work.started("token")
    asked = work.doers.asked[0]
    await work.executions.fail(asked.task.invoke.token, "No", "because")
    await work.settle()
    assert await work.end(arn) == ("FAILED", "No")
    assert asked.cancelled


@pytest.mark.parametrize("token", ["", "x", "YTpiOmM="])
async def test_tokens_that_are_none_are_refused(work, token):
    for _ in range(2):
        assert await refused(work.executions.succeed(token, "{}")) == "InvalidToken"


@pytest.mark.parametrize(
    "output",
    ["{", "[" * 250 + "]" * 250, '"' + "x" * 262_143 + '"'],
    ids=["no JSON", "too deep", "too large"],
)
async def test_output_that_is_none_is_refused_and_the_token_stays_good(work, output):
    arn, token = await asked_with_token(work)
    assert await refused(work.executions.succeed(token, output)) == "InvalidOutput"
    await work.executions.succeed(token, "1")
    await work.settle()
    assert await work.end(arn) == ("SUCCEEDED", 1)


async def test_an_answer_whose_caller_left_before_it_was_kept_may_be_given_again(work, monkeypatch):
    arn, token = await asked_with_token(work)
    with monkeypatch.context() as slow:
        slow.setattr(work.journal, "post", lambda *_: asyncio.Event().wait())
        answering = asyncio.create_task(work.executions.succeed(token, "1"))
        await work.settle()
        answering.cancel()
        await work.settle()
    await work.executions.succeed(token, "1")
    await work.settle()
    assert await work.end(arn) == ("SUCCEEDED", 1)


async def test_a_task_lives_as_long_as_it_gives_signs_in_time(work):
    arn, token = await asked_with_token(work, "beating")
    for _ in range(3):
        await work.advance(8)
        await work.executions.beat(token)
    await work.advance(11)
    assert await work.end(arn) == ("FAILED", "States.HeartbeatTimeout")
    assert await refused(work.executions.beat(token)) == "TaskTimedOut"
    assert work.doers.recalled == [token]


async def test_a_task_both_of_whose_limits_are_over_at_once_is_taken_back_by_its_token(work):
    arn, token = await asked_with_token(work, "beating")
    work.kill()
    work.clock.now += 100
    heir = await work.next_process()
    await heir.advance(1)
    assert await heir.end(arn) == ("FAILED", "States.Timeout")
    assert heir.doers.recalled == [token]
    await heir.stop()


async def test_the_heartbeat_of_an_activity_counts_from_its_worker(work):
    arn, token = await asked_with_token(work, "activity")
    await work.advance(30)
    await work.executions.started_activity(token, "w1")
    await work.advance(9)
    assert await work.end(arn) == ("RUNNING", None)
    await work.advance(2)
    assert await work.end(arn) == ("FAILED", "States.HeartbeatTimeout")
    assert "ActivityStarted" in await work.history(arn)


# Stopping and going on.


async def test_a_stop_ends_the_execution_and_cancels_its_task(work):
    arn = await work.started("m")
    when = await work.executions.stop(arn, "Enough", "said so")
    found = await work.executions.describe(arn)
    assert (found.status, found.error, found.cause) == ("ABORTED", "Enough", "said so")
    assert found.ended == when == await work.executions.stop(arn)
    assert work.doers.asked[0].cancelled


async def test_a_stop_takes_back_what_a_task_has_left_with_others(work):
    arn, token = await asked_with_token(work)
    await work.executions.stop(arn)
    await work.settle()
    assert work.doers.recalled == [token]


async def redriven(work, arn):
    redrive = asyncio.create_task(work.executions.redrive(arn))
    await work.settle()
    await work.advance(1)
    return await redrive


async def test_a_redrive_goes_on_where_it_failed_with_another_key(work):
    arn = await work.started("m")
    work.doers.asked[0].answer.failed("Busy")
    await work.settle()
    await redriven(work, arn)
    assert await work.end(arn) == ("RUNNING", None)
    first, second = work.doers.asked
    assert first.task.invoke.key != second.task.invoke.key
    second.answer.succeeded(1)
    await work.settle()
    found = await work.executions.describe(arn)
    assert (found.status, found.output, found.redrives) == ("SUCCEEDED", "1", 1)
    assert found.redriven is not None
    assert await refused(work.executions.redrive(arn)) == "ExecutionNotRedrivable"


async def test_an_execution_is_redriven_within_14_days(work):
    arn = await work.started("m")
    work.doers.asked[0].answer.failed("Busy")
    await work.settle()
    work.clock.now += 14 * 86_400 + 1
    assert await refused(work.executions.redrive(arn)) == "ExecutionNotRedrivable"


# Children.


async def test_items_of_a_distributed_map_are_executions_of_their_own(work):
    arn = await work.started("items", [3, 4])
    three, four = work.doers.asked
    three.answer.succeeded("three")
    four.answer.succeeded("four")
    await work.settle()
    await work.advance(1)
    assert await work.end(arn) == ("SUCCEEDED", ["three", "four"])
    (run,) = await work.executions.map_runs(arn)
    page = await work.executions.list(map_run=run.arn)
    assert [one.status for one in page.executions] == ["SUCCEEDED", "SUCCEEDED"]
    child = await work.executions.describe(page.executions[0].arn)
    assert (child.input, child.map_run) == ("4", run.arn)


async def test_children_run_as_many_at_once_as_the_map_says(work):
    await work.started("few", [3, 4])
    assert len(work.doers.asked) == 1
    work.doers.asked[0].answer.succeeded(1)
    await work.advance(1)
    assert len(work.doers.asked) == 2


async def test_a_stopped_map_stops_its_children(work):
    arn = await work.started("items", [3, 4])
    await work.executions.stop(arn)
    await work.advance(2)
    assert all(asked.cancelled for asked in work.doers.asked)
    assert work.driver.held == 0


async def updated(work, arn, **bounds):
    """Give the map run of an execution other bounds, while the clock goes on."""
    (run,) = await work.executions.map_runs(arn)
    update = asyncio.create_task(work.executions.update_map_run(run.arn, MapRunBounds(**bounds)))
    await work.advance(1)
    await update


async def test_more_children_run_at_once_when_a_map_run_may_have_them(work):
    arn = await work.started("few", [3, 4, 5])
    await updated(work, arn, most=2)
    assert len(work.doers.asked) == 2
    await updated(work, arn, most=1)
    work.doers.asked[0].answer.succeeded(1)
    await work.advance(1)
    assert len(work.doers.asked) == 2
    work.kill()
    heir = await work.next_process()
    await heir.advance(10)
    (asked,) = heir.doers.asked
    asked.answer.succeeded(2)
    await heir.advance(1)
    heir.doers.asked[1].answer.succeeded(3)
    await heir.advance(1)
    assert await heir.end(arn) == ("SUCCEEDED", [1, 2, 3])
    await heir.stop()


@pytest.mark.parametrize(
    ("bounds", "status"),
    [({"count": 0}, "FAILED"), ({"count": 1}, "RUNNING"), ({"percentage": 10}, "FAILED")],
)
async def test_a_map_run_fails_at_once_when_fewer_failures_are_tolerated_than_it_has(
    work, bounds, status
):
    arn = await work.started("tolerant", [3, 4])
    work.doers.asked[0].answer.failed("Bad")
    await work.advance(1)
    await updated(work, arn, **bounds)
    assert (await work.executions.describe(arn)).status == status


async def test_a_child_whose_start_is_committed_after_the_stop_of_its_map_is_stopped(
    work, monkeypatch
):
    may_start, start = asyncio.Event(), work.journal.start

    async def late(asked):
        if is_child(asked.kind):
            await may_start.wait()
        return await start(asked)

    monkeypatch.setattr(work.journal, "start", late)
    arn = await work.started("items", [3, 4])
    await work.executions.stop(arn)
    await work.advance(1)
    (run,) = await work.executions.map_runs(arn)
    may_start.set()
    await work.advance(2)
    children = (await work.executions.list(map_run=run.arn)).executions
    assert [one.status for one in children] == ["ABORTED", "ABORTED"]
    assert work.driver.held == 0


async def test_an_execution_whose_history_is_full_is_not_redriven(work):
    arn = await work.started("forever")
    for _ in range(300):
        await work.settle()
    assert await work.end(arn) == ("FAILED", "States.Runtime")
    assert await refused(work.executions.redrive(arn)) == "ExecutionNotRedrivable"


async def test_children_are_found_and_stopped_whatever_the_name_of_their_map(work):
    arn = await work.started("named", [1])
    await work.advance(1)
    (asked,) = work.doers.asked
    child = asked.task.facts.execution
    assert child.startswith(f"{ARN}:execution:named/All%3A%201%2F2%00:")
    (run,) = await work.executions.map_runs(arn)
    assert (await work.executions.map_run(run.arn)).status == "RUNNING"
    assert [one.arn for one in (await work.executions.list(map_run=run.arn)).executions] == [child]
    await work.executions.stop(arn)
    await work.advance(1)
    assert await work.end(child) == ("ABORTED", None)
    assert asked.cancelled


async def test_maps_within_the_items_of_maps_are_found_and_stopped(work):
    arn = await work.started("nested", [[1]])
    await work.advance(1)
    (asked,) = work.doers.asked
    child = asked.task.facts.execution
    assert child.startswith(f"{ARN}:execution:nested/Outer/Inner:")
    assert await work.end(child) == ("RUNNING", None)
    await work.executions.beat(asked.task.invoke.token)
    await work.executions.stop(arn)
    await work.advance(2)
    assert await work.end(child) == ("ABORTED", None)
    assert asked.cancelled


async def test_express_items_answer_without_asking_the_journal(work, monkeypatch):
    asked = []
    find = work.journal.find
    monkeypatch.setattr(work.journal, "find", lambda *place: asked.append(place) or find(*place))
    arn = await work.started("flashes", [1, 2])
    assert await work.end(arn) == ("SUCCEEDED", [1, 2])
    assert {name for _, name in asked} == {arn.rpartition(":")[2]}


async def test_a_child_is_not_redriven_without_its_parent(work):
    arn = await work.started("items", [1])
    await work.advance(1)
    work.doers.asked[0].answer.failed("Busy")
    await work.advance(1)
    child = work.doers.asked[0].task.facts.execution
    assert await refused(work.executions.redrive(child)) == "ExecutionNotRedrivable"
    await redriven(work, arn)
    assert await work.end(arn) == ("RUNNING", None)


async def test_a_map_goes_on_after_its_process_died_in_the_middle(work):
    arn = await work.started("items", [3, 4])
    work.doers.asked[0].answer.succeeded("three")
    await work.settle()
    work.kill()
    heir = await work.next_process()
    await heir.advance(10)
    (four,) = heir.doers.asked
    four.answer.succeeded("four")
    await heir.advance(2)
    assert await heir.end(arn) == ("SUCCEEDED", ["three", "four"])
    await heir.stop()


# Express.


async def test_an_express_execution_runs_in_memory_and_answers_who_waits(work):
    work.doers.results["pay"] = lambda asked: asked.answer.succeeded({"paid": asked.arguments})
    execution = await work.executions.run("quick", "7", within=5)
    assert (execution.status, json.loads(execution.output)) == ("SUCCEEDED", {"paid": 7})
    assert await work.journal.find("express/quick", execution.name) is None


async def test_an_express_execution_that_nobody_waits_for_any_more_is_given_up(work):
    running = work.driver._spawn(work.executions.run("quick", "7", within=5))
    await work.settle()
    await work.advance(6)
    assert work.doers.asked[0].cancelled
    assert running is None


async def test_an_express_execution_that_never_waits_lets_others_have_their_turn(work):
    endless = asyncio.create_task(work.executions.run("endless", "{}", within=1000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    found = await work.executions.run("flash", "{}", within=10)
    assert (found.status, endless.done()) == ("SUCCEEDED", False)
    await endless


async def test_an_express_execution_takes_five_minutes_at_most(work):
    running = asyncio.create_task(work.executions.run("quick", "{}", within=1000))
    await work.advance(301)
    assert (await running).status == "TIMED_OUT"
    assert work.doers.asked[0].cancelled


async def test_an_express_execution_fails_with_its_task(work):
    work.doers.results["pay"] = lambda asked: asked.answer.failed("Busy", "later")
    execution = await work.executions.run("quick", "7", within=5)
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "Busy", "later")


async def test_an_asynchronous_express_start_is_run_again_after_a_crash(work):
    await work.started("quick", 7)
    work.kill()
    heir = await work.next_process()
    await heir.advance(10)
    assert [asked.arguments for asked in heir.doers.asked] == [7]
    heir.doers.asked[0].answer.succeeded(1)
    await heir.settle()
    assert heir.driver.held == 0
    await heir.stop()


# Lists and histories.


async def test_lists_are_newest_first_and_may_ask_for_a_status(work):
    work.doers.results["pay"] = lambda asked: asked.answer.succeeded(1)
    for name in "abc":
        await work.started("m", name=name)
        await work.advance(0.25)
    del work.doers.results["pay"]
    await work.started("m", name="d")
    page = await work.executions.list(machine="m", most=3)
    assert [one.name for one in page.executions] == ["d", "c", "b"]
    rest = await work.executions.list(machine="m", most=3, token=page.token)
    assert ([one.name for one in rest.executions], rest.token) == (["a"], "")
    running = await work.executions.list(machine="m", status="RUNNING")
    assert [one.name for one in running.executions] == ["d"]
    assert await refused(work.executions.list(machine="m", token="x")) == "InvalidToken"
    assert await refused(work.executions.list(machine="quick")) == "StateMachineTypeNotSupported"


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("most", [1, 2, 3, 7, 100])
async def test_histories_come_in_pages_both_ways(work, most, newest_first):
    work.doers.results |= {
        "pay": lambda asked: asked.answer.succeeded(1),
        "ship": lambda asked: asked.answer.succeeded(2),
    }
    arn = await work.started("both")
    ids, token = [], ""
    while True:
        page = await work.executions.history(arn, most=most, token=token, newest_first=newest_first)
        assert len(page.events) <= most
        ids += [event.id for event in page.events]
        token = page.token
        if not token:
            break
    everything = list(range(1, len(await work.history(arn)) + 1))
    assert ids == (everything[::-1] if newest_first else everything)
    assert await refused(work.executions.history(arn, most=1, token="é")) == "InvalidToken"


async def test_the_log_of_a_machine_gets_what_its_level_asks_for(work):
    await work.started("loud")
    work.doers.asked[0].answer.failed("Busy")
    await work.settle()
    types = [(name, event["type"]) for name, event in work.log]
    assert types == [("loud", "LambdaFunctionFailed"), ("loud", "ExecutionFailed")]


# What no journal can keep.


@pytest.mark.parametrize("levels", [244, 249, 254, 1000])
async def test_a_result_that_is_nested_too_deep_fails_its_task_once(work, levels):
    arn = await work.started("m")
    result = 1
    for _ in range(levels):
        result = [result]
    work.doers.asked[0].answer.succeeded(result)
    await work.advance(2)
    assert len(work.doers.asked) == 1
    status, end = await work.end(arn)
    assert status == "SUCCEEDED" if levels == 244 else (status, end) == ("FAILED", "States.Runtime")


# Faults of ours.


async def test_a_fault_of_ours_fails_one_execution_which_may_be_redriven(work, monkeypatch):
    arn, other = await work.started("m"), await work.started("m")
    with monkeypatch.context() as broken:
        broken.setattr("frontdesk.rules.asl.states.task.hold_payload", lambda *_: 1 / 0)
        work.doers.asked[0].answer.succeeded(1)
        await work.settle()
    assert await work.end(arn) == ("FAILED", "States.Runtime")
    work.doers.asked[1].answer.succeeded(1)
    await work.settle()
    assert await work.end(other) == ("SUCCEEDED", 1)
    await redriven(work, arn)
    work.doers.asked[2].answer.succeeded(2)
    await work.settle()
    assert await work.end(arn) == ("SUCCEEDED", 2)


async def test_a_census_counts_what_runs_what_failed_lately_and_when_the_last_began(work):
    assert (await work.executions.census(["m"]))["m"] == (0, 0, None)
    for _ in range(3):
        await work.started("m", {})
    work.doers.asked[0].answer.failed("Broken", "it broke")
    work.doers.asked[1].answer.succeeded(1)
    await work.settle()
    began = work.clock.time()
    assert (await work.executions.census(["m", "later"])) == {"m": (1, 1, began), "later": (0, 0, None)}  # fmt: skip
    work.clock.now += 90_000
    assert (await work.executions.census(["m"]))["m"] == (1, 0, began)
