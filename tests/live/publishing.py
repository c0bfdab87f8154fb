"""Owns topics and buses in a test's process: on a real listener, asked by boto3; what functions and machines get is noted."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import boto3
import orjson
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from frontdesk.aws.events.service import event_bridge
from frontdesk.aws.keys import Keys
from frontdesk.aws.sns.service import sns
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.errors import StoreError
from frontdesk.base.telemetry import Registry
from frontdesk.base.wheel import Wheel
from frontdesk.config.models.root import Config
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.handing import Handing
from frontdesk.durable.publishing.topics import Topics
from frontdesk.durable.queues.definition import definitions
from frontdesk.durable.queues.queues import Queues
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.ports.executions import ExecutionError
from frontdesk.rules.events.sqs import Attributes
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.queue import MemoryQueues

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def arn(service, rest):
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


@dataclass
class Functions:
    """Takes invocations; `unknown` names those that are not there. broken: the store cannot do it."""

    taken: list = field(default_factory=list)
    unknown: set = field(default_factory=set)
    broken: bool = False

    async def accept(self, function, qualifier, event, *, trace="", client_context=""):
        if self.broken:
            raise StoreError("the disk is full")
        if function in self.unknown:
            return None
        self.taken.append((function, qualifier, orjson.loads(event), trace))
        return "an id"


@dataclass
class Machines:
    """Starts executions; no name twice."""

    started: dict = field(default_factory=dict)
    refuses: bool = False

    async def start(self, machine, given, *, name="", trace=""):
        if self.refuses:
            raise ExecutionError("StateMachineDoesNotExist", "no such machine")
        if name in self.started:
            raise ExecutionError("ExecutionAlreadyExists", "it is there")
        self.started[name] = (machine, orjson.loads(given))


class Publishing:
    """Topics, buses, queues, and whoever else gets what is published."""

    def __init__(self, file=None, catalog=None):
        self.clock = SystemClock()
        self.registry = Registry()
        self.catalog = catalog or MemoryCatalog(self.clock)
        where = {"region": REGION, "account": ACCOUNT}
        self.queues = Queues(MemoryQueues(), self.catalog, self.clock, self.registry, **where)
        self.functions, self.machines = Functions(), Machines()
        handing = Handing(self.queues, self.functions, self.machines, self.registry)
        self.topics = Topics(self.catalog, handing, **where)
        self.buses = Buses(self.catalog, handing, **where)
        config = Config.model_validate({"name": "x", **(file or {})})
        self.queues.adopt(definitions(config, 0.0))
        self.topics.adopt(config)
        self.buses.adopt(config)

    async def received(self, name):
        """Take the messages of a queue: (body, attributes, group)."""
        queue = self.queues.find(name)
        found = await self.queues.receive(queue, most=100)
        await self.queues.delete(queue, [each.receipt for each in found])
        return [
            (each.body.decode(), dict(Attributes.read(each.attributes).message), each.group)
            for each in found
        ]

    async def bodies(self, name):
        return [body for body, _, _ in await self.received(name)]

    @contextlib.asynccontextmanager
    async def asked(self, service):
        """Serve the APIs, and yield a client of boto3."""
        await self.topics.start()
        await self.buses.start()
        wires = [
            sns(self.topics, self.queues, self.clock),
            event_bridge(self.buses, self.queues, self.clock),
        ]
        server = Server(
            AdminDoor([WireApi(wires, Keys(None), self.clock)], None),
            clock=self.clock,
            wheel=Wheel(self.clock.monotonic()),
            log=lambda _ex: None,
            trusted=TrustedProxies(()),
        )
        address = "{}:{}".format(*await server.open("127.0.0.1", 0))
        client = boto3.client(
            service,
            endpoint_url=f"http://{address}",
            region_name=REGION,
            aws_access_key_id="any",
            aws_secret_access_key="thing",
            config=ClientConfig(retries={"total_max_attempts": 1}),
        )
        with contextlib.closing(client):
            yield Asking(self, client)
        self.topics.stop()
        self.buses.stop()
        await server.drain(0.0)


@dataclass
class Asking:
    """A running API. Called with an operation of boto3's client, which runs in a thread."""

    world: Publishing
    client: object

    async def __call__(self, operation, **parameters):
        answer = await asyncio.to_thread(getattr(self.client, operation), **parameters)
        del answer["ResponseMetadata"]
        return answer

    async def refused(self, operation, **parameters):
        """Return status, code and message of a refusal."""
        try:
            answer = await self(operation, **parameters)
        except ClientError as error:
            told, status = error.response["Error"], error.response["ResponseMetadata"]
            return status["HTTPStatusCode"], told["Code"], told["Message"]
        raise AssertionError(f"it was not refused: {answer}")
