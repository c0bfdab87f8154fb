"""REST APIs with SQS, SNS and EventBridge behind: templates in, answers of services out."""

import asyncio
import json
from xml.etree import ElementTree as ET

import pytest

from frontdesk.base.errors import StoreError
from frontdesk.gateway.pipeline.router import Door
from frontdesk.ports.service_actions import ActionAnswer

FORM = "integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\""
XML = "integration.request.header.Accept: \"'application/xml'\""
AMZ = "integration.request.header.Content-Type: \"'application/x-amz-json-1.0'\""
FILE = """
name: x
queues: {{letters: {{}}}}
topics: {{news: {{}}}}
apis:
  shop:
    type: rest
    resources:
      /in:
        POST:
          integration:
            type: aws
            {target}
            request_parameters: {{{parameters}}}
            request_templates:
              application/json: {template}
            responses:
              default: {{status: 201}}
              "4\\\\d\\\\d": {{status: 422}}
              "503": {{status: 503}}
"""
SENT = {"MessageId": "m-1", "MD5OfMessageBody": "abc"}


class PlayedActions:
    """Answers as it is told; keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.answer = ActionAnswer(SENT)

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
    async def asked(target, template, *parameters, body=b'{"a": "b & c"}'):
        text = FILE.format(
            target=target, template=json.dumps(template), parameters=", ".join(parameters)
        )
        ex = make_exchange(method="POST", path="/in", raw_path="/in", body=body)
        answered = asyncio.Event()
        ex.client.send = lambda ex, reply: (ex.client.replies.append(reply), answered.set())
        Door(compile_text(text, actions=actions)).enter(ex)
        await answered.wait()
        [reply] = ex.client.replies
        return reply.status, reply.body

    return asked


SEND = "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"


async def test_a_form_sends_a_message_and_is_answered_with_json(ask, actions):
    status, body = await ask("queue: letters", SEND, FORM)
    assert actions.asked == [("SendMessage", "letters", {"MessageBody": '{"a": "b & c"}'})]
    told = json.loads(body)["SendMessageResponse"]
    assert (status, told["ResponseMetadata"].keys()) == (201, {"RequestId"})
    assert told["SendMessageResult"] == {
        **SENT,
        "MD5OfMessageAttributes": None,
        "MD5OfMessageSystemAttributes": None,
        "SequenceNumber": None,
    }


async def test_a_form_is_answered_with_xml_where_that_is_asked_for(ask):
    _, body = await ask("queue: letters", SEND, FORM, XML)
    space = "{http://queue.amazonaws.com/doc/2012-11-05/}"
    root = ET.fromstring(body)
    assert root.tag == f"{space}SendMessageResponse"
    assert root.find(f"{space}SendMessageResult/{space}MessageId").text == "m-1"


async def test_members_come_from_the_query_too(ask, actions):
    query = "integration.request.querystring.MessageBody: method.request.body"
    action = "integration.request.querystring.Action: \"'SendMessage'\""
    await ask("queue: letters", "", query, action, body=b"a=b&c")
    assert actions.asked == [("SendMessage", "letters", {"MessageBody": "a=b&c"})]


async def test_attributes_and_numbers_of_a_form_are_those_of_json(ask, actions):
    attribute = "MessageAttribute.1.Name=kind&MessageAttribute.1.Value.DataType=String"
    form = f"MessageBody=x&DelaySeconds=5&{attribute}&MessageAttribute.1.Value.StringValue=y"
    await ask("queue: letters", form, FORM)
    ((_, _, members),) = actions.asked
    assert members == {
        "MessageBody": "x",
        "DelaySeconds": 5,
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "y"}},
    }


async def test_a_queue_takes_json(ask, actions):
    status, body = await ask("queue: letters", '{"MessageBody": "x"}', AMZ)
    assert actions.asked == [("SendMessage", "letters", {"MessageBody": "x"})]
    assert (status, json.loads(body)) == (201, SENT)


async def test_a_topic_is_published_to(ask, actions):
    actions.answer = ActionAnswer({"MessageId": "m-1"})
    attribute = "MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=String"
    _, body = await ask("topic: news", f"Action=Publish&Message=x&{attribute}", FORM)
    assert actions.asked == [
        ("Publish", "news", {"Message": "x", "MessageAttributes": {"k": {"DataType": "String"}}})
    ]
    assert json.loads(body)["PublishResponse"]["PublishResult"] == {
        "MessageId": "m-1",
        "SequenceNumber": None,
    }


async def test_events_are_put_as_json(ask, actions):
    actions.answer = ActionAnswer({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})
    status, body = await ask("event_bus: default", '{"Entries": [{"Source": "x"}]}')
    assert actions.asked == [("PutEvents", "default", {"Entries": [{"Source": "x"}]})]
    assert (status, json.loads(body)) == (201, actions.answer.document)


@pytest.mark.parametrize(
    ("target", "parameters", "told"),
    [
        ("queue: letters", (FORM,), {"Error": {"Type": "Sender", "Code": "C", "Message": "m"}}),
        ("queue: letters", (AMZ,), {"__type": "com.amazonaws.sqs#C", "message": "m"}),
        ("event_bus: default", (), {"__type": "C", "message": "m"}),
    ],
)
async def test_a_refusal_is_told_as_the_service_does(ask, actions, target, parameters, told):
    actions.answer = ActionAnswer({}, 400, "C", "m")
    status, body = await ask(target, "{}", *parameters)
    found = json.loads(body)
    found.pop("RequestId", None)
    assert (status, found) == (422, told)


async def test_a_refusal_is_xml_where_that_is_asked_for(ask, actions):
    actions.answer = ActionAnswer({}, 400, "C", "a < b")
    _, body = await ask("topic: news", "Message=x", FORM, XML)
    space = "{http://sns.amazonaws.com/doc/2010-03-31/}"
    assert ET.fromstring(body).find(f"{space}Error/{space}Message").text == "a < b"


@pytest.mark.parametrize(
    ("template", "parameters"),
    [
        (SEND, ()),
        ("Action=DeleteQueue", (FORM,)),
        ("a.b=1&a=2", (FORM,)),
        ("[]", (AMZ,)),
        ("{", (AMZ,)),
    ],
    ids=["no type", "action", "form", "list", "no json"],
)
async def test_what_is_no_request_asks_nobody(ask, actions, template, parameters):
    status, _ = await ask("queue: letters", template, *parameters)
    assert (status, actions.asked) == (422, [])


async def test_a_store_that_fails_is_told(ask, actions):
    actions.answer = StoreError("the disk is full")
    assert (await ask("queue: letters", SEND, FORM))[0] == 503
