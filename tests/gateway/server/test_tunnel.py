"""A client's connection after 101: bytes both ways, half-closes, pressure, and clients that do not read."""

import asyncio
import contextlib
from time import monotonic

import pytest

from frontdesk.base.streams import HIGH_WATER
from frontdesk.base.wheel import Wheel
from frontdesk.client.tunnel import Tunnel
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Reply
from tests.gateway.server.conftest import UPGRADE

MEGABYTE = 1 << 20


class FakeBackend:
    """The backend's Duplex, driven by the test; it says hello."""

    length = None

    def __init__(self):
        self.data = b""
        self.peer = None
        self.ended = self.cancelled = self.paused = False

    def attach(self, sink):
        self.peer = sink
        sink.write(b"hello")

    def write(self, data):
        self.data += data

    def end(self, trailers=None):
        assert not self.ended
        self.ended = True

    def abort(self, reason):
        self.cancelled = True

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def cancel(self):
        self.cancelled = True


def switch(house, client, early=b""):
    """Have a client upgrade its connection; returns the backend that it gets."""
    house.park()
    client.send(UPGRADE + early)
    backend = FakeBackend()
    run.resume(house.entered[-1], Reply(101, [(b"sec-websocket-accept", b"x")], tunnel=backend))
    return backend


@pytest.fixture
def tunnel(house):
    """A client and its backend."""
    client = house.client()
    return client, switch(house, client)


def leaves_unread(client):
    """Make a client that does not read: what it was written stays, and so does its socket."""

    def close():
        client.closing = True

    client.closing = False
    client.transport.close = close


# -- both ways ------------------------------------------------------------------------------------


def test_upgraded_connection_relays_both_ways(house):
    client = house.client()
    backend = switch(house, client, early=b"early")
    assert house.entered[0].upgrade
    head, _, rest = client.raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"Connection: Upgrade\r\nUpgrade: websocket" in head
    assert (rest, backend.data) == (b"hello", b"early")
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    assert backend.data == b"earlyGET / HTTP/1.1\r\n\r\n"
    assert not house.logged


def test_pressure_passes_both_ways(tunnel):
    client, backend = tunnel
    client.transport.protocol.pause_writing()
    assert backend.paused
    client.transport.protocol.resume_writing()
    assert not backend.paused
    backend.peer.pause()
    assert not client.transport.reading
    backend.peer.resume()
    assert client.transport.reading


def test_a_client_that_did_not_read_before_holds_the_backend_back(house):
    house.park()
    client = house.client().send(UPGRADE)
    client.transport.protocol.pause_writing()
    backend = FakeBackend()
    run.resume(house.entered[0], Reply(101, [], tunnel=backend))
    assert backend.paused


# -- the end --------------------------------------------------------------------------------------


def test_each_direction_ends_on_its_own(house, tunnel):
    client, backend = tunnel
    client.end()
    assert backend.ended
    assert not client.transport.closed
    backend.peer.write(b"late")
    backend.peer.end()
    client.settle()
    assert client.transport.closed
    assert client.raw.endswith(b"hellolate")
    assert [(ex.status, ex.response_length) for ex in house.logged] == [(101, 9)]


def test_a_client_may_go_on_after_the_backend_and_nothing_of_it_is_lost(tunnel):
    client, backend = tunnel
    backend.peer.end()
    assert client.transport.eof
    client.send(b"last")
    client.end()
    assert client.transport.closed
    assert (backend.data, backend.ended) == (b"last", True)
    assert not backend.cancelled  # it takes what is on its way, and closes by itself


def test_lost_upgraded_connection_cancels_the_backend(tunnel):
    client, backend = tunnel
    client.reset()
    assert backend.cancelled
    backend.peer.end()  # late, of no effect


@pytest.mark.parametrize("first", ["client", "backend"])
def test_a_client_that_does_not_read_its_last_bytes_is_dropped(house, tunnel, first):
    client, backend = tunnel
    leaves_unread(client)
    ends = [client.transport.protocol.eof_received, backend.peer.end]
    for end in ends if first == "client" else reversed(ends):
        end()
    house.pass_time(house.limits.idle_timeout - 1, client)
    assert not client.lost
    house.pass_time(1, client)
    assert client.transport.aborted
    assert client.lost


def test_a_client_that_does_not_end_after_the_backend_is_dropped(house, tunnel):
    client, backend = tunnel
    backend.peer.end()
    for _ in range(3):
        house.pass_time(house.limits.idle_timeout - 1, client)
        client.send(b"more")
    assert backend.data == b"more" * 3
    house.pass_time(house.limits.idle_timeout, client)
    assert client.transport.aborted
    assert backend.cancelled


def test_a_tunnel_without_traffic_is_the_backends_to_end(house, tunnel):
    client, _ = tunnel
    house.pass_time(house.limits.idle_timeout * 2, client)
    assert not client.transport.closed


def test_the_end_of_a_tunnel_leaves_no_deadline(house, tunnel):
    client, backend = tunnel
    client.end()
    backend.peer.end()
    client.settle()
    client.transport.aborted = False
    house.pass_time(house.limits.idle_timeout, client)
    assert not client.transport.aborted


# -- the server stops -----------------------------------------------------------------------------


def test_a_stop_closes_both_ends(house, tunnel):
    client, backend = tunnel
    left = []
    leaves_unread(client)
    house.shared.registry.drain(lambda: left.append(True))
    assert client.closing
    assert backend.cancelled
    assert not left
    house.pass_time(house.limits.idle_timeout, client)
    assert client.lost
    assert left


def test_a_tunnel_that_begins_while_the_server_stops_is_closed_at_once(house):
    house.park()
    client = house.client().send(UPGRADE)
    house.shared.registry.drain(lambda: None)
    backend = FakeBackend()
    run.resume(house.entered[0], Reply(101, [], tunnel=backend))
    client.settle()
    assert client.lost
    assert backend.cancelled


# -- over sockets, with and without TLS -----------------------------------------------------------


class Backends:
    """What stands behind the door: `serve(reader, writer)` for each tunnel."""

    def __init__(self, house, server):
        self._house = house
        self._address = server.sockets[0].getsockname()
        self._wheel = Wheel(monotonic())
        self._dialing = set()
        self.transports = []

    def stage(self, ex):
        dialing = asyncio.ensure_future(self._dial(ex))
        self._dialing.add(dialing)
        dialing.add_done_callback(self._dialing.discard)
        return PARKED

    async def _dial(self, ex):
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(asyncio.Protocol, *self._address)
        self.transports.append(transport)
        tunnel = Tunnel(transport, b"", lambda: None, self._wheel, monotonic)
        run.resume(ex, Reply(101, [], tunnel=tunnel))


def leave(writer):
    """Go away without a word."""
    writer.transport.abort()


@pytest.fixture
async def reach(way, house):
    """Connect a client through the door to what serves it: `await reach(serve)`."""
    _, address, tls = way
    async with contextlib.AsyncExitStack() as ending:

        async def reach(serve):
            over = asyncio.Event()

            async def served(reader, writer):
                with contextlib.suppress(ConnectionError):
                    await serve(reader, writer)
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()
                over.set()

            server = await asyncio.start_server(served, "127.0.0.1", 0)
            ending.callback(server.close)
            backends = Backends(house, server)
            house.stage = backends.stage
            reader, writer = await asyncio.open_connection(*address, **tls)
            ending.push_async_callback(asyncio.wait_for, over.wait(), 20)
            ending.callback(leave, writer)
            writer.write(UPGRADE)
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            return reader, writer, backends.transports[0]

        yield reach


async def turn_until(condition):
    """Let the loop turn until something is so."""
    loop = asyncio.get_running_loop()
    for _ in range(4000):
        if condition():
            return
        turned = loop.create_future()
        loop.call_later(0.005, turned.set_result, None)
        await turned
    raise AssertionError("never")


def pieces(count):
    """Make that many pieces of 64 KiB, each of them another."""
    return [number.to_bytes(4, "big") * (1 << 14) for number in range(count)]


async def test_much_passes_both_ways_at_once_and_whole(reach):
    async def echo(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()

    reader, writer, _ = await reach(echo)
    sent = pieces(320)

    async def send():
        for piece in sent:
            writer.write(piece)
            await writer.drain()

    sending = asyncio.ensure_future(send())
    for piece in sent:
        assert await asyncio.wait_for(reader.readexactly(len(piece)), 20) == piece
    await sending


async def test_a_client_that_reads_slowly_holds_the_backend_back(reach):
    said = []

    async def flood(reader, writer):
        for piece in pieces(640):
            writer.write(piece)
            await writer.drain()
            said.append(piece)

    reader, _, backend = await reach(flood)
    await turn_until(lambda: not backend.is_reading())
    assert len(said) < 640
    for piece in pieces(640):
        assert await asyncio.wait_for(reader.readexactly(len(piece)), 20) == piece
    assert await asyncio.wait_for(reader.read(), 20) == b""


async def test_a_backend_that_reads_slowly_holds_the_client_back(reach):
    reads = asyncio.Event()
    taken = []

    async def sink(reader, writer):
        await reads.wait()
        while data := await reader.read(1 << 16):
            taken.append(data)
            if sum(map(len, taken)) == 40 * MEGABYTE:
                writer.write(b"all")

    reader, writer, backend = await reach(sink)
    for piece in pieces(640):
        writer.write(piece)
    await turn_until(lambda: backend.get_write_buffer_size() > HIGH_WATER)
    sizes = []
    await turn_until(lambda: sizes.append(backend.get_write_buffer_size()) or len(sizes) > 20)
    assert max(sizes) < 4 * HIGH_WATER
    reads.set()
    assert await asyncio.wait_for(reader.readexactly(3), 20) == b"all"
    assert b"".join(taken) == b"".join(pieces(640))


async def test_a_client_that_goes_ends_the_backends_connection(reach):
    gone = asyncio.Event()

    async def wait(reader, writer):
        with contextlib.suppress(ConnectionError):
            await reader.read()
        gone.set()

    _, writer, _ = await reach(wait)
    leave(writer)
    await asyncio.wait_for(gone.wait(), 20)


async def test_a_client_that_goes_on_to_a_backend_that_has_gone_is_closed(reach, house, caplog):
    async def leave(_reader, writer):
        writer.write(b"bye")

    reader, writer, backend = await reach(leave)
    assert await asyncio.wait_for(reader.readexactly(3), 20) == b"bye"

    def say_more():
        writer.write(b"are you there?")
        return house.logged

    await turn_until(say_more)  # it is not closed by a deadline: no time passes for the server
    assert backend.is_closing()
    assert caplog.messages == []
