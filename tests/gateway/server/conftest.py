"""A connection without a socket: a fake transport, a fake clock, a door with one stage."""

import contextlib
import itertools
from collections.abc import Callable

import pytest
import uvloop

from frontdesk.base.clock import SystemClock
from frontdesk.base.wheel import TICK, Wheel
from frontdesk.client.heartbeat import Heartbeat
from frontdesk.gateway.pipeline import run
from frontdesk.gateway.pipeline.exchange import PARKED, Exchange, Reply
from frontdesk.gateway.pipeline.plan import ApiFacts, RoutePlan
from frontdesk.gateway.server.heads import HeadReader
from frontdesk.gateway.server.http1 import HttpConnection
from frontdesk.gateway.server.limits import Limits
from frontdesk.gateway.server.listener import Server
from frontdesk.gateway.server.registry import Registry
from frontdesk.gateway.server.shared import Shared, refused_plan
from frontdesk.gateway.server.tls import (
    CertificateFiles,
    Certificates,
    ListenerTls,
    TlsSettings,
)
from frontdesk.rules.http.forwarding import TrustedProxies
from tests.live.certificates import Authority

UPGRADE = (
    b"GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def pytest_asyncio_loop_factories(config, item):
    """The server runs on uvloop; so do its tests."""
    return {"uvloop": uvloop.new_event_loop}


class FakeClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000.0 + self.now


class FakeTransport:
    """What a connection does to its socket. Losing the connection is reported by `Client.settle`."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.protocol = None
        self.writes: list[bytes] = []
        self.reading = True
        self.closed = self.aborted = self.eof = False

    def get_extra_info(self, name, default=None):
        return (self.peer, 50000) if name == "peername" else default

    def set_write_buffer_limits(self, high, low):
        self.water = (high, low)

    def set_protocol(self, protocol):
        self.protocol = protocol

    def write(self, data):
        assert not self.eof, "written after the end"
        if not self.closed:
            self.writes.append(bytes(data))

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.eof = True

    def pause_reading(self):
        assert self.reading
        self.reading = False

    def resume_reading(self):
        assert not self.reading
        self.reading = True

    def close(self):
        self.closed = True

    def abort(self):
        self.closed = self.aborted = True

    def is_closing(self):
        return self.closed


@contextlib.asynccontextmanager
async def server_of(house: "House", limits: Limits = Limits()):  # noqa: B008 - immutable
    """A real server without a listener yet, in front of the house's stage."""
    clock = SystemClock()
    wheel = Wheel(clock.monotonic())
    heartbeat = Heartbeat(wheel, clock)
    heartbeat.start()
    server = Server(
        house,
        clock=clock,
        wheel=wheel,
        log=house.logged.append,
        trusted=TrustedProxies([]),
        limits=limits,
    )
    yield server
    await server.drain(0.2)
    heartbeat.close()


class Client:
    """One connection as its client sees it."""

    def __init__(self, house: "House", peer: str = "127.0.0.1") -> None:
        self.house = house
        self.transport = FakeTransport(peer)
        self.connection = HttpConnection(house.shared)
        self.transport.protocol = self.connection
        self.lost = False
        self.connection.connection_made(self.transport)
        self.settle()

    def send(self, data: bytes, piece: int | None = None) -> "Client":
        """Send in one piece, or in pieces of that many bytes."""
        step = piece or max(1, len(data))
        for at in range(0, len(data), step):
            if self.transport.closed:
                break
            self.transport.protocol.data_received(data[at : at + step])
            self.settle()
        return self

    def end(self) -> None:
        """Shut down the sending side."""
        if not self.transport.protocol.eof_received():
            self.transport.close()
        self.settle()

    def reset(self) -> None:
        self.transport.closed = True
        self.settle()

    def settle(self) -> None:
        if self.transport.closed and not self.lost:
            self.lost = True
            self.transport.protocol.connection_lost(None)

    @property
    def raw(self) -> bytes:
        return b"".join(self.transport.writes)

    @property
    def answers(self) -> list[tuple[int, dict[str, str], bytes]]:
        return parse_answers(self.raw)

    @property
    def statuses(self) -> list[int]:
        return [status for status, _, _ in self.answers]

    @property
    def ended(self) -> bool:
        """No more can be asked on this connection."""
        return self.transport.closed or self.transport.eof


def parse_answers(raw: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """Split what was written into answers: status, fields by lower-case name, body."""
    answers = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        status = int(line.split(" ")[1])
        fields = {}
        for text in lines:
            name, _, value = text.partition(": ")
            assert name.lower() not in fields or name.lower() == "set-cookie", f"twice: {name}"
            fields[name.lower()] = value
        body = b""
        if fields.get("transfer-encoding") == "chunked":
            while True:
                size, _, raw = raw.partition(b"\r\n")
                if size == b"0":
                    trailers, _, raw = (b"\r\n" + raw).partition(b"\r\n\r\n")
                    fields["trailers"] = trailers.decode()
                    break
                if not size:
                    break
                body += raw[: int(size, 16)]
                raw = raw[int(size, 16) + 2 :]
        elif status >= 200 and status not in (204, 304):
            length = int(fields.get("content-length", len(raw)))
            body, raw = raw[:length], raw[length:]
        answers.append((status, fields, body))
    return answers


class House:
    """A server's parts around one stage: `stage` answers, by default with what it was asked.

    before: stages in front of it.
    """

    def __init__(self, **limits) -> None:
        self.clock = FakeClock()
        self.wheel = Wheel(self.clock.now)
        self.logged: list[Exchange] = []
        self.entered: list[Exchange] = []
        self.before: tuple[Callable[[Exchange], object], ...] = ()
        self.stage: Callable[[Exchange], object] = echo
        self.body_at = -1
        self.max_body = 10 * 1024 * 1024
        self.limits = Limits(**limits)
        counter = itertools.count(1)
        self.shared = Shared(
            door=self,
            limits=self.limits,
            clock=self.clock,
            wheel=self.wheel,
            heads=HeadReader(self.limits, TrustedProxies(["10.0.0.0/8"])),
            ids=(f"id{number}" for number in counter),
            registry=Registry(self.limits.max_connections),
            refused=refused_plan(self.logged.append),
        )

    def enter(self, ex: Exchange) -> None:
        self.entered.append(ex)
        ex.stage_path = ex.path
        facts = ApiFacts("a", "api", "http", "$default", "0", "eu", "localhost")
        ex.plan = RoutePlan(
            route_key="$default",
            api=facts,
            head=(*self.before, self.stage),
            tail=(),
            body_at=self.body_at,
            max_body=self.max_body,
            timeout=29.0,
            timeout_status=504,
            log=self.logged.append,
            steps=(),
        )
        run.begin(ex)

    def client(self, peer: str = "127.0.0.1") -> Client:
        return Client(self, peer)

    def park(self) -> None:
        self.stage = lambda _ex: PARKED

    def pass_time(self, seconds: float, *clients: Client) -> None:
        end = self.clock.now + seconds + 2 * TICK
        while self.clock.now < end:
            self.clock.now = min(end, self.clock.now + 0.5)
            self.wheel.advance(self.clock.now)
            for client in clients:
                client.settle()


def echo(ex: Exchange) -> Reply:
    text = f"{ex.method} {ex.path}?{ex.query} {ex.host} ".encode()
    return Reply(200, [(b"content-type", b"text/plain")], text + ex.body)


class FakeSource:
    """A body that a test fills by hand."""

    def __init__(self, length=None, first=b""):
        self.length = length
        self.first = first
        self.sink = None
        self.paused = self.cancelled = False

    def attach(self, sink):
        self.sink = sink
        if self.first:
            sink.write(self.first)

    def pause(self):
        self.paused = True

    def resume(self):
        self.paused = False

    def cancel(self):
        self.cancelled = True


class FakeSink:
    """Takes a body and remembers it."""

    def __init__(self):
        self.data = b""
        self.ended = self.aborted = None
        self.source = None

    def write(self, data):
        assert data
        assert self.ended is None
        assert self.aborted is None
        self.data += data

    def end(self, trailers=None):
        self.ended = (trailers,)

    def abort(self, reason):
        self.aborted = reason


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture(params=["plain", "TLS"])
async def way(request, house, tmp_path):
    """A server, and how a client gets there: what `asyncio.open_connection` takes."""
    async with server_of(house) as server:
        if request.param == "plain":
            yield server, await server.open("127.0.0.1", 0), {}
        else:
            authority = Authority()
            files = CertificateFiles(*authority.issue("a.example").write(tmp_path))
            tls = ListenerTls(Certificates(TlsSettings((files,))))
            client = {"ssl": authority.client(), "server_hostname": "a.example"}
            yield server, await server.open("127.0.0.1", 0, tls=tls), client


@pytest.fixture
def build():
    """Make a House with other limits."""
    return House


@pytest.fixture
def source():
    return FakeSource


@pytest.fixture
def sink():
    return FakeSink
