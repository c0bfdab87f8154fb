"""Event source mappings, asked by boto3; and at work, in a whole gateway."""

import asyncio
import contextlib
import json

import boto3
import pytest
from botocore.exceptions import ClientError

from frontdesk.aws.lambda_api.event_sources import EventSourceMappings
from frontdesk.aws.lambda_api.service import LambdaService, mapping
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Registry as Metrics
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.queues.consumers import Consumers
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.mappings import MAPPING, Mappings
from frontdesk.durable.queues.queues import Queues
from frontdesk.functions.environment import RUNTIME
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.ports.queue import Queue
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.stores.memory.queue import MemoryQueues
from tests.aws.conftest import zipped
from tests.live.gateways import project, serving

CALLS = "arn:aws:sqs:us-east-1:000000000000:calls"
FILE = {
    "name": "x",
    "functions": {"from_file": {"handler": "app.handler"}},
    "queues": {"filed": {"consumer": {"function": "from_file", "batch": 3}}},
}
"""A file with a consumer."""


class World:
    """The API of mappings beside that of functions. changes: how often consumers were looked at."""

    def __init__(self, api):
        clock = SystemClock()
        self.api = api
        self.changes = 0
        self.queues = Queues(
            MemoryQueues(), api.catalog, clock, Metrics(), region="us-east-1", account="0" * 12
        )
        self.mappings = Mappings(api.catalog, self.changed)

    def changed(self):
        self.changes += 1


@pytest.fixture
async def world(api):
    world = World(api)
    for name, rules in {
        "calls": {},
        "line.fifo": {"fifo": True},
        "short": {"visibility": 2},
    }.items():
        await world.queues.put(Definition(rules=Queue(name, **rules), created=0, changed=0))
    world.mappings.adopt(Config.model_validate(FILE))
    operations = mapping(EventSourceMappings(api.registry, api.clock, world.queues, world.mappings))
    service = LambdaService(operations)
    server = Server(
        AdminDoor([WireApi([service], api.keys, api.clock)], None),
        clock=api.clock,
        wheel=Wheel(api.clock.monotonic()),
        log=lambda _ex: None,
        trusted=TrustedProxies(()),
    )
    api.address = "{}:{}".format(*await server.open("127.0.0.1", 0))
    yield world
    await server.drain(0.0)


async def create(world, **members):
    return await world.api(
        "create_event_source_mapping",
        **{"EventSourceArn": CALLS, "FunctionName": "from_file", **members},
    )


async def test_a_mapping_is_made_shown_changed_and_removed(world):
    made = await create(
        world,
        FunctionName="from_file:1",
        BatchSize=100,
        MaximumBatchingWindowInSeconds=5,
        FilterCriteria={"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]},
        ScalingConfig={"MaximumConcurrency": 2},
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    assert (made["State"], made["ResponseMetadata"]["HTTPStatusCode"]) == ("Creating", 202)
    key = {"UUID": made["UUID"]}
    found = await world.api("get_event_source_mapping", **key)
    assert found["State"] == "Enabled"
    assert found["EventSourceArn"] == CALLS
    assert found["FunctionArn"].endswith(":function:from_file:1")
    assert (found["BatchSize"], found["MaximumBatchingWindowInSeconds"]) == (100, 5)
    assert found["FilterCriteria"]["Filters"] == [{"Pattern": '{"body": {"a": [1]}}'}]
    consumer = world.mappings.find(made["UUID"]).consumer
    assert (consumer.function, consumer.batch, consumer.window) == ("from_file:1", 100, 5)
    assert (consumer.concurrency, consumer.filter) == (2, ({"body": {"a": [1]}},))
    changed = await world.api("update_event_source_mapping", **key, Enabled=False, BatchSize=7)
    assert (changed["State"], changed["BatchSize"]) == ("Updating", 7)
    found = await world.api("get_event_source_mapping", **key)
    assert (found["State"], found["ScalingConfig"]) == ("Disabled", {"MaximumConcurrency": 2})
    assert (await world.api("delete_event_source_mapping", **key))["State"] == "Deleting"
    with pytest.raises(ClientError, match="does not exist"):
        await world.api("get_event_source_mapping", **key)
    assert await world.api.catalog.list(MAPPING) == []
    assert world.changes == 4


async def test_mappings_are_there_after_a_restart(world):
    made = await create(world, BatchSize=4)
    again = Mappings(world.api.catalog, world.changed)
    await again.start()
    assert again.find(made["UUID"]) == world.mappings.find(made["UUID"])


async def test_mappings_are_listed_by_queue_and_by_function(world):
    made = await create(world)

    async def listed(**asked):
        found = await world.api("list_event_source_mappings", **asked)
        return [each["UUID"] for each in found["EventSourceMappings"]]

    everything = await listed()
    assert made["UUID"] in everything
    assert len(everything) == 2
    assert await listed(EventSourceArn=CALLS) == [made["UUID"]]
    assert await listed(FunctionName="from_file") == everything
    assert await listed(FunctionName="other") == []


async def test_a_consumer_of_the_file_is_shown_and_not_changed(world):
    (found,) = (
        await world.api(
            "list_event_source_mappings", EventSourceArn=CALLS.replace("calls", "filed")
        )
    )["EventSourceMappings"]
    assert (found["BatchSize"], found["State"]) == (3, "Enabled")
    for operation in ("update_event_source_mapping", "delete_event_source_mapping"):
        with pytest.raises(ClientError, match="change it there") as raised:
            await world.api(operation, UUID=found["UUID"])
        assert raised.value.response["Error"]["Code"] == "ResourceConflictException"


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        ({"EventSourceArn": CALLS + "x"}, "InvalidParameterValueException", "NonExistentQueue"),
        (
            {"EventSourceArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
            "InvalidParameterValueException",
            "must be an SQS queue",
        ),
        ({"FunctionName": "nobody"}, "ResourceNotFoundException", "Function not found"),
        ({"BatchSize": 11}, "InvalidParameterValueException", "Maximum batch window in seconds"),
        ({"BatchSize": 10_001}, "ValidationException", "'batchSize'"),
        (
            {
                "EventSourceArn": CALLS.replace("calls", "line.fifo"),
                "BatchSize": 11,
                "MaximumBatchingWindowInSeconds": 1,
            },
            "InvalidParameterValueException",
            "FIFO",
        ),
        (
            {"EventSourceArn": CALLS.replace("calls", "short")},
            "InvalidParameterValueException",
            "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds",
        ),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [{"near": 1}]}}'}]}},
            "InvalidParameterValueException",
            "Invalid filter pattern definition",
        ),
        (
            {"FilterCriteria": {"Filters": [{"Pattern": "[]"}]}},
            "InvalidParameterValueException",
            "Invalid filter pattern definition",
        ),
    ],
    ids=["queue", "stream", "function", "window", "batch", "fifo", "visibility", "rule", "pattern"],
)
async def test_what_cannot_be_is_refused(world, members, code, message):
    with pytest.raises(ClientError, match=message) as raised:
        await create(world, **members)
    assert raised.value.response["Error"]["Code"] == code
    assert await world.api.catalog.list(MAPPING) == []


async def test_the_same_mapping_twice_is_refused(world):
    made = await create(world)
    with pytest.raises(ClientError, match=f"already exists.*{made['UUID']}"):
        await create(world)


async def test_consumers_follow_mappings_and_queues(world):
    found = []

    def functions(name, _qualifier):
        found.append(name)

    clock = SystemClock()
    consumers = Consumers(
        world.queues, functions, world.api.catalog, clock, Wheel(clock.monotonic())
    )
    consumers.adopt(Config.model_validate({"name": "x"}))
    assert consumers._consumers == {}
    made = await create(world)
    await consumers.mappings.start()
    await consumers.go_round()
    (consumer,) = consumers._consumers.values()
    await consumers.go_round()
    assert list(consumers._consumers.values()) == [consumer]
    await world.queues.put(Definition(rules=Queue("calls", delay=1.0), created=0, changed=0))
    await consumers.go_round()
    (other,) = consumers._consumers.values()
    assert other is not consumer
    await consumers.mappings.drop(consumers.mappings.find(made["UUID"]))
    assert consumers._consumers == {}
    await consumers.end(0)


CODE = """
import boto3

def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="done")["QueueUrl"], MessageBody=str(bodies))
"""


async def test_a_function_of_the_api_gets_the_messages_of_a_queue_of_the_api(tmp_path):
    async with serving(project(tmp_path, "limits: {concurrency: 4}")) as app:
        body = await asyncio.to_thread(_played, str(app.config.admin.listen))
    assert body == "['wanted']"


def _played(address):
    told = {
        "endpoint_url": f"http://{address}",
        "region_name": "us-east-1",
        "aws_access_key_id": "any",
        "aws_secret_access_key": "thing",
    }
    with (
        contextlib.closing(boto3.client("lambda", **told)) as functions,
        contextlib.closing(boto3.client("sqs", **told)) as sqs,
    ):
        urls = [
            sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
            for name in ("calls", "done")
        ]
        functions.create_function(
            FunctionName="f",
            Runtime=RUNTIME,
            Role="any",
            Handler="index.handler",
            Timeout=30,
            Code={"ZipFile": zipped(index=CODE)},
        )
        functions.create_event_source_mapping(
            EventSourceArn=CALLS,
            FunctionName="f",
            FilterCriteria={"Filters": [{"Pattern": json.dumps({"body": {"a": [1]}})}]},
            Enabled=False,
        )
        (made,) = functions.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
        functions.update_event_source_mapping(
            UUID=made["UUID"], Enabled=True, FilterCriteria={"Filters": []}
        )
        sqs.send_message(QueueUrl=urls[0], MessageBody="wanted")
        (message,) = sqs.receive_message(QueueUrl=urls[1], WaitTimeSeconds=20)["Messages"]
        return message["Body"]
