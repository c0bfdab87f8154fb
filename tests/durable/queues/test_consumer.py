"""Functions that are called with messages: batches, filters, failures, hiding, stopping."""

import asyncio
import json

import pytest

from frontdesk.config.models.queue import Consumer as Entry
from frontdesk.durable.queues import consumer as module
from frontdesk.durable.queues.consumer import Consumer
from frontdesk.ports.invoker import Outcome
from tests.durable.queues.playing import NOW, World, settled


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.005)
    return World()


@pytest.fixture
async def consuming(world):
    """Start consumers that are stopped afterwards."""
    started = []

    def start(queue, **entry):
        made = Entry.model_validate({"function": "f", **entry})
        consumer = Consumer(world.queues, queue, made, world.function)
        consumer.start()
        started.append(consumer)
        return consumer

    yield start
    world.hold = False
    for consumer in started:
        await consumer.end(0)


async def is_done(world, queue, left=0):
    await settled(lambda: len(world.records(queue)) == left)


async def test_a_function_gets_messages_as_lambda_gives_them_and_they_are_deleted(world, consuming):
    queue = await world.queue("calls")
    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    stored = json.dumps({"message": attributes, "trace": "Root=1"}).encode()
    (id_,) = await world.send(queue, "hello", attributes=stored)
    consuming(queue)
    await is_done(world, queue)
    ((record,),) = world.calls
    assert record.pop("receiptHandle")
    assert record == {
        "messageId": id_,
        "body": "hello",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(int(NOW * 1000)),
            "SenderId": record["attributes"]["SenderId"],
            "ApproximateFirstReceiveTimestamp": str(int(NOW * 1000)),
            "AWSTraceHeader": "Root=1",
        },
        "messageAttributes": {
            "kind": {
                "stringValue": "test",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
        },
        "md5OfMessageAttributes": record["md5OfMessageAttributes"],
        "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:calls",
        "awsRegion": "eu-west-1",
    }


async def test_batches_are_no_larger_than_asked_for(world, consuming):
    queue = await world.queue("calls")
    await world.send(queue, *(str(number) for number in range(7)))
    consuming(queue, batch=3)
    await is_done(world, queue)
    assert sorted(map(len, world.bodies())) == [1, 3, 3]


async def test_what_is_sent_later_is_news(world, consuming):
    queue = await world.queue("calls")
    consuming(queue)
    await settled(lambda: world.queues._news)
    await world.send(queue, "late")
    await is_done(world, queue)
    assert world.bodies() == [["late"]]


async def test_a_window_fills_a_batch(world, consuming):
    queue = await world.queue("calls")
    await world.send(queue, "a")
    consuming(queue, batch=2, window=60)
    await settled(lambda: world.counted(queue, "received") == 1)
    assert not world.calls
    await world.send(queue, "b")
    await is_done(world, queue)
    assert world.bodies() == [["a", "b"]]


async def test_no_more_calls_at_once_than_asked_for(world, consuming):
    queue = await world.queue("calls")
    world.hold = True
    await world.send(queue, *"abcd")
    consuming(queue, batch=1, concurrency=2)
    await settled(lambda: len(world.waiting) == 2)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(world.calls) == 2
    world.waiting.pop(0)(Outcome(b"null"))
    await settled(lambda: len(world.calls) == 3)


FAILED = {"batchItemFailures": [{"itemIdentifier": "ID-0"}]}


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (Outcome(b"null"), 0),
        (Outcome(b"{}"), 0),
        (Outcome(b'"whatever"'), 0),
        (Outcome(b'{"statusCode": 500}'), 0),
        (Outcome(b'{"batchItemFailures": []}'), 0),
        (Outcome(b'{"batchItemFailures": null}'), 0),
        (Outcome(json.dumps(FAILED).encode()), 1),
        (Outcome(b'{"batchItemFailures": [{"itemIdentifier": "other"}]}'), 3),
        (Outcome(b'{"batchItemFailures": [{"itemIdentifier": ""}]}'), 3),
        (Outcome(b'{"batchItemFailures": [{"itemIdentifier": null}]}'), 3),
        (Outcome(b'{"batchItemFailures": [{"id": "ID-0"}]}'), 3),
        (Outcome(b'{"batchItemFailures": "ID-0"}'), 3),
        (Outcome(b"{", ""), 3),
        (Outcome(b"{}", "Unhandled"), 3),
        (Outcome(b"", "Throttled"), 3),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_failed_comes_again_and_the_rest_is_deleted(world, consuming, outcome, left):
    queue = await world.queue("calls")
    ids = await world.send(queue, "a", "b", "c")
    world.answers = [outcome._replace(payload=outcome.payload.replace(b"ID-0", ids[0].encode()))]
    consuming(queue)
    await settled(lambda: world.calls and not world.answers)
    await is_done(world, queue, left)
    world.clock.now += 29
    assert (await world.queues.counts(queue)).in_flight == left
    world.clock.now += 1
    await is_done(world, queue)
    assert world.bodies()[1:] == ([["a", "b", "c"][:left]] if left else [])


async def test_a_function_that_fails_with_no_text_is_told_of(world, consuming, caplog):
    queue = await world.queue("calls")
    await world.send(queue, "a")
    world.answers = [Outcome(b"\xff", "Unhandled")]
    consuming(queue)
    await settled(lambda: caplog.records)
    assert caplog.records[0].error == "Unhandled: \ufffd"


async def test_a_message_that_always_fails_goes_to_the_dead_letters(world, consuming):
    dead = await world.queue("dead")
    queue = await world.queue("calls", max_receives=2, dead_letter="dead")
    await world.send(queue, "poison")
    world.answers = [Outcome(b"{}", "Unhandled")] * 3
    consuming(queue)
    for calls in (1, 2):
        await settled(lambda calls=calls: len(world.calls) == calls)
        world.clock.now += 30
    await is_done(world, dead, 1)
    assert world.counted(queue, "dead") == 1


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ({"body": {"type": ["paid"]}}, ['{"type": "paid"}']),
        ([{"body": {"type": ["paid"]}}, {"body": {"n": [1]}}], ['{"type": "paid"}', '{"n": 1}']),
        ({"body": ["text"]}, ["text"]),
        ({"body": ["7"]}, ["7"]),
        ({"messageAttributes": {"kind": {"stringValue": ["x"]}}}, []),
        ({"eventSource": ["aws:sqs"]}, ['{"type": "paid"}', '{"n": 1}', "text", "7"]),
    ],
    ids=str,
)
async def test_a_filter_lets_through_what_fits_and_the_rest_is_deleted(
    world, consuming, pattern, wanted
):
    queue = await world.queue("calls")
    await world.send(queue, '{"type": "paid"}', '{"n": 1}', "text", "7")
    consuming(queue, filter=pattern)
    await is_done(world, queue)
    assert world.bodies() == ([wanted] if wanted else [])


async def test_messages_stay_hidden_while_the_function_is_at_work(world, consuming):
    queue = await world.queue("calls", visibility=1.0)
    world.hold = True
    await world.send(queue, "slow")
    consuming(queue)
    await settled(lambda: world.waiting)
    world.clock.now += 0.9
    hidden = world.store._records[1].visible

    await settled(lambda: world.store._records[1].visible > hidden)
    assert world.store._records[1].visible == world.clock.now + 1
    world.waiting.pop()(Outcome(b"null"))
    await is_done(world, queue)
    assert len(world.calls) == 1


async def test_large_messages_are_given_in_several_calls(world, consuming, monkeypatch):
    monkeypatch.setattr(module, "_EVENT", 10)
    queue = await world.queue("calls")
    await world.send(queue, "a" * 6, "b" * 4, "c", "d" * 20)
    consuming(queue)
    await is_done(world, queue)
    assert [[body[0] for body in call] for call in world.bodies()] == [["a", "b"], ["c"], ["d"]]


async def test_what_waits_for_a_call_of_its_batch_stays_hidden(world, consuming, monkeypatch):
    monkeypatch.setattr(module, "_EVENT", 10)
    queue = await world.queue("calls")
    world.hold = True
    await world.send(queue, "a" * 8, "b" * 8, "c" * 8)
    consuming(queue)
    for _ in "abc":
        await settled(lambda: world.waiting)
        assert (await world.queues.counts(queue)).visible == 0
        world.clock.now += 20  # of 30
        world.waiting.pop()(Outcome(b"null"))
    await is_done(world, queue)
    assert [[body[0] for body in call] for call in world.bodies()] == [["a"], ["b"], ["c"]]


async def test_a_stop_waits_for_calls_and_gives_back_what_was_not_begun(world, consuming):
    queue = await world.queue("calls")
    world.hold = True
    await world.send(queue, "a")
    consumer = consuming(queue, batch=2, window=0)
    await settled(lambda: world.waiting)
    other = consuming(queue, batch=2, window=60)
    await world.send(queue, "b")
    await settled(lambda: world.counted(queue, "received") == 2)
    world.waiting[0](Outcome(b"null"))
    await asyncio.gather(consumer.end(10), other.end(10))
    assert [message.body for message in await world.queues.receive(queue, most=9)] == [b"b"]


async def test_a_function_that_is_missing_leaves_its_messages_unread(world, consuming, caplog):
    queue = await world.queue("calls")
    await world.send(queue, "a")
    consuming(queue, function="missing")
    await settled(lambda: "messages are not handled" in caplog.text)
    assert [record.receives for record in world.records(queue)] == [0]
