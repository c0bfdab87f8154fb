"""Tasks that publish to topics and event buses."""

import json

import pytest

from frontdesk.base.wheel import Wheel
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.publishing import PublishTasks
from frontdesk.rules.asl.resources import read_resource
from tests.durable.tasks.asking import EXECUTION, Answers, a_task
from tests.live.publishing import Publishing, arn

PUBLISH = "arn:aws:states:::sns:publish"
PUT = "arn:aws:states:::events:putEvents"
FILE = {
    "queues": {"letters": {}},
    "topics": {"news": {"subscriptions": {"queue": "letters"}}},
    "event_buses": {
        "default": {
            "rules": {"all": {"pattern": {"source": ["desk"]}, "targets": {"queue": "letters"}}}
        }
    },
}
BOOKED = {"Source": "desk", "DetailType": "Booked", "Detail": {"n": 1}}


class Tasks:
    """Tasks on topics and buses of the test."""

    def __init__(self):
        self.world = Publishing(FILE)
        clock = self.world.clock
        jobs = Jobs(clock, Wheel(clock.monotonic()))
        self.rows = PublishTasks(self.world.topics, self.world.buses, jobs, clock).rows

    async def do(self, resource, **arguments):
        task, answers = a_task(resource, arguments), Answers()
        named = read_resource(resource)
        self.rows[named.service, named.action].do(task, answers)
        return task, await answers.until()

    async def received(self):
        (body,) = await self.world.bodies("letters")
        return json.loads(body)


@pytest.fixture
def tasks():
    return Tasks()


@pytest.mark.parametrize(
    ("message", "text"), [("hello", "hello"), ({"a": ["é"]}, '{"a":["é"]}')], ids=str
)
async def test_a_message_is_published_and_an_object_becomes_json_text(tasks, message, text):
    task, (kind, result) = await tasks.do(PUBLISH, TopicArn=arn("sns", "news"), Message=message)
    assert kind == "succeeded"
    assert result["MessageId"] == task.id
    assert result["SdkHttpMetadata"]["HttpStatusCode"] == 200
    received = await tasks.received()
    assert (received["MessageId"], received["Message"]) == (task.id, text)


async def test_an_event_is_put_with_its_origin(tasks):
    task, (kind, result) = await tasks.do(PUT, Entries=[{**BOOKED, "Resources": ["mine"]}])
    assert kind == "succeeded"
    assert result["FailedEntryCount"] == 0
    event = await tasks.received()
    assert event["id"] == result["Entries"][0]["EventId"]
    assert event["detail"] == {"n": 1}
    assert event["resources"] == ["mine", EXECUTION, task.facts.machine]


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [(PUBLISH, {"TopicArn": arn("sns", "news"), "Message": "x"}), (PUT, {"Entries": [BOOKED]})],
    ids=["publish", "put"],
)
async def test_a_task_with_a_token_waits_once_it_is_published(tasks, resource, arguments):
    _, answer = await tasks.do(f"{resource}.waitForTaskToken", **arguments)
    assert answer[0] == "submitted"
    assert await tasks.received()


async def test_what_is_published_again_after_a_crash_has_the_same_ids(tasks):
    _, first = await tasks.do(PUT, Entries=[BOOKED, BOOKED])
    _, again = await tasks.do(PUT, Entries=[BOOKED, BOOKED])
    ids = [entry["EventId"] for entry in first[1]["Entries"]]
    assert ids == [entry["EventId"] for entry in again[1]["Entries"]]
    assert len({*ids}) == 2


@pytest.mark.parametrize(
    ("resource", "arguments", "error", "cause"),
    [
        (
            PUBLISH,
            {"TopicArn": arn("sns", "none"), "Message": "x"},
            "SNS.NotFoundException",
            "Topic does not exist (Service: SNS; Status Code: 404; Error Code: NotFound;",
        ),
        (
            PUBLISH,
            {"TopicArn": arn("sns", "news")},
            "SNS.InvalidParameterException",
            "Invalid parameter: Empty message",
        ),
        (PUBLISH, {"Message": "x"}, "States.Runtime", "'TopicArn' is required"),
        (PUT, {"Entries": {}}, "States.Runtime", "'Entries' must be an ARRAY"),
        (PUT, {"Entries": [BOOKED] * 11}, "EventBridge.ValidationException", "less than or equal"),
        (
            PUT,
            {"Entries": [{"DetailType": "x", "Detail": {}}]},
            "EventBridge.FailedEntry",
            '"FailedEntryCount":1',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_cannot_be_published_fails_the_task(tasks, resource, arguments, error, cause):
    _, (kind, found, told) = await tasks.do(resource, **arguments)
    assert (kind, found) == ("failed", error)
    assert cause in told
