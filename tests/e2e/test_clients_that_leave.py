"""Ten thousand clients that break off in the middle of their request leave nothing behind."""

import asyncio
import contextlib
import gc
import random
from typing import ClassVar

import uvloop

from frontdesk.app import Frontdesk
from frontdesk.config.load import load
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import Exchange
from tests.live.calls import call
from tests.live.gateways import project

CLIENTS = 10_000
AT_ONCE = 100

CONFIG = """
limits: {{concurrency: 2}}
functions: {{f: {{handler: f.answer}}}}
apis:
  a:
    routes:
      ANY /function: {{function: f}}
      ANY /backend/{{what}}: {{http: "http://{backend}/{{what}}"}}
"""

FUNCTION = """
import time

def answer(event, context):
    time.sleep(0.0002)
    return "done"
"""

REQUESTS = [
    b"GET /fun",
    b"GET /function HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /function HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf of it",
    b"GET /function HTTP/1.1\r\nHost: a\r\n\r\nGET /function HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /backend/whole HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /backend/silent HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /backend/endless HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /backend/silent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
]

LEAVING = ("abort", "close", "write_eof")
MOST_TURNS = 200
"""Turns of the event loop, which the gateway shares, between the request and the leaving."""


def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}


class Backend(asyncio.Protocol):
    """Answers by the path: at once, never, or without end."""

    open: ClassVar[set["Backend"]] = set()

    def connection_made(self, transport):
        self.transport = transport
        self.open.add(self)

    def data_received(self, data):
        if data.startswith(b"GET /whole"):
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        elif data.startswith(b"GET /endless"):
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nand so on")

    def connection_lost(self, exc):
        self.open.discard(self)


class Watched(Frontdesk):
    """A Frontdesk whose parts can be asked what they still hold."""

    @property
    def held(self):
        functions, data = self._functions, self._data
        upstreams = data._parts.upstreams
        pools = [pool for each in upstreams._by_settings.values() for pool in each._pools]
        return {
            "clients": data._server.connections,
            "calls": len(functions._calls),
            "calls that wait": sum(len(group.waiting) for group in functions._pool._groups()),
            "requests at the backend": sum(pool.load for pool in pools),
            "tasks of stages": len(run._tasks),
        }


async def leave(address, clients):
    """Be one client after another: connect, ask, and leave before the answer is complete."""
    loop = asyncio.get_running_loop()
    for request, leaving, turns in clients:
        transport, _ = await loop.create_connection(asyncio.Protocol, *address)
        transport.write(request)
        for _ in range(turns):
            await asyncio.sleep(0)
        with contextlib.suppress(OSError, RuntimeError):  # the gateway was first
            getattr(transport, leaving)()
        if leaving == "write_eof":
            transport.close()


def exchanges():
    gc.collect()
    return [each for each in gc.get_objects() if type(each) is Exchange]


async def test_clients_that_leave_leave_nothing_behind(tmp_path):
    loop = asyncio.get_running_loop()
    before = exchanges()  # of a test that has failed, its traceback keeps some
    backend = await loop.create_server(Backend, "127.0.0.1", 0)
    host, port = backend.sockets[0].getsockname()
    config = project(tmp_path, CONFIG.format(backend=f"{host}:{port}"), f=FUNCTION)
    app = Watched(load([config], {}))
    await app.start()
    try:
        [address] = app.addresses
        chance = random.Random(1)
        clients = (
            (chance.choice(REQUESTS), chance.choice(LEAVING), chance.randint(0, MOST_TURNS))
            for _ in range(CLIENTS)
        )
        await asyncio.gather(*(leave(address, clients) for _ in range(AT_ONCE)))

        async with asyncio.timeout(30):
            while any(app.held.values()):  # noqa: ASYNC110 - nothing tells when sockets are closed
                await asyncio.sleep(0.02)
        for target, body in (("/function", b"done"), ("/backend/whole", b"ok")):
            answer = await asyncio.to_thread(call, address, "GET", target)
            assert (answer.status, answer.body) == (200, body)
        assert [each for each in exchanges() if each not in before] == []
    finally:
        await app.stop()
        backend.close()
    await backend.wait_closed()
    async with asyncio.timeout(30):
        while Backend.open:  # noqa: ASYNC110 - the gateway has closed them; this side hears of it
            await asyncio.sleep(0)
