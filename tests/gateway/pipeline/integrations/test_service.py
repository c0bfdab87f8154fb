"""Routes that ask SQS and EventBridge: parameters in, the service's answer out."""

import asyncio
import json

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.router import Door
from frontdesk.ports.service_actions import ActionAnswer

FILE = """
name: x
queues: {{letters: {{}}}}
apis:
  shop:
    routes:
      POST /in:
        service: {service}
"""
BODY = b'{"kind": "a", "n": 5}'


class PlayedActions:
    """Answers as it is told; keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.answer = ActionAnswer({"MessageId": "m-1"})

    async def ask(self, action, name, members, *, trace):
        self.asked.append((action, name, members))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def actions():
    return PlayedActions()


@pytest.fixture
def ask(make_exchange, compile_text, actions):
    async def asked(service, body=BODY):
        ex = make_exchange(method="POST", path="/in", raw_path="/in", body=body)
        answered = asyncio.Event()
        ex.client.send = lambda ex, reply: (ex.client.replies.append(reply), answered.set())
        Door(compile_text(FILE.format(service=json.dumps(service)), actions=actions)).enter(ex)
        await answered.wait()
        [reply] = ex.client.replies
        return reply.status, dict(reply.fields)[b"content-type"], reply.body.decode()

    return asked


async def test_a_message_is_sent_and_answered_with_xml(ask, actions):
    parameters = {
        "MessageBody": "$request.body",
        "DelaySeconds": "$request.body.n",
        "MessageAttributes": '{"k": {"DataType": "String", "StringValue": "${request.body.kind}"}}',
        "MessageGroupId": "$request.header.absent",
    }
    status, kind, body = await ask({"queue": "letters", "parameters": parameters})
    assert actions.asked == [
        (
            "SendMessage",
            "letters",
            {
                "MessageBody": BODY.decode(),
                "DelaySeconds": 5,
                "MessageAttributes": {"k": {"DataType": "String", "StringValue": "a"}},
            },
        )
    ]
    assert (status, kind) == (200, b"text/xml")
    assert "<SendMessageResult><MessageId>m-1</MessageId></SendMessageResult>" in body


async def test_an_event_is_put_and_answered_with_json(ask, actions):
    actions.answer = ActionAnswer({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})
    parameters = {
        "Source": "desk",
        "DetailType": "x-${request.body.kind}",
        "Detail": "$request.body",
    }
    status, kind, body = await ask({"event_bus": "default", "parameters": parameters})
    entry = {"Source": "desk", "DetailType": "x-a", "Detail": BODY.decode()}
    assert actions.asked == [("PutEvents", "default", {"Entries": [entry]})]
    assert (status, kind, json.loads(body)) == (200, b"application/json", actions.answer.document)


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (
            ActionAnswer({}, 400, "QueueDoesNotExist", "no"),
            400,
            "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>",
        ),
        (StoreError("the disk is full"), 503, "<Type>Receiver</Type>"),
    ],
)
async def test_a_refusal_is_the_services(ask, actions, answer, status, told):
    actions.answer = answer
    found = await ask({"queue": "letters", "parameters": {"MessageBody": "x"}})
    assert found[:2] == (status, b"text/xml")
    assert told in found[2]
