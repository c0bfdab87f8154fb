"""Owns one process that calls an API as a client library does: `python -m bench.calling CLIENT URL SECONDS`.

Prints calls per second and CPU per call as JSON. `python -m bench.calling server PORT` is that API: it answers
each request with 90 bytes of JSON and does nothing else.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import uvloop

from bench.process import GATEWAY_CORE, LOAD_CORE

IN_FLIGHT = 50

_BODY = b'{"a":1}'
_ANSWER = (
    b'{"id":"ch_1","status":"succeeded","amount":7381,"currency":"eur","livemode":false,"n":12}'
)
_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_ANSWER),
    _ANSWER,
)

Call = Callable[[], Awaitable[object]]


async def _frontdesk(stack: AsyncExitStack, url: str) -> Call:
    """Everything on: attempts, breaker, throttle, trace, and a log that is kept."""
    from frontdesk import Client

    api = await stack.enter_async_context(Client(url))
    return lambda: api.post("/v1/charges", content=_BODY)


async def _bare(stack: AsyncExitStack, url: str) -> Call:
    """The same without attempts, breaker, throttle, trace and log."""
    from frontdesk import Client

    logging.getLogger("frontdesk.client").setLevel(logging.CRITICAL)
    off = Client(url, retry=None, breaker=None, throttle=None, trace=False)
    api = await stack.enter_async_context(off)
    return lambda: api.post("/v1/charges", content=_BODY)


async def _aiohttp(stack: AsyncExitStack, url: str) -> Call:
    import aiohttp

    session = await stack.enter_async_context(aiohttp.ClientSession())

    async def call() -> None:
        async with session.post(f"{url}/v1/charges", data=_BODY) as response:
            await response.read()

    return call


async def _httpx(stack: AsyncExitStack, url: str) -> Call:
    import httpx

    client = await stack.enter_async_context(httpx.AsyncClient())
    return lambda: client.post(f"{url}/v1/charges", content=_BODY)


CLIENTS = {"frontdesk": _frontdesk, "bare": _bare, "aiohttp": _aiohttp, "httpx": _httpx}


class _Kept(logging.Handler):
    """A log that costs what the record costs, and no disk."""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record


async def _measure(client: str, url: str, seconds: float) -> dict[str, float]:
    log = logging.getLogger("frontdesk.client")
    log.addHandler(_Kept())
    log.setLevel(logging.INFO)
    async with AsyncExitStack() as stack:
        call = await CLIENTS[client](stack, url)
        await _calls(call, seconds / 5)
        cpu, began = time.process_time(), time.perf_counter()
        count = await _calls(call, seconds)
        spent, took = time.process_time() - cpu, time.perf_counter() - began
    return {"rate": count / took, "cpu": spent / count * 1e6}


async def _calls(call: Call, seconds: float) -> int:
    """Keep IN_FLIGHT calls under way for so long; return how many were made."""
    until = time.perf_counter() + seconds
    count = 0

    async def one() -> None:
        nonlocal count
        while time.perf_counter() < until:
            await call()
            count += 1

    await asyncio.gather(*[one() for _ in range(IN_FLIGHT)])
    return count


class _Server(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(_RESPONSE)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "server":
        os.sched_setaffinity(0, {LOAD_CORE})
        uvloop.run(_serve(int(sys.argv[2])))
    else:
        os.sched_setaffinity(0, {GATEWAY_CORE})
        print(json.dumps(uvloop.run(_measure(sys.argv[1], sys.argv[2], float(sys.argv[3])))))
