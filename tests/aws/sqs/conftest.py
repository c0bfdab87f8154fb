"""The SQS API on a real listener, asked by boto3; the clock of its queues is the test's."""

import asyncio
import contextlib
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from frontdesk.aws.keys import Keys
from frontdesk.aws.sqs.service import SqsService, operations
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config as File
from frontdesk.durable.queues.definition import definitions
from frontdesk.durable.queues.moves import Moves
from frontdesk.durable.queues.queues import Queues
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.sqlite.database import Database
from frontdesk.stores.sqlite.queue import SqliteQueues

ACCOUNT = "123456789012"
REGION = "eu-west-1"
FILE = {"name": "x", "queues": {"of_file": {"visibility": 60, "retention": 120}}}


class Ahead:
    """The machine's clock, as much ahead as a test says."""

    def __init__(self):
        self.ahead = 0.0
        self._clock = SystemClock()

    def monotonic(self):
        return self._clock.monotonic() + self.ahead

    def time(self):
        return self._clock.time() + self.ahead


class Sqs:
    """A running API. Called with an operation of boto3's client, which runs in a thread."""

    def __init__(self, client, clock, queues):
        self.client = client
        self.clock = clock
        self.queues = queues

    async def __call__(self, operation, **parameters):
        answer = await asyncio.to_thread(getattr(self.client, operation), **parameters)
        del answer["ResponseMetadata"]
        return answer

    async def queue(self, name="calls", **attributes):
        """Make a queue; return its URL."""
        texts = {key: str(value) for key, value in attributes.items()}
        return (await self("create_queue", QueueName=name, Attributes=texts))["QueueUrl"]

    async def attributes(self, url):
        return (await self("get_queue_attributes", QueueUrl=url, AttributeNames=["All"]))[
            "Attributes"
        ]

    async def receive(self, url, most=10, **parameters):
        answer = await self("receive_message", QueueUrl=url, MaxNumberOfMessages=most, **parameters)
        return answer.get("Messages", [])

    async def bodies(self, url, **parameters):
        return [message["Body"] for message in await self.receive(url, **parameters)]


@pytest.fixture
async def sqs(tmp_path: Path):
    clock, still = Ahead(), SystemClock()
    database = Database.open(tmp_path / "queues.db")
    catalog = MemoryCatalog(clock)
    queues = Queues(
        SqliteQueues(database), catalog, clock, Registry(), region=REGION, account=ACCOUNT
    )
    await queues.start()
    queues.adopt(definitions(File.model_validate(FILE), clock.time()))
    moves = Moves(queues, clock)
    service = SqsService(operations(queues, moves, clock, account=ACCOUNT), secure=False)
    door = AdminDoor([WireApi([service], Keys(None), still)], None)
    server = Server(
        door,
        clock=still,
        wheel=Wheel(still.monotonic()),
        log=lambda _ex: None,
        trusted=TrustedProxies(()),
    )
    address = "{}:{}".format(*await server.open("127.0.0.1", 0))
    client = boto3.client(
        "sqs",
        endpoint_url=f"http://{address}",
        region_name=REGION,
        aws_access_key_id="any",
        aws_secret_access_key="thing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with contextlib.closing(client):
        yield Sqs(client, clock, queues)
    queues.stop()
    await moves.stop()
    await server.drain(0.0)
    database.close()
