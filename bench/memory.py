"""Owns the row of memory: resident size after work, and what an idle connection costs."""

import socket

from bench.contenders import started
from bench.figures import Figure, Finding, at_most
from bench.load import closed_loop
from bench.measure import resident_bytes
from bench.probe import Probe, await_answer, get
from bench.process import Running
from bench.result import Bench, Result
from bench.scene import SMALL

FRESH = 3
IDLE = 2000
SETTLED = 200
"""Connections before the count begins, so that pools and arenas have their first size."""


def memory_row(bench: Bench) -> Result:
    """Weigh fresh processes after load, and with 2,000 idle connections."""
    probe = get(["/practices/p001/slots"], tokens=bench.scene.tokens, length=len(SMALL))
    findings = []
    for name in ("frontdesk", "envoy"):
        weights = [_weigh(bench, name, probe) for _ in range(min(FRESH, bench.effort.rounds))]
        fresh, loaded, each = (Figure.of(column) for column in zip(*weights, strict=True))
        resident, idle = (at_most(70), at_most(5)) if name == "frontdesk" else (None, None)
        note = f"mean of {IDLE}, one proxied request each"
        findings += [
            Finding(f"{name}: resident after the start", fresh, "MB"),
            Finding(f"{name}: resident after load", loaded, "MB", resident),
            Finding(f"{name}: an idle connection", each, "kB", idle, note),
        ]
    return Result(findings)


def _weigh(bench: Bench, name: str, probe: Probe) -> tuple[float, float, float]:
    """Return a fresh process's MB at first and after load, and kB of an idle connection."""
    with started(bench.scene, [name]) as servers:
        one = servers[name]
        await_answer(one.server.port, probe)
        fresh = resident_bytes(one.pid) / 1e6
        each = _idle_connection(one, probe) / 1e3
        closed_loop(one.server.port, probe, seconds=bench.effort.seconds)
        return fresh, resident_bytes(one.pid) / 1e6, each


def _idle_connection(running: Running, probe: Probe) -> float:
    clients: list[socket.socket] = []
    try:
        for number in range(SETTLED + IDLE):
            if number == SETTLED:
                before = resident_bytes(running.pid)
            client = socket.create_connection(("127.0.0.1", running.server.port), timeout=10)
            clients.append(client)
            client.sendall(probe.requests[number % len(probe.requests)])
            if not client.recv(65536).startswith(b"HTTP/1.1 200"):
                raise ValueError(f"{running.server.name} refused connection {number}")
        return (resident_bytes(running.pid) - before) / IDLE
    finally:
        for client in clients:
            client.close()
