"""The Lambda API on a real listener, with a host that answers from a script, asked by boto3."""

import asyncio
import contextlib
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from frontdesk.aws.keys import Keys
from frontdesk.aws.lambda_api.code import CodeFolder
from frontdesk.aws.lambda_api.invocations import Invocations
from frontdesk.aws.lambda_api.registry import Arns, Registry
from frontdesk.aws.lambda_api.service import LambdaService, invoking, managing
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.functions.archives import Archives
from frontdesk.functions.settings import FunctionDefinition, FunctionSettings
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.ports.invoker import Outcome
from frontdesk.rules.asynchronous.progress import Policy
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.rules.pool import Standing
from frontdesk.stores.memory.catalog import MemoryCatalog

ID = "8f7a2f6c-3c1f-4c54-9d6a-0f4a3c1b2d10"


class Call:
    def __init__(self, host):
        self.host = host

    def cancel(self, *, kill):
        self.host.cancelled.append(kill)
        self.host.left.set()


@dataclass
class Host:
    """Answers each call with `answer(invocation, done)`; keeps what it was told."""

    answer: object = None
    definitions: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    standings: dict = field(default_factory=dict)
    cancelled: list = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, definition):
        self.definitions[definition.name] = definition

    def remove(self, name):
        del self.definitions[name]

    def definition(self, name):
        return self.definitions.get(name)

    def standing(self, name, version):
        return self.standings.get((name, version), Standing(0, 0, 0, faulty=False))

    def invoker(self, name, qualifier=""):
        return HostInvoker(self, name, qualifier)


@dataclass
class HostInvoker:
    host: Host
    name: str
    qualifier: str
    arn: str = "arn"

    def invoke(self, invocation, done):
        self.host.calls.append((self.name, self.qualifier, invocation))
        asyncio.get_running_loop().call_soon(self.host.answer, invocation, done)
        return Call(self.host)


class File:
    """The functions of a configuration file."""

    def __init__(self, code):
        settings = FunctionSettings(name="from_file", handler="app.handler", code=code)
        old = FunctionSettings(name="from_file", version="1", handler="app.old", code=code)
        self.functions = {
            "from_file": FunctionDefinition(
                name="from_file", latest=settings, versions={"1": old}, reserved_concurrency=3
            )
        }
        self.told = Policy()

    def definitions(self):
        return self.functions

    def remote(self, _name):
        return None

    def policy(self, _name):
        return self.told


class Later:
    """Keeps what it is told to keep for later. queues: those that there are."""

    def __init__(self):
        self.accepted = []
        self.forgotten = []
        self.known = {"queue:dead", "function:from_file"}

    async def accept(self, function, qualifier, event, *, trace="", client_context=""):
        self.accepted.append((function, qualifier, event, client_context))
        return ID

    async def forget(self, function):
        self.forgotten.append(function)

    def knows(self, destination):
        return str(destination) in self.known


class Api:
    """A running API."""

    def __init__(self, folder: Path, token=None, catalog=None):
        self.clock = SystemClock()
        self.host = Host(lambda _invocation, done: done(Outcome(b'"ok"', request_id=ID)))
        self.catalog = catalog or MemoryCatalog(self.clock)
        self.code = CodeFolder(folder / "uploads", Archives(folder / "code"))
        self.file = File(folder)
        self.later = Later()
        self.keys = Keys(token)
        self.address = ""

    @contextlib.asynccontextmanager
    async def serving(self, *, pool=None):
        arns = Arns("us-east-1", "000000000000")
        self.registry = Registry(self.catalog, self.host, self.code, self.file, arns, pool=pool)
        await self.registry.start()
        operations = invoking(Invocations(self.registry.invoker, self.later))
        service = LambdaService({**operations, **managing(self.registry, self.clock, self.later)})
        door = AdminDoor([WireApi([service], self.keys, self.clock)], None)
        server = Server(
            door,
            clock=self.clock,
            wheel=Wheel(self.clock.monotonic()),
            log=lambda _ex: None,
            trusted=TrustedProxies(()),
        )
        self.address = "{}:{}".format(*await server.open("127.0.0.1", 0))
        try:
            yield self
        finally:
            await server.drain(0.0)

    @contextlib.contextmanager
    def client(self, *, service="lambda", key="any", secret="thing", token=None):
        """Make a client of boto3 that tries once."""
        client = boto3.client(
            service,
            endpoint_url=f"http://{self.address}",
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}),
        )
        with contextlib.closing(client):
            yield client

    async def __call__(self, operation, *, key="any", secret="thing", token=None, **parameters):
        """Call an operation of boto3's client in a thread; returns its answer."""
        with self.client(key=key, secret=secret, token=token) as client:
            return await asyncio.to_thread(_read, getattr(client, operation), parameters)


def _read(operation, parameters):
    answer = operation(**parameters)
    if hasattr(answer.get("Payload"), "read"):
        answer["Payload"] = answer["Payload"].read()
    if "EventStream" in answer:
        answer["EventStream"] = list(answer["EventStream"])
    return answer


@pytest.fixture
def make_api(tmp_path):
    return lambda **keywords: Api(tmp_path, **keywords)


@pytest.fixture
async def api(make_api):
    async with make_api().serving() as api:
        yield api


def zipped(**files) -> bytes:
    """Make a zip of modules."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), text)
    return content.getvalue()
