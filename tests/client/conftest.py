"""A scripted backend on loopback, and a clock that stands still until it is told to move."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop

from frontdesk.base.errors import UpstreamError
from frontdesk.base.streams import Duplex, Fields, Source
from frontdesk.base.wheel import Wheel
from frontdesk.client.attempts import Persisting
from frontdesk.client.call import Call
from frontdesk.client.pool import PoolLimits
from frontdesk.client.upstreams import Upstream, Upstreams, UpstreamSettings


def pytest_asyncio_loop_factories(config, item):
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class StandingClock:
    """Time passes by `pass_time` only, and the wheel turns with it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.wheel = Wheel(self.now)

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1.0)
            self.wheel.advance(self.now + 0.1)


class Peer:
    """One connection, as the backend has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"ok", *lines: bytes) -> None:
        fields = b"".join(line + b"\r\n" for line in lines)
        await self.send(
            b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(body), body)
        )

    async def ended(self) -> bytes:
        """Wait until the other side closes; return what it still sent."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        self.writer.transport.abort()


class Backend:
    """Listens; every connection waits in line for the test to take it with `peer()`."""

    def __init__(self) -> None:
        self.peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.all: list[Peer] = []
        self.port = 0

    async def start(self, ssl=None) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=ssl)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        for _ in range(10):  # connections that are just being accepted
            await asyncio.sleep(0)
        for peer in self.all:
            peer.reset()
            await asyncio.sleep(0)

    async def peer(self) -> Peer:
        return await asyncio.wait_for(self.peers.get(), 10)

    @property
    def connections(self) -> int:
        return len(self.all)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.all.append(peer)
        self.peers.put_nowait(peer)


class Answer:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.data = b""
        self.trailers: Fields | None = None
        self.aborted = ""
        self.over = asyncio.Event()
        self.came = asyncio.Event()

    def write(self, data: bytes) -> None:
        assert data
        assert not self.over.is_set()
        self.data += data
        self.came.set()

    def end(self, trailers: Fields | None = None) -> None:
        assert not self.over.is_set()
        self.trailers = trailers
        self.over.set()

    def abort(self, reason: str) -> None:
        assert not self.over.is_set()
        self.aborted = reason
        self.over.set()

    async def more(self) -> bytes:
        """Wait for the next bytes; return all so far."""
        await asyncio.wait_for(self.came.wait(), 10)
        self.came.clear()
        return self.data

    async def all(self) -> bytes:
        await asyncio.wait_for(self.over.wait(), 10)
        return self.data


class Keeping(Call):
    """A call that keeps its answer."""

    __slots__ = ()

    def respond(
        self, status: int, fields: Fields, body: bytes | Source, tunnel: Duplex | None
    ) -> None:
        assert not self.done.is_set()
        self.status, self.fields, self.body_came, self.tunnel = status, fields, body, tunnel
        self.done.set()

    def fail(self, error: UpstreamError) -> None:
        assert not self.done.is_set()
        self.error = error
        self.done.set()

    async def answered(self) -> "Asked":
        await asyncio.wait_for(self.done.wait(), 10)
        assert self.error is None, (self.error.reason, self.error)
        return self

    async def failed(self) -> str:
        await asyncio.wait_for(self.done.wait(), 10)
        assert self.error is not None
        return self.error.reason

    def stream(self) -> Answer:
        """Attach a sink to a body that is still coming."""
        assert not isinstance(self.body_came, bytes)
        answer = Answer()
        self.body_came.attach(answer)
        return answer


class Asked(Persisting, Keeping):
    """One for senders of all kinds."""

    __slots__ = ("body_came", "done", "error", "fields", "status", "tunnel")

    def __init__(
        self, method: str = "GET", body: bytes | Source = b"", *, has_host=False, upgrade=False
    ) -> None:
        super().__init__(method, b"%b /x HTTP/1.1\r\nA: b\r\n" % method.encode(), body)
        self.has_host = has_host
        self.upgrade = upgrade
        self.done = asyncio.Event()
        self.error: UpstreamError | None = None
        self.status = 0
        self.rules = None


class Upload:
    """A request body that the test feeds by hand."""

    def __init__(self, length: int | None = None) -> None:
        self.length = length
        self.sink = None
        self.paused = False
        self.cancelled = False

    def attach(self, sink) -> None:
        self.sink = sink

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    backend = Backend()
    await backend.start()
    yield backend
    await backend.stop()


@pytest.fixture
async def upstreams(clock: StandingClock) -> AsyncIterator[Upstreams]:
    upstreams = Upstreams(clock, clock.wheel)
    yield upstreams
    upstreams.close()


@pytest.fixture
def upstream(upstreams: Upstreams, backend: Backend) -> Upstream:
    limits = PoolLimits(connections=4, connect=3.0, read=25.0)
    return upstreams.get(UpstreamSettings((f"http://127.0.0.1:{backend.port}",), limits=limits))


@pytest.fixture
def ask() -> Callable[..., Asked]:
    return Asked


@pytest.fixture
def upload() -> Callable[..., Upload]:
    return Upload


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Let the loop run until something holds."""

    async def until(holds: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - it may be anything
                await asyncio.sleep(0)

    return until
