"""Handing on what was published: batches, what is committed, what nobody takes."""

import asyncio
import logging

import orjson
import pytest

from frontdesk.base import metrics
from frontdesk.base.errors import StoreError
from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.handing import Handed, Handing, _name
from frontdesk.durable.publishing.receivers import Receiver, read_receiver
from frontdesk.durable.publishing.rules import Bus
from frontdesk.durable.publishing.subscriptions import Subscription, Topic
from frontdesk.rules.events.sns import Notification
from tests.live.publishing import Publishing, arn

QUEUES = {"queues": {"a": {}, "b": {}, "o": {"fifo": True}}}
TOPIC = arn("sns", "news")
RULE = arn("events", "rule/side/all")
RULE_OF_DEFAULT = arn("events", "rule/all")


@pytest.fixture
def world():
    return Publishing(QUEUES)


@pytest.fixture
def handing(world):
    return Handing(world.queues, world.functions, world.machines, world.registry)


def _to(kind, name, body=b'"x"', **more):
    return Handed(more.pop("source", TOPIC), Receiver(kind, name), body, **more)


def _count(world, source, result):
    return world.registry.counter(metrics.DELIVERIES, source, result).value


async def test_each_queue_gets_one_batch_in_order(world, handing, monkeypatch):
    batches = []
    send = world.queues.send

    async def noted(queue, messages):
        batches.append((queue.name, [message.body for message in messages]))
        return await send(queue, messages)

    monkeypatch.setattr(world.queues, "send", noted)
    names = ["b", "a", "b", "a"]
    await handing.hand([_to("queue", name, b"%d" % n) for n, name in enumerate(names)])
    assert batches == [("a", [b"1", b"3"]), ("b", [b"0", b"2"])]
    assert _count(world, "news", "delivered") == 4


async def test_it_ends_only_when_everything_has_ended(world, handing, monkeypatch):
    """One store that fails does not leave others' work behind unseen."""
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow(queue, messages):
        begun.set()
        await go.wait()

    monkeypatch.setattr(world.queues, "send", slow)
    world.functions.broken = True
    work = asyncio.ensure_future(handing.hand([_to("function", "f"), _to("queue", "a")]))
    await begun.wait()
    await asyncio.sleep(0)
    assert not work.done()
    go.set()
    with pytest.raises(StoreError, match="the disk is full"):
        await work


@pytest.mark.parametrize("kind", ["queue", "function", "state_machine"])
async def test_a_receiver_that_is_not_there_is_told_of(world, handing, kind, caplog):
    world.functions.unknown.add("none")
    world.machines.refuses = True
    with caplog.at_level(logging.WARNING, "frontdesk.publishing"):
        await handing.hand([_to(kind, "none", source=RULE), _to("queue", "a", source=RULE)])
    assert [(record.source, record.to) for record in caplog.records] == [(RULE, f"{kind} none")]
    assert _count(world, "rule/side/all", "failed") == 1
    assert _count(world, "rule/side/all", "delivered") == 1


async def test_an_execution_is_started_once(world, handing):
    for _ in range(2):
        await handing.hand([_to("state_machine", "m", key="k")])
    assert len(world.machines.started) == 1
    assert _count(world, "news", "delivered") == 2


@pytest.mark.parametrize(
    ("source", "group", "found"),
    [(TOPIC, "g", "g"), (TOPIC, "", "news"), (RULE, "", "all")],
)
async def test_a_fifo_queue_gets_a_group(world, handing, source, group, found):
    await handing.hand([_to("queue", "o", source=source, group=group)])
    assert [each[2] for each in await world.received("o")] == [found]


@pytest.mark.parametrize(
    ("text", "receiver"),
    [
        ("arn:aws:sqs:us-east-1:000000000000:calls", Receiver("queue", "calls")),
        ("arn:aws:sqs:::calls.fifo", Receiver("queue", "calls.fifo")),
        ("arn:aws-cn:lambda:x:1:function:f:$LATEST", Receiver("function", "f:$LATEST")),
        ("arn:aws:states:x:1:stateMachine:m:live", Receiver("state_machine", "m:live")),
        ("arn:aws:lambda:x:1:layer:f", None),
        ("arn:aws:states:x:1:execution:m:e", None),
        ("arn:aws:sns:x:1:topic", None),
        ("calls", None),
    ],
)
def test_arns_of_receivers(text, receiver):
    assert read_receiver(text) == receiver
    if receiver is not None:
        assert read_receiver(receiver.arn("eu-west-1", "123456789012")) == receiver


# -- which there are ----------------------------------------------------------------------------


async def _until(condition):
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - nothing says when
            await asyncio.sleep(0)


async def test_gateways_with_one_store_know_what_the_other_makes(world):
    other = Publishing(QUEUES, catalog=world.catalog)
    for each in (world, other):
        await each.topics.start()
        await each.buses.start()
    topic = Topic(name="news")
    await world.topics.of_api.put(topic)
    await world.topics.subscribed.put(Subscription(topic="news", id="1", to=Receiver("queue", "a")))
    await world.buses.of_api.put(Bus(name="mine"))
    await _until(lambda: other.topics.subscriptions(topic) and other.buses.find("mine"))
    message = Notification("m", TOPIC, {"default": "x"}, 0.0)
    await other.topics.publish(other.topics.find(TOPIC), [message])
    assert len(await other.bodies("a")) == 1
    await world.topics.drop(topic)
    await _until(lambda: other.topics.find(TOPIC) is None)
    for each in (world, other):
        each.topics.stop()
        each.buses.stop()


async def test_the_file_comes_first(world):
    await world.topics.start()
    await world.topics.of_api.put(Topic(name="news", tags={"a": "b"}))
    assert not world.topics.find("news").of_file
    config = Config.model_validate({"name": "x", "topics": {"news": {}}})
    world.topics.adopt(config)
    assert world.topics.find("news").of_file
    world.topics.adopt(Config.model_validate({"name": "x"}))
    assert world.topics.find("news").tags == {"a": "b"}
    world.topics.stop()


async def test_a_new_filter_holds_from_the_next_message_on(world):
    def file(kind):
        subscription = {"queue": "a", "raw": True, "filter": {"kind": [kind]}}
        return Config.model_validate(
            {"name": "x", **QUEUES, "topics": {"news": {"subscriptions": subscription}}}
        )

    kind = {"kind": {"DataType": "String", "StringValue": "booked"}}
    message = Notification("m", TOPIC, {"default": "x"}, 0.0, attributes=kind)
    for wanted, count in (("moved", 0), ("booked", 1)):
        world.topics.adopt(file(wanted))
        await world.topics.publish(world.topics.find("news"), [message])
        assert len(await world.bodies("a")) == count


def test_a_rule_of_the_default_bus_is_counted_with_its_bus():
    assert _name(RULE_OF_DEFAULT) == "rule/default/all"
    assert _name(RULE) == "rule/side/all"


async def test_what_a_receiver_cannot_have_goes_where_dead_letters_go(world, handing, caplog):
    world.functions.unknown.add("f")
    dead = [_to("queue", name, b"dead") for name in ("a", "b", "nowhere")]
    with caplog.at_level(logging.WARNING):
        await handing.hand(
            [
                _to("function", "f", dead=dead[0]),
                _to("queue", "gone", dead=dead[1]),
                _to("queue", "gone", dead=dead[2]),
                _to("queue", "a", b"alive", dead=dead[1]),
            ]
        )
    assert sorted(await world.bodies("a")) == ["alive", "dead"]
    assert await world.bodies("b") == ["dead"]
    assert _count(world, "news", "failed") == 4
    assert _count(world, "news", "delivered") == 3
    assert sum("is not handed on" in line for line in caplog.messages) == 4


async def test_a_publisher_hears_of_a_store_that_does_not_take_dead_letters(
    world, handing, monkeypatch
):
    async def full(_queue, _messages):
        raise StoreError("the disk is full")

    monkeypatch.setattr(world.queues, "send", full)
    with pytest.raises(StoreError):
        await handing.hand([_to("queue", "gone", dead=_to("queue", "a"))])


async def test_a_subscription_of_the_file_has_dead_letters():
    subscription = {"function": "f", "dead_letter": "a"}
    functions = {"f": {"handler": "m.f"}}
    world = Publishing(
        {**QUEUES, "functions": functions, "topics": {"news": {"subscriptions": subscription}}}
    )
    world.functions.unknown.add("f")
    message = Notification("m", TOPIC, {"default": "hello"}, 0.0)
    await world.topics.publish(world.topics.find(TOPIC), [message])
    (body,) = await world.bodies("a")
    assert orjson.loads(body)["Message"] == "hello"
