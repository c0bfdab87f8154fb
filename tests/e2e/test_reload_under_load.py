"""A hundred reloads while clients keep asking: no request is refused, torn or lost."""

import asyncio
import re

from frontdesk.app import Frontdesk
from frontdesk.config.load import load
from tests.live.gateways import project

RELOADS = 100
CLIENTS = 6

CONFIG = """
functions:
  f: {handler: code.f, reserved_concurrency: 2}
limits: {throttle: {rate: 100000/s, burst: 100000}}
upstreams:
  echo: {url: "http://%s", timeout: {connect: 3s}}
apis:
  a:
    routes:
      GET /mock: {mock: {body: "mock v0"}}
      GET /function: {function: f, timeout: 20s}
      POST /echo: {http: {upstream: echo}}
"""
CODE = "def f(event, context):\n    return {'statusCode': 200, 'body': 'function ' + event['headers']['x-number']}\n"


class Client:
    """Asks again and again on one connection, which nobody may close."""

    def __init__(self, request, expected):
        self.request = request
        self.expected = re.compile(expected, re.DOTALL)
        self.answers = 0

    async def run(self, address, stop):
        reader, writer = await asyncio.open_connection(*address)
        try:
            while not stop.is_set():
                writer.write(self.request(self.answers))
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                answer = head + await reader.readexactly(length)
                wanted = f"{self.answers}$".encode()
                assert self.expected.match(answer), answer
                assert b"mock" in answer or re.search(wanted, answer), answer
                self.answers += 1
        finally:
            writer.close()


def mock(_number):
    return b"GET /mock HTTP/1.1\r\nHost: a\r\n\r\n"


def function(number):
    return b"GET /function HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\n\r\n" % number


def echo(number):
    body = b"x" * 20_000 + str(number).encode()
    return b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


CONNECTIONS = set()


async def back(reader, writer):
    """Answer each request with its own body."""
    CONNECTIONS.add(asyncio.current_task())
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            body = await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, body))
    except asyncio.IncompleteReadError:
        writer.close()
        await writer.wait_closed()


async def test_a_hundred_reloads_under_load_cost_no_request(tmp_path):
    async with await asyncio.start_server(back, "127.0.0.1", 0) as backend:
        address = "{}:{}".format(*backend.sockets[0].getsockname())
        path = project(tmp_path, CONFIG % address, code=CODE)
        text = path.read_text()
        app = Frontdesk(load([path], {}))
        await app.start()
        try:
            stop = asyncio.Event()
            kinds = [(mock, rb"HTTP/1.1 200 .*mock v\d+"), (function, rb"HTTP/1.1 200 .*function "),
                     (echo, rb"HTTP/1.1 200 .*xxx")]  # fmt: skip
            clients = [Client(*kinds[number % 3]) for number in range(CLIENTS)]
            asking = asyncio.gather(*(client.run(app.addresses[0], stop) for client in clients))
            for number in range(1, RELOADS + 1):
                changed = text.replace("mock v0", f"mock v{number}")
                if number % 10 == 0:  # the function and the connections to the backend are replaced
                    changed = changed.replace("code.f,", f"code.f, timeout: {number + 5}s,")
                    changed = changed.replace("connect: 3s", f"connect: {number * 10}ms")
                path.write_text(changed)
                await app.reloads.reload("cli")
                assert not asking.done(), asking.result()
            stop.set()
            await asking
            assert all(client.answers > 0 for client in clients)
        finally:
            await app.stop()
            await asyncio.wait(CONNECTIONS)
