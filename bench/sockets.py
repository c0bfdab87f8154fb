"""Owns the row of WebSocket connections: messages to and fro, idle memory, how fast they come, one push to all."""

import base64
import os
import select
import socket
import struct
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from bench.contenders import settings
from bench.figures import Figure, Finding, at_least, at_most, ratio
from bench.frontdesk_under_test import live
from bench.measure import resident_bytes
from bench.peers import websocket_echo
from bench.process import Running, Server, free_port, running
from bench.result import Bench, Result

TEXT = b'{"action": "echo", "data": "' + b"x" * 140 + b'"}'
"""170 bytes. Frontdesk routes it by its action and answers with as many."""

TALKING = 32
IDLE = 2000
PATH = "/live"


def sockets_row(bench: Bench) -> Result:
    """Race echoes; weigh 2,000 idle connections; count handshakes."""
    rates: dict[str, list[float]] = {}
    shakes: dict[str, list[float]] = {}
    weights: dict[str, list[float]] = {}
    with ExitStack() as opened:
        servers = [live(bench.scene, TEXT.decode()), *_peers(bench.scene.folder)]
        started = {one.name: opened.enter_context(running(one)) for one in servers}
        for _ in range(bench.effort.rounds):
            for name, one in started.items():
                rates.setdefault(name, []).append(_talk(one, bench.effort.seconds))
                each, rate = _hold(one)
                weights.setdefault(name, []).append(each / 1e3)
                shakes.setdefault(name, []).append(rate)
    ours = rates["frontdesk"]
    findings = [
        Finding("frontdesk: messages", Figure.of(ours), "/s"),
        *(
            Finding(f"frontdesk against {name}", ratio(ours, theirs), "x", at_least(1.0))
            for name, theirs in rates.items()
            if name != "frontdesk"
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


def _hold(one: Running) -> tuple[float, float]:
    """Return bytes of an idle connection, and handshakes per second of one client after the other."""
    settled = [_shake(one.server.port) for _ in range(200)]
    before, began = resident_bytes(one.pid), time.perf_counter()
    clients = [_shake(one.server.port) for _ in range(IDLE)]
    took = time.perf_counter() - began
    each = (resident_bytes(one.pid) - before) / IDLE
    for client in settled + clients:
        client.close()
    return each, IDLE / took


def _shake(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=10)
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
    return struct.pack("!BBH", 0x81, 0x80 | 126, len(text)) + bytes(4) + text
