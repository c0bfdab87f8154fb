"""Real sockets: listening, curl, half-open and slow clients, large streams, and the graceful stop."""

import asyncio
import gc
import shutil
import socket

import pytest

from frontdesk.base.errors import StartError
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from frontdesk.gateway.server.limits import Limits
from tests.gateway.server.conftest import server_of

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


@pytest.fixture
async def listening(house):
    """A server on a free port of this machine, in front of the house's stage."""
    async with server_of(house, Limits(header_timeout=0.2)) as server:
        server.address = await server.open("127.0.0.1", 0)
        yield server


async def ask(address, data: bytes, *, end: bool = False, **tls) -> bytes:
    """Send, and read until the server closes."""
    reader, writer = await asyncio.open_connection(*address, **tls)
    writer.write(data)
    if end:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(GET[:-2] + b"Connection: close\r\n\r\n", b"200", id="close"),
        pytest.param(b"GET / HTTP/1.0\r\n\r\n", b"200", id="HTTP/1.0"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"400", id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n", b"408", id="slow head"),
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n", b"414", id="long line"),
        pytest.param(b"\x16\x03\x01\x00\x00", b"400", id="TLS"),
    ],
)
async def test_answers_reach_real_clients_before_the_close(listening, data, status):
    answer = await ask(listening.address, data)
    assert answer.startswith(b"HTTP/1.1 " + status)


async def test_refusal_survives_a_client_that_sends_on(listening, house):
    house.max_body = 1000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n"
    answer = await ask(listening.address, head + b"x" * 500_000)
    assert answer.startswith(b"HTTP/1.1 413")


async def test_half_closed_client_has_gone_by_default(listening, house):
    house.park()
    assert await ask(listening.address, GET, end=True) == b""
    assert [ex.status for ex in house.logged] == [499]


async def test_half_closed_client_is_answered_where_allowed(listening, house):
    def later(ex):
        asyncio.get_running_loop().call_soon(run.resume, ex, Reply(200, [], b"late"))
        return PARKED

    house.stage = later
    address = await listening.open("127.0.0.1", 0, half_close=True)
    answer = await ask(address, GET, end=True)
    assert answer.endswith(b"late")


async def test_port_that_is_taken_is_said_clearly(listening):
    with pytest.raises(StartError) as refused:
        await listening.open(*listening.address)
    assert str(refused.value) == "address already in use: {}:{}".format(*listening.address)
    assert "listen" in refused.value.hint


@pytest.mark.parametrize(
    ("host", "message"),
    [("192.0.2.1", "not an address of this machine"), ("no.such.invalid", "unknown address")],
)
async def test_address_that_cannot_be_had_is_said_clearly(listening, host, message):
    with pytest.raises(StartError, match=message):
        await listening.open(host, 0)


async def test_graceful_stop_lets_answers_finish_and_closes_the_rest(house, listening):
    house.park()
    busy_reader, busy_writer = await asyncio.open_connection(*listening.address)
    idle_reader, idle_writer = await asyncio.open_connection(*listening.address)
    busy_writer.write(GET)
    while not house.entered or listening.connections < 2:
        await asyncio.wait_for(asyncio.shield(_turn()), 5)
    stopping = asyncio.ensure_future(listening.drain(10))
    assert await idle_reader.read() == b""
    with pytest.raises(OSError):
        await asyncio.open_connection(*listening.address)
    run.resume(house.entered[0], Reply(200, [], b"last"))
    answer = await busy_reader.read()
    assert b"Connection: close" in answer
    assert answer.endswith(b"last")
    await stopping
    busy_writer.close()
    idle_writer.close()


async def test_graceful_stop_has_an_end(house, listening):
    house.park()
    reader, writer = await asyncio.open_connection(*listening.address)
    writer.write(GET)
    while not house.entered:
        await _turn()
    await listening.drain(0.1)
    assert await reader.read() == b""
    writer.close()
    assert house.logged[0].status == 499


async def _turn() -> None:
    """Let the loop turn once."""
    loop = asyncio.get_running_loop()
    turned = loop.create_future()
    loop.call_later(0.005, turned.set_result, None)
    await turned


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["-d", "abc"], b"POST /x?q=1 127.0.0.1 abc", id="post"),
        pytest.param(
            ["-T", "-", "-H", "Expect: 100-continue"],
            b"PUT /x?q=1 127.0.0.1 stdin",
            id="chunked with Expect",
        ),
        pytest.param(["-0"], b"GET /x?q=1 127.0.0.1 ", id="HTTP/1.0"),
        pytest.param(["--http2"], b"GET /x?q=1 127.0.0.1 ", id="h2c offered"),
        pytest.param(["-I", "-o", "/dev/null", "-w", "%{http_code}"], b"200", id="HEAD"),
    ],
)
async def test_curl_is_served(listening, house, arguments, expected):
    house.body_at = 0
    curl = await asyncio.create_subprocess_exec(
        "curl",
        "-sS",
        "--max-time",
        "20",
        *arguments,
        "http://{}:{}/x?q=1".format(*listening.address),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await curl.communicate(b"stdin")
    assert output == expected


async def test_fifty_megabytes_stream_both_ways_in_bounded_memory(way, house):
    _, address, tls = way
    total = 50 * 1024 * 1024
    piece = b"x" * 65536
    held = []

    class Mirror:
        """Sends back what it gets, and counts what it must hold meanwhile."""

        def __init__(self, source):
            self.source, self.length = source, source.length
            self.waiting, self.paused, self.ended = [], False, False

        def attach(self, sink):
            self.sink = sink
            self.source.attach(self)

        def write(self, data):
            if self.paused:
                self.waiting.append(data)
                held.append(sum(map(len, self.waiting)))
            else:
                self.sink.write(data)

        def end(self, trailers=None):
            self.ended = True
            self.drain()

        def drain(self):
            while self.waiting and not self.paused:
                self.sink.write(self.waiting.pop(0))
            if self.ended and not self.waiting:
                self.sink.end()

        def abort(self, reason):
            self.sink.abort(reason)

        def pause(self):
            self.paused = True
            self.source.pause()

        def resume(self):
            self.paused = False
            self.drain()
            self.source.resume()

        def cancel(self):
            self.source.cancel()

    house.max_body = total
    house.stage = lambda ex: Reply(200, [], Mirror(ex.source))
    reader, writer = await asyncio.open_connection(*address, **tls)

    async def upload():
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
        for _ in range(total // len(piece)):
            writer.write(piece)
            await writer.drain()

    sending = asyncio.ensure_future(upload())
    await reader.readuntil(b"\r\n\r\n")
    received = 0
    while received < total:
        data = await asyncio.wait_for(reader.read(1 << 20), 20)
        assert data
        received += len(data)
    await sending
    assert received == total
    assert max(held, default=0) <= 1024 * 1024
    writer.close()


@pytest.mark.parametrize("status", [200, 401, 404, 429])
async def test_small_request_makes_no_task_and_no_timer(listening, house, status, monkeypatch):
    house.stage = lambda _ex: Reply(status, [], b"{}")
    loop = asyncio.get_running_loop()
    client = socket.create_connection(listening.address)
    client.setblocking(False)

    async def round_trip():
        await loop.sock_sendall(client, GET)
        return await loop.sock_recv(client, 65536)

    await round_trip()  # the connection has its wheel entry now
    tasks = []
    loop.set_task_factory(lambda on, coro: tasks.append(coro) or asyncio.Task(coro, loop=on))
    timers = len(house.shared.wheel)
    for _ in range(20):
        assert (await round_trip()).startswith(b"HTTP/1.1 %d" % status)
    loop.set_task_factory(None)
    client.close()
    assert not tasks
    assert len(house.shared.wheel) == timers


async def test_connection_is_freed_without_the_collector(way, house):
    server, address, tls = way
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await ask(address, GET[:-2] + b"Connection: close\r\n\r\n", **tls)
        while server.connections:
            await _turn()
        house.logged.clear()
        house.entered.clear()
        names = [type(item).__name__ for item in gc.get_objects()]
        # The last may still be on the loop's stack.
        assert names.count("HttpConnection") <= 1
        assert names.count("TlsTransport") <= 1
    finally:
        gc.enable()
