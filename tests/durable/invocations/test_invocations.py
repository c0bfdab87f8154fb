"""Asynchronous invocations: retries, ages, throttling, destinations, stopping, other processes. No time passes by itself."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.durable.invocations import attempts as module
from frontdesk.durable.invocations.invocations import DurableInvocations
from frontdesk.durable.invocations.keeping import ORPHANED, Keeping
from frontdesk.durable.invocations.subject import Subject
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.executions import ExecutionError
from frontdesk.ports.invoker import Outcome
from frontdesk.ports.queue import Queue
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.queue import MemoryQueues
from tests.durable.queues.playing import NOW, Clock, settled

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
FAILED = Outcome(
    b'{"errorMessage": "no", "errorType": "Exception"}', "Unhandled", version="$LATEST"
)
THROTTLED = Outcome(b"{}", "Throttled", "ConcurrentInvocationLimitExceeded")


@dataclass
class Function:
    """answers: of the next calls, else null; `hold` keeps calls waiting."""

    policy: Policy = field(default_factory=Policy)
    reserved: int | None = None
    answers: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    waiting: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)
    hold: bool = False

    def invoke(self, invocation, done):
        self.calls.append(invocation)
        if self.hold:
            self.waiting.append(done)
        else:
            answer = self.answers.pop(0) if self.answers else Outcome(b"null")
            asyncio.get_running_loop().call_soon(done, answer)
        return self

    def cancel(self, *, kill):
        self.cancelled.append(kill)


class Machines:
    def __init__(self):
        self.started = []
        self.refusal = None

    async def start(self, machine, given, *, name="", trace=""):
        if self.refusal:
            raise ExecutionError(self.refusal, "no")
        self.started.append((machine, json.loads(given), name, trace))


class World:
    """Functions by name, the store that several gateways share, and the first of these."""

    def __init__(self):
        self.clock = Clock()
        self.wheel = Wheel(self.clock.now)
        self.store = MemoryQueues()
        self.registry = Registry()
        self.machines = Machines()
        self.functions = {"f": Function()}
        self.f = self.functions["f"]
        self.queues = Queues(
            self.store,
            MemoryCatalog(self.clock),
            self.clock,
            self.registry,
            region="us-east-1",
            account="000000000000",
        )
        self.gateways = []
        self.desk = self.gateway()

    def gateway(self):
        self.gateways.append(
            DurableInvocations(
                self.store,
                self.clock,
                self.wheel,
                subjects=self.subject,
                queues=self.queues,
                executions=self.machines,
                registry=self.registry,
            )
        )
        return self.gateways[-1]

    def subject(self, name, qualifier):
        found = self.functions.get(name)
        if found is None or qualifier == "gone":
            return None
        arn = f"{ARN}{name}:{qualifier or '$LATEST'}"
        return Subject(found, arn, found.policy, found.reserved)

    async def pass_time(self, seconds):
        """Advance the clock, and let everybody look and do what is due."""
        self.clock.now += seconds
        for desk in self.gateways:
            await desk.go_round()
        await self.rest()

    async def rest(self):
        """Return when nobody has anything to do but wait."""
        lines = [line for desk in self.gateways for line in desk._lines.values()]
        await settled(lambda: all(map(self._rests, lines)))

    def _rests(self, line):
        has_looked = line._looking is None or line._looking.done()
        return has_looked and len(line._at_work) in (0, len(self.f.waiting))

    async def accept(self, event=b'{"n": 1}', qualifier="", **more):
        id_ = await self.desk.accept("f", qualifier, event, **more)
        await self.rest()
        return id_

    async def queue(self, name, **rules):
        await self.queues.put(Definition(rules=Queue(name, **rules), created=NOW, changed=NOW))

    async def received(self, name):
        return list(await self.queues.receive(self.queues.find(name), most=10))

    async def is_over(self):
        return await self.desk.waiting() == {}

    def counted(self):
        return {
            each.labels[1]: each.value
            for each in self.registry.samples()
            if each.name == "frontdesk_async_events_total"
        }


@pytest.fixture
async def world():
    world = World()
    yield world
    for desk in world.gateways:
        await desk.end(0)


async def test_an_invocation_runs_once_with_its_request_id(world):
    id_ = await world.accept(b'{"a": 1}', "live", trace="Root=1", client_context='{"custom":{}}')
    (call,) = world.f.calls
    assert (call.event, call.trace, call.client_context) == (b'{"a": 1}', "Root=1", '{"custom":{}}')
    assert str(UUID(id_)) == call.request_id == id_
    assert await world.is_over()
    assert world.counted() == {"accepted": 1, "succeeded": 1}


async def test_nobody_is_invoked_who_is_not_there(world):
    assert await world.desk.accept("nobody", "", b"{}") is None
    assert await world.desk.accept("f", "gone", b"{}") is None
    assert await world.is_over()


async def test_what_is_not_committed_is_not_accepted_and_does_not_run(world, monkeypatch):
    async def fail(*_given, **_named):
        raise StoreError("the disk is full")

    monkeypatch.setattr(world.store, "send", fail)
    with pytest.raises(StoreError):
        await world.accept()
    await world.pass_time(100)
    assert (world.f.calls, world.counted()) == ([], {})


async def test_it_is_accepted_when_it_is_committed_and_not_before(world, monkeypatch):
    barrier, send = asyncio.Event(), world.store.send

    async def held(*given, **named):
        await barrier.wait()
        return await send(*given, **named)

    monkeypatch.setattr(world.store, "send", held)
    accepting = asyncio.create_task(world.desk.accept("f", "", b"{}"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not accepting.done()
    barrier.set()
    assert await accepting
    await world.rest()
    assert len(world.f.calls) == 1


async def test_a_failure_is_tried_again_after_one_minute_and_after_two(world):
    world.f.answers = [FAILED] * 4
    id_ = await world.accept()
    for seconds, calls in ((59, 1), (1, 2), (119, 2), (1, 3), (3600, 3)):
        await world.pass_time(seconds)
        assert len(world.f.calls) == calls, seconds
    assert {call.request_id for call in world.f.calls} == {id_}
    assert await world.is_over()
    assert world.counted() == {"accepted": 1, "retried": 2, "dropped": 1}


async def test_a_failure_that_is_mended_succeeds(world):
    world.f.answers = [FAILED]
    await world.accept()
    await world.pass_time(60)
    assert await world.is_over()
    assert world.counted() == {"accepted": 1, "retried": 1, "succeeded": 1}


@pytest.mark.parametrize("retries", [0, 1, 2])
async def test_it_is_tried_again_as_often_as_told(world, retries):
    world.f.policy = Policy(retries=retries)
    world.f.answers = [FAILED] * 4
    await world.accept()
    for _ in range(5):
        await world.pass_time(120)
    assert len(world.f.calls) == retries + 1


async def test_throttling_is_no_failure_and_waits_longer_each_time(world):
    world.f.answers = [THROTTLED] * 12
    await world.accept()
    times = []
    while len(world.f.calls) < 13:
        before = len(world.f.calls)
        waited = 0
        while len(world.f.calls) == before:
            await world.pass_time(1)
            waited += 1
        times.append(waited)
    assert times == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert await world.is_over()
    assert world.counted() == {"accepted": 1, "deferred": 12, "succeeded": 1}


async def test_throttling_between_failures_does_not_use_up_attempts(world, caplog):
    world.f.answers = [FAILED, THROTTLED, THROTTLED, FAILED, THROTTLED, FAILED]
    await world.queue("dead")
    world.f.policy = Policy(on_failure="queue:dead")
    await world.accept()
    for seconds in (60, 1, 2, 120, 1):
        await world.pass_time(seconds)
    assert len(world.f.calls) == 6
    (message,) = await world.received("dead")
    context = json.loads(message.body)["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RetriesExhausted", 3)
    assert [record.error for record in caplog.records] == [
        json.loads(FAILED.payload)["errorMessage"]
    ]


async def test_what_cannot_run_for_too_long_is_given_up_without_a_response(world):
    world.f.answers = [Outcome(b"", "Unavailable", "host stopped")] * 200
    await world.queue("dead")
    world.f.policy = Policy(max_age=60.0, on_failure="queue:dead")
    await world.accept()
    for _ in range(7):
        await world.pass_time(16)
    (message,) = await world.received("dead")
    record = json.loads(message.body)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record.keys() == {"version", "timestamp", "requestContext", "requestPayload"}
    assert await world.is_over()


async def test_a_retry_that_would_be_too_old_is_not_made(world):
    world.f.answers = [FAILED]
    await world.queue("dead")
    world.f.policy = Policy(max_age=60.0, on_failure="queue:dead")
    await world.accept()
    (message,) = await world.received("dead")
    record = json.loads(message.body)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["responseContext"]["functionError"] == "Unhandled"


async def test_what_grew_too_old_while_nobody_was_there_tells_of_the_last_answer(world):
    world.f.answers = [FAILED]
    await world.queue("dead")
    world.f.policy = Policy(on_failure="queue:dead")
    await world.accept()
    await world.pass_time(21_600)
    assert len(world.f.calls) == 1
    (message,) = await world.received("dead")
    record = json.loads(message.body)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["responsePayload"]["errorMessage"] == "no"


async def test_without_any_concurrency_there_is_no_attempt(world):
    await world.queue("dead")
    await world.queue("letters")
    world.f.policy = Policy(on_failure="queue:dead", dead_letter="queue:letters")
    world.f.reserved = 0
    await world.accept()
    assert world.f.calls == []
    (message,) = await world.received("dead")
    context = json.loads(message.body)["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == (
        "ZeroReservedConcurrency",
        0,
    )
    (letter,) = await world.received("letters")
    attributes = json.loads(letter.attributes)["message"]
    assert attributes["ErrorCode"] == {"DataType": "Number", "StringValue": "429"}


async def test_a_success_is_told_to_its_destination_only(world):
    await world.queue("done")
    await world.queue("dead")
    world.f.policy = Policy(
        on_success="queue:done", on_failure="queue:dead", dead_letter="queue:dead"
    )
    world.f.answers = [Outcome(b'{"sum": 3}', version="7")]
    id_ = await world.accept(b'{"n":[1,2]}', "live", trace="Root=1")
    (message,) = await world.received("done")
    assert json.loads(message.attributes)["trace"] == "Root=1"
    assert json.loads(message.body) == {
        "version": "1.0",
        "timestamp": "2023-11-14T22:13:20.000Z",
        "requestContext": {
            "requestId": id_,
            "functionArn": f"{ARN}f:live",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"n": [1, 2]},
        "responseContext": {"statusCode": 200, "executedVersion": "7"},
        "responsePayload": {"sum": 3},
    }
    assert await world.received("dead") == []


async def test_a_record_may_be_the_event_of_a_function_and_the_input_of_a_machine(world):
    world.functions["g"] = other = Function()
    world.f.policy = Policy(on_success="function:g:live")
    await world.accept()
    await settled(lambda: other.calls)
    record = json.loads(other.calls[0].event)
    assert record["requestContext"]["functionArn"] == f"{ARN}f:$LATEST"
    world.f.policy = Policy(on_success="state_machine:refund")
    id_ = await world.accept(trace="Root=1")
    ((machine, given, name, trace),) = world.machines.started
    assert (machine, name, trace) == ("refund", id_, "Root=1")
    assert given["requestContext"]["requestId"] == id_


async def test_a_machine_that_was_started_before_a_crash_is_not_an_error(world):
    world.f.policy = Policy(on_success="state_machine:refund")
    world.machines.refusal = "ExecutionAlreadyExists"
    await world.accept()
    assert world.counted() == {"accepted": 1, "succeeded": 1}


async def test_a_fifo_queue_gets_each_record_once(world):
    await world.queue("done.fifo", fifo=True)
    world.f.policy = Policy(on_success="queue:done.fifo")
    id_ = await world.accept()
    (message,) = await world.received("done.fifo")
    assert (message.group, message.deduplication) == (id_, id_)


@pytest.mark.parametrize(
    "to", ["queue:none", "function:none", "state_machine:none", "arn:aws:s3:::bucket"]
)
async def test_a_destination_that_is_not_there_is_counted_and_holds_nothing_up(world, to):
    world.machines.refusal = "StateMachineDoesNotExist"
    await world.queue("letters")
    world.f.policy = Policy(retries=0, on_failure=to, dead_letter="queue:letters")
    world.f.answers = [FAILED]
    await world.accept()
    assert await world.is_over()
    assert world.counted() == {"accepted": 1, "undelivered": 1, "dropped": 1}
    assert len(await world.received("letters")) == 1


async def test_dead_letters_are_the_bare_event_and_what_was_wrong(world):
    await world.queue("letters")
    world.f.policy = Policy(retries=0, dead_letter="arn:aws:sqs:us-east-1:000000000000:letters")
    told = json.dumps({"errorMessage": "ä" * 600, "errorType": "E"}).encode()
    world.f.answers = [Outcome(told, "Unhandled")]
    id_ = await world.accept(b'{"raise": 1}')
    (message,) = await world.received("letters")
    assert message.body == b'{"raise": 1}'
    assert json.loads(message.attributes)["message"] == {
        "RequestID": {"DataType": "String", "StringValue": id_},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "ä" * 512},
    }


async def test_a_result_that_is_no_json_is_told_as_a_text(world):
    await world.queue("done")
    world.f.policy = Policy(on_success="queue:done")
    world.f.answers = [Outcome(b"<p>\xff")]
    await world.accept()
    (message,) = await world.received("done")
    assert json.loads(message.body)["responsePayload"] == "<p>\ufffd"


async def test_an_alias_that_has_gone_is_waited_for(world):
    await world.accept(qualifier="live")
    world.f.calls.clear()
    world.f.hold = False
    find = world.desk._subjects
    gone = asyncio.Event()

    def subjects(name, qualifier):
        return None if qualifier == "live" and gone.is_set() else find(name, qualifier)

    desk = world.gateway()
    desk._subjects = desk._attempts._subjects = subjects
    world.f.reserved = 1
    world.f.hold = True
    await desk.accept("f", "", b"{}")
    await settled(lambda: world.f.waiting)
    await desk.accept("f", "live", b"{}")  # it waits behind the first
    gone.set()
    world.f.hold = False
    world.f.waiting.pop()(Outcome(b"null"))
    await settled(lambda: world.counted().get("deferred"))
    gone.clear()
    await world.pass_time(2)
    assert await world.is_over()


async def test_no_more_run_at_once_than_is_reserved(world):
    world.f.reserved = 2
    world.f.hold = True
    for _ in range(5):
        await world.accept()
    assert len(world.f.calls) == 2
    world.f.waiting.pop()(Outcome(b"null"))
    await settled(lambda: len(world.f.calls) == 3)
    world.f.hold = False
    while world.f.waiting:
        world.f.waiting.pop()(Outcome(b"null"))
    await world.rest()
    assert len(world.f.calls) == 5
    assert await world.is_over()


async def test_what_runs_long_is_hidden_from_other_gateways_and_runs_once(world, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.005)
    world.gateway()
    world.f.hold = True
    await world.accept()
    (kept,) = world.store._in("invocations/f")
    before = kept.visible
    world.clock.now += 25
    await settled(lambda: kept.visible > before)
    assert len(world.f.calls) == 1


async def test_what_another_gateway_has_left_is_made_here(world):
    world.f.hold = True
    other = world.gateway()
    await other.accept("f", "", b"{}")
    await settled(lambda: world.f.waiting)
    world.gateways.remove(other)  # nobody hears of it any more
    world.f.waiting.clear()
    world.f.hold = False
    await world.pass_time(29)
    assert len(world.f.calls) == 1
    await world.pass_time(1)
    first, second = world.f.calls
    assert first.request_id == second.request_id
    await other.end(0)


async def test_stopping_waits_for_what_runs_and_gives_back_what_runs_too_long(world):
    world.f.hold = True
    await world.accept()
    ending = asyncio.create_task(world.desk.end(10))
    await asyncio.sleep(0)
    world.f.waiting.pop()(Outcome(b"null"))
    await ending
    assert await world.is_over()
    desk = world.gateway()
    await desk.accept("f", "", b"{}")
    await settled(lambda: world.f.waiting)
    await desk.end(0)
    assert world.f.cancelled == [False]
    assert (await desk.waiting())["f"].visible == 1
    await desk.accept("f", "", b"{}")
    assert (await desk.waiting())["f"].visible == 2


async def test_a_function_that_is_gone_leaves_what_waits_until_it_comes_back_or_a_day_is_over(
    world,
):
    world.f.answers = [FAILED] * 2
    await world.accept()
    gone = world.functions.pop("f")
    keeping = Keeping(world.desk, lambda name: name in world.functions, world.clock, world.wheel)
    await world.pass_time(ORPHANED / 8)
    await keeping.go_round()
    assert not await world.is_over()
    assert [each.value for each in keeping.samples()] == [1, ORPHANED / 8]
    world.functions["f"] = gone
    await world.pass_time(0)
    assert len(gone.calls) == 2
    del world.functions["f"]
    await world.pass_time(ORPHANED)
    await keeping.go_round()
    assert await world.is_over()
    await keeping.go_round()
    assert [each.value for each in keeping.samples()] == [0, 0.0]


async def test_a_store_that_fails_at_the_end_lets_it_come_again(world, monkeypatch):
    delete, failing = world.store.delete, [True]

    async def sometimes(*given, **named):
        if failing.pop() if failing else False:
            raise StoreError("gone")
        return await delete(*given, **named)

    monkeypatch.setattr(world.store, "delete", sometimes)
    await world.accept()
    assert not await world.is_over()
    await world.pass_time(30)
    assert await world.is_over()
    assert len({call.request_id for call in world.f.calls}) == 1
    assert len(world.f.calls) == 2


async def test_a_store_that_is_away_for_a_while_is_asked_again(world, monkeypatch):
    receive = world.store.receive

    async def fail(*_given, **_named):
        raise StoreError("gone")

    monkeypatch.setattr(world.store, "receive", fail)
    await world.accept()
    assert world.f.calls == []
    monkeypatch.setattr(world.store, "receive", receive)
    await world.pass_time(1)
    assert len(world.f.calls) == 1


async def test_rounds_look_by_themselves(world):
    world.f.answers = [FAILED]
    world.desk.start()
    await world.accept()
    with contextlib.suppress(asyncio.CancelledError):
        await world.desk._work
    world.clock.now += 60
    world.wheel.advance(world.clock.now)
    await settled(lambda: len(world.f.calls) == 2)
