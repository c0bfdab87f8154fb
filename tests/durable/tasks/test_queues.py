"""Tasks that send messages."""

import json

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.queues import QueueTasks
from frontdesk.rules.events.sqs import Attributes, digest
from tests.durable.queues.playing import World
from tests.durable.tasks.asking import Answers, a_task

PLAIN = "arn:aws:states:::sqs:sendMessage"
TOKEN = f"{PLAIN}.waitForTaskToken"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/calls"


class Sending:
    """Tasks on queues of the test."""

    def __init__(self):
        self.world = World()
        self.tasks = QueueTasks(
            self.world.queues, Jobs(self.world.clock, Wheel(self.world.clock.monotonic()))
        )

    async def do(self, resource, **arguments):
        task, answers = a_task(resource, arguments), Answers()
        self.tasks.do(task, answers)
        return task, await answers.until()

    async def received(self, queue):
        (message,) = await self.world.queues.receive(queue, most=10)
        return message


@pytest.fixture
def sending():
    return Sending()


@pytest.mark.parametrize(
    ("body", "text"),
    [("hello", "hello"), ({"a": [1, "é"]}, '{"a":[1,"é"]}'), ("{}", "{}")],
    ids=str,
)
async def test_a_message_is_sent_and_an_object_becomes_json_text(sending, body, text):
    queue = await sending.world.queue("calls")
    task, answer = await sending.do(PLAIN, QueueUrl=URL, MessageBody=body)
    message = await sending.received(queue)
    assert message.body.decode() == text
    assert message.id == task.id
    kind, result = answer
    assert kind == "succeeded"
    assert result["MessageId"] == task.id
    assert result["MD5OfMessageBody"] == digest(text.encode())
    assert result["SdkHttpMetadata"]["HttpStatusCode"] == 200


async def test_a_task_with_a_token_waits_once_it_is_sent(sending):
    queue = await sending.world.queue("calls")
    _, answer = await sending.do(TOKEN, QueueUrl="calls", MessageBody={"token": "t"})
    assert answer[0] == "submitted"
    assert json.loads((await sending.received(queue)).body) == {"token": "t"}


async def test_attributes_and_delay_go_along(sending):
    queue = await sending.world.queue("calls")
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    await sending.do(
        PLAIN, QueueUrl=URL, MessageBody="m", MessageAttributes=attributes, DelaySeconds=5
    )
    assert await sending.world.queues.receive(queue, most=1) == []
    sending.world.clock.now += 5
    message = await sending.received(queue)
    assert Attributes.read(message.attributes).message == attributes


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (
            {"QueueUrl": "none", "MessageBody": "m"},
            "SQS.QueueDoesNotExistException",
            "The specified queue does not exist.",
        ),
        (
            {"QueueUrl": URL, "MessageBody": "m", "DelaySeconds": 901},
            "SQS.InvalidParameterValueException",
            "DelaySeconds",
        ),
        ({"QueueUrl": URL}, "SQS.MissingRequiredParameterException", "MessageBody"),
        ({"MessageBody": "m"}, "States.Runtime", "The field 'QueueUrl' is required"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_sent_fails_the_task(sending, arguments, error, told):
    await sending.world.queue("calls")
    _, answer = await sending.do(PLAIN, **arguments)
    kind, name, cause = answer
    assert (kind, name) == ("failed", error)
    assert told in cause
