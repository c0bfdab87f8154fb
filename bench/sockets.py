"""Owns the row of WebSocket connections: messages to and fro, idle memory, how fast they come, one push to all."""

import base64
import os
import resource
import select
import socket
import struct
import sys
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import yaml

from bench.contenders import settings
from bench.figures import Figure, Finding, at_least, at_most, ratio
from bench.frontdesk_under_test import LIVE_GROUP, live
from bench.measure import cpu_seconds, resident_bytes
from bench.peers import websocket_echo
from bench.process import LOAD_CORE, Running, Server, free_port, running
from bench.result import Bench, Result
from bench.series import Effort

TEXT = b'{"action": "echo", "data": "' + b"x" * 140 + b'"}'
"""170 bytes. Frontdesk routes it by its action and answers with as many."""

TALKING = 32
IDLE = 10_000
PATH = "/live"

ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
"""Of the clients in turn: one address alone has too few ports for several rounds of so many."""

WHO = b'{"action": "who"}'
"""Frontdesk answers it with the connection id."""

FILES = IDLE + 1000
"""Open files that each side needs."""


def sockets_row(bench: Bench) -> Result:
    """Race echoes; weigh 10,000 idle connections; count handshakes; push one text to all of a group."""
    _allow_files()
    cores = os.sched_getaffinity(0)
    with ExitStack() as opened:
        servers = [live(bench.scene, TEXT.decode()), *_peers(bench.scene.folder)]
        started = {one.name: opened.enter_context(running(one)) for one in servers}
        os.sched_setaffinity(0, {LOAD_CORE})
        try:
            return _raced(bench.effort, started)
        finally:
            os.sched_setaffinity(0, cores)


def _raced(effort: Effort, started: dict[str, Running]) -> Result:
    rates: dict[str, list[float]] = {}
    shakes: dict[str, list[float]] = {}
    weights: dict[str, list[float]] = {}
    spreads: list[float] = []
    for _ in range(effort.rounds):
        for name, one in started.items():
            rates.setdefault(name, []).append(_talk(one, effort.seconds))
    # Afterwards: a server is busy for seconds with the end of so many, which the next one would pay for.
    for _ in range(effort.rounds):
        for name, one in started.items():
            with ExitStack() as held:
                clients, each, rate = _hold(one, held)
                if name == "frontdesk":
                    spreads.append(_spread(one, clients) * 1e3)
            weights.setdefault(name, []).append(each / 1e3)
            shakes.setdefault(name, []).append(rate)
            _await_rest(one)
    ours = rates["frontdesk"]
    findings = [
        Finding("frontdesk: messages", Figure.of(ours), "/s"),
        *(
            Finding(f"frontdesk against {name}", ratio(ours, theirs), "x", at_least(1.0))
            for name, theirs in rates.items()
            if name != "frontdesk"
        ),
        Finding(
            "frontdesk: a text to a group", Figure.of(spreads), "ms", at_most(300), f"of {IDLE}"
        ),
    ]
    for name in started:
        memory, rate = (at_most(15), at_least(2000)) if name == "frontdesk" else (None, None)
        note = f"mean of {IDLE}, first round: memory is not given back"
        each = Figure.of(weights[name][:1])
        findings += [
            Finding(f"{name}: an idle connection", each, "kB", memory, note),
            Finding(f"{name}: handshakes", Figure.of(shakes[name]), "/s", rate),
        ]
    return Result(findings, settings=settings(started))


def _peers(folder: Path) -> list[Server]:
    script = str(Path(websocket_echo.__file__))
    found = []
    for name in websocket_echo.SERVERS:
        port = free_port()
        found.append(Server(name, (sys.executable, script, name, str(port)), port, folder))
    return found


def _talk(one: Running, seconds: float) -> float:
    """Return messages per second of clients that each wait for their answer."""
    clients = [_shake(one.server.port) for _ in range(TALKING)]
    frame, size = _masked(TEXT), len(TEXT) + 4
    poll = select.epoll()
    by_number, missing = {}, {}
    for client in clients:
        poll.register(client, select.EPOLLIN)
        by_number[client.fileno()], missing[client.fileno()] = client, size
        client.sendall(frame)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        for number, _ in poll.poll(1.0):
            client = by_number[number]
            missing[number] -= len(client.recv(65536))
            if missing[number] <= 0:
                count += 1
                missing[number] = size
                client.send(frame)
    poll.close()
    for client in clients:
        client.close()
    return count / seconds


def _allow_files() -> None:
    """Have as many open files as the row needs; the servers inherit it. Raises: RuntimeError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        raise RuntimeError(f"{IDLE} connections need `ulimit -Hn {FILES}`; it is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))


def _hold(one: Running, held: ExitStack) -> tuple[list[socket.socket], float, float]:
    """Return idle clients, bytes of each connection, and handshakes per second of one client after the other."""

    def shaken(count: int) -> list[socket.socket]:
        return [
            held.enter_context(_shake(one.server.port, ADDRESSES[number % len(ADDRESSES)]))
            for number in range(count)
        ]

    shaken(200)
    before, began = resident_bytes(one.pid), time.perf_counter()
    clients = shaken(IDLE)
    took = time.perf_counter() - began
    return clients, (resident_bytes(one.pid) - before) / IDLE, IDLE / took


def _await_rest(one: Running) -> None:
    """Wait until a server has done with what has left it."""
    before = -1.0
    while (now := cpu_seconds(one.pid)) != before:
        before = now
        time.sleep(0.2)


def _spread(one: Running, clients: list[socket.socket]) -> float:
    """Return seconds from asking for a push to a group until the last of its members has the text."""
    (text,) = one.server.settings.values()
    host, _, port = yaml.safe_load(text)["admin"]["listen"].rpartition(":")
    operator = HTTPConnection(host, int(port), timeout=30)
    poll, missing = select.epoll(), {}
    for client in clients:
        client.sendall(_masked(WHO))
        name = client.recv(64)[2:].decode().replace("=", "%3D")
        _ask(operator, "PUT", f"{LIVE_GROUP}/{name}")
        poll.register(client, select.EPOLLIN)
        missing[client.fileno()] = client, len(TEXT) + 4
    began = time.perf_counter()
    operator.request("POST", LIVE_GROUP, TEXT)
    while missing:
        for number, _ in poll.poll(10.0):
            client, size = missing.pop(number)
            size -= len(client.recv(65536))
            if size > 0:
                missing[number] = client, size
    took = time.perf_counter() - began
    _answered(operator)
    poll.close()
    return took


def _ask(operator: HTTPConnection, method: str, path: str) -> None:
    operator.request(method, path)
    _answered(operator)


def _answered(operator: HTTPConnection) -> None:
    answer = operator.getresponse()
    body = answer.read()
    if answer.status >= 300:
        raise ValueError(f"the admin listener answers {answer.status}: {body!r}")


def _shake(port: int, address: str = "127.0.0.1") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), 10, (address, 0))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        f"GET {PATH} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    client.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode())
    if not client.recv(4096).startswith(b"HTTP/1.1 101"):
        raise ValueError(f"port {port} refuses the handshake")
    return client


def _masked(text: bytes) -> bytes:
    """Write a client's frame; a mask of zeros leaves the text as it is."""
    short = len(text) < 126
    size = struct.pack("!B", 0x80 | len(text)) if short else struct.pack("!BH", 0xFE, len(text))
    return b"\x81" + size + bytes(4) + text
