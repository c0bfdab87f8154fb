"""A vault in memory, and its two wire APIs on a real listener, asked by boto3."""

import asyncio
import contextlib
import itertools

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from frontdesk.app.aws import secret_services
from frontdesk.aws.keys import Keys
from frontdesk.aws.wire import WireApi
from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.config.models.root import Config as File
from frontdesk.gateway.admin import AdminDoor
from frontdesk.gateway.server.listener import Server
from frontdesk.rules.http.forwarding import TrustedProxies
from frontdesk.stores.memory.catalog import MemoryCatalog
from frontdesk.stores.memory.deliveries import MemoryDeliveries
from frontdesk.stores.vault.master_keys import MasterKeys
from frontdesk.stores.vault.vault import Vault


class WallClock(SystemClock):
    """The machine's clocks; the calendar's may be put forward, and never says the same twice."""

    def __init__(self):
        self.wall = 1795262400.0
        self._ticks = itertools.count(1)

    def time(self):
        return self.wall + next(self._ticks) / 1000


def vault_in(folder, *, catalog=None, deliveries=None, environ=None, clock=None):
    """Make a vault. folder: of its master key."""
    clock = clock or WallClock()
    catalog, deliveries = catalog or MemoryCatalog(clock), deliveries or MemoryDeliveries()
    return Vault(catalog, deliveries, MasterKeys(environ or {}, folder), clock)


@contextlib.asynccontextmanager
async def serving(vault, token=None):
    """Serve both APIs; yields a function that makes boto3's clients."""
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    config = File.model_validate({"name": "x", "account": "111111111111"})
    door = AdminDoor([WireApi(secret_services(config, vault), Keys(token), clock)], None)
    server = Server(
        door, clock=clock, wheel=wheel, log=lambda _ex: None, trusted=TrustedProxies(())
    )
    address = "http://{}:{}".format(*await server.open("127.0.0.1", 0))
    with contextlib.ExitStack() as clients:

        def client(service, *, key="any", secret="thing"):
            made = boto3.client(
                service,
                endpoint_url=address,
                region_name="us-east-1",
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            )
            clients.callback(made.close)
            return Asked(made, address)

        try:
            yield client
        finally:
            await server.drain(0.0)
            heartbeat.close()


class Asked:
    """A client of boto3, called in a thread."""

    def __init__(self, client, address):
        self._client = client
        self.address = address

    async def __call__(self, operation, **members):
        """Call an operation; return its answer."""
        answer = await asyncio.to_thread(getattr(self._client, operation), **members)
        answer.pop("ResponseMetadata")
        return answer

    async def refusal(self, operation, **members):
        """Call an operation that is refused; return (code, message)."""
        try:
            answer = await self(operation, **members)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        raise AssertionError(answer)

    async def pages(self, operation, member, **members):
        """Call an operation page by page; return the pages of `member`."""
        pages, more = [], {}
        while True:
            answer = await self(operation, **members, **more)
            pages.append(answer[member])
            if "NextToken" not in answer:
                return pages
            more = {"NextToken": answer["NextToken"]}
