"""A switched connection: raw bytes both ways, half-closes and back-pressure."""

import asyncio

import pytest

from frontdesk.base.streams import HIGH_WATER
from frontdesk.client import tunnel

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


class Client:
    """The client's Duplex, driven by the test."""

    length = None

    def __init__(self):
        self.data = b""
        self.came = asyncio.Event()
        self.over = asyncio.Event()
        self.aborted = ""
        self.paused = False
        self.left = asyncio.Event()

    def write(self, data):
        self.data += data
        self.came.set()

    def end(self, trailers=None):
        self.over.set()

    def abort(self, reason):
        self.aborted = reason
        self.over.set()

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def cancel(self):
        self.left.set()

    async def wait(self, event):
        await asyncio.wait_for(event.wait(), 10)


@pytest.fixture
async def open_tunnel(backend, upstream, ask):
    async def open_tunnel(behind=b"", *, attach=True):
        call = ask(upgrade=True)
        upstream.send(call)
        peer = await backend.peer()
        await peer.head()
        await peer.send(SWITCH + behind)
        await call.answered()
        assert call.status == 101
        client = Client()
        if attach:
            call.tunnel.attach(client)
        return peer, call.tunnel, client

    return open_tunnel


async def test_bytes_pass_both_ways(open_tunnel):
    peer, tunnel, client = await open_tunnel(b"first")
    assert client.data == b"first"
    tunnel.write(b"ping")
    assert await peer.reader.readexactly(4) == b"ping"
    client.came.clear()
    await peer.send(b"pong")
    await client.wait(client.came)
    assert client.data == b"firstpong"


async def test_nothing_is_lost_before_the_client_listens(open_tunnel):
    peer, tunnel, client = await open_tunnel(b"a", attach=False)
    await peer.send(b"b")
    tunnel.attach(client)
    while client.data != b"ab":
        client.came.clear()
        await client.wait(client.came)


async def test_the_backends_half_close_leaves_the_other_direction_open(open_tunnel):
    peer, tunnel, client = await open_tunnel()
    peer.writer.write_eof()
    await client.wait(client.over)
    assert client.aborted == ""
    tunnel.write(b"last")
    tunnel.end()
    assert await peer.ended() == b"last"


async def test_the_clients_half_close_leaves_the_other_direction_open(open_tunnel):
    peer, tunnel, client = await open_tunnel()
    tunnel.write(b"bye")
    tunnel.end()
    assert await peer.ended() == b"bye"
    await peer.send(b"last")
    peer.close()
    await client.wait(client.over)
    assert client.data == b"last"


async def test_a_client_that_is_gone_ends_the_tunnel(open_tunnel, upstream, until):
    peer, tunnel, _client = await open_tunnel()
    tunnel.cancel()
    assert await peer.ended() == b""
    await until(lambda: not upstream._pools[0]._open)


async def test_a_backend_that_breaks_off_after_its_end_leaves_the_client(open_tunnel):
    peer, tunnel, client = await open_tunnel()
    peer.writer.write_eof()
    await client.wait(client.over)
    assert not client.left.is_set()
    peer.writer.transport.abort()
    while not client.left.is_set():
        tunnel.write(b"are you there?")
        await asyncio.sleep(0)
    assert client.aborted == ""  # what it is owed still goes out


async def test_silence_after_the_backends_end_leaves_the_client(open_tunnel, clock):
    peer, _, client = await open_tunnel()
    peer.writer.write_eof()
    await client.wait(client.over)
    clock.pass_time(tunnel.IDLE + 1)
    assert client.left.is_set()


async def test_silence_ends_the_tunnel_but_not_too_soon(open_tunnel, clock):
    peer, opened, client = await open_tunnel()
    clock.pass_time(tunnel.IDLE - 10)
    opened.write(b"x")
    clock.pass_time(tunnel.IDLE - 10)
    assert not client.over.is_set()
    clock.pass_time(20)
    assert client.aborted == "timeout"
    assert await peer.ended() == b"x"


async def test_a_slow_backend_holds_the_client_back(open_tunnel):
    peer, tunnel, client = await open_tunnel()
    sent = 0
    while not client.paused:
        tunnel.write(b"x" * 65536)
        sent += 65536
        await asyncio.sleep(0)
    await peer.reader.readexactly(sent)
    tunnel.write(b"y")
    await peer.reader.readexactly(1)
    assert not client.paused


async def test_a_slow_client_holds_the_backend_back(open_tunnel):
    peer, tunnel, client = await open_tunnel()
    tunnel.pause()
    size = 64 * HIGH_WATER
    sending = asyncio.ensure_future(peer.send(b"x" * size))
    done, _ = await asyncio.wait([sending], timeout=0.3)
    assert not done
    tunnel.resume()
    while len(client.data) < size:
        client.came.clear()
        await client.wait(client.came)
    await sending
