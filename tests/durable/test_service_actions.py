"""What routes may ask of queues, topics and buses: of the one that is named, by the rules of its service."""

import pytest

from frontdesk.durable.service_actions import OwnServiceActions
from frontdesk.rules.events.sqs import Attributes
from tests.live.publishing import Publishing, arn

FILE = {
    "queues": {"letters": {}, "others": {}},
    "topics": {"news": {"subscriptions": {"queue": "letters", "raw": True}}, "rumours": {}},
    "event_buses": {
        "side": {"rules": {"all": {"pattern": {"source": ["x"]}, "targets": {"queue": "letters"}}}}
    },
}
EVENT = {"Source": "x", "DetailType": "t", "Detail": "{}"}
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/"


@pytest.fixture
def world():
    return Publishing(FILE)


@pytest.fixture
def ask(world):
    actions = OwnServiceActions(world.queues, world.topics, world.buses, world.clock)

    async def asked(action, name, members, trace=""):
        return await actions.ask(action, name, members, trace=trace)

    return asked


@pytest.mark.parametrize(
    ("action", "name", "members"),
    [
        ("SendMessage", "letters", {"MessageBody": "x"}),
        ("SendMessage", "letters", {"MessageBody": "x", "QueueUrl": f"{URL}letters"}),
        ("Publish", "news", {"Message": "x"}),
        ("Publish", "news", {"Message": "x", "TopicArn": arn("sns", "news")}),
        ("PutEvents", "side", {"Entries": [EVENT]}),
        ("PutEvents", "side", {"Entries": [{**EVENT, "EventBusName": "side"}]}),
        (
            "PutEvents",
            "side",
            {"Entries": [{**EVENT, "EventBusName": arn("events", "event-bus/side")}]},
        ),
    ],
)
async def test_what_is_asked_of_the_named_one_is_done(world, ask, action, name, members):
    answer = await ask(action, name, members)
    assert (answer.status, answer.error) == (200, "")
    assert answer.document.get("FailedEntryCount", 0) == 0
    assert len(await world.bodies("letters")) == 1


@pytest.mark.parametrize(
    ("action", "name", "members", "status", "error"),
    [
        (
            "SendMessage",
            "letters",
            {"MessageBody": "x", "QueueUrl": f"{URL}others"},
            403,
            "AccessDenied",
        ),
        (
            "SendMessage",
            "letters",
            {"MessageBody": "x", "QueueUrl": "no"},
            400,
            "QueueDoesNotExist",
        ),
        ("SendMessage", "letters", {}, 400, "MissingRequiredParameterException"),
        (
            "Publish",
            "news",
            {"Message": "x", "TopicArn": arn("sns", "rumours")},
            403,
            "AuthorizationError",
        ),
        ("Publish", "news", {"Message": "x", "TargetArn": arn("sns", "no")}, 404, "NotFound"),
        ("Publish", "news", {}, 400, "InvalidParameter"),
        (
            "PutEvents",
            "side",
            {"Entries": [{**EVENT, "EventBusName": "default"}]},
            400,
            "AccessDeniedException",
        ),
        ("PutEvents", "side", {"Entries": []}, 400, "ValidationException"),
        ("PutEvents", "side", {"Entries": ["x"]}, 400, "ValidationException"),
        ("PutEvents", "side", {}, 400, "ValidationException"),
    ],
)
async def test_what_cannot_be_done_is_refused(world, ask, action, name, members, status, error):
    answer = await ask(action, name, members)
    assert (answer.status, answer.error) == (status, error)
    assert answer.message
    assert await world.bodies("letters") == []


async def test_a_message_goes_on_with_the_trace(world, ask):
    await ask("SendMessage", "letters", {"MessageBody": "x"}, trace="Root=1-2-3")
    (message,) = await world.queues.receive(world.queues.find("letters"), most=1)
    assert Attributes.read(message.attributes).trace == "Root=1-2-3"
