"""Owns the row of calls of other companies' APIs: our client beside aiohttp and httpx."""

import json
import subprocess
import sys
from pathlib import Path

from bench.figures import Figure, Finding, at_least, ratio
from bench.process import LOAD_CORE, Server, free_port, running
from bench.result import Bench, Result

_WITHIN = 900.0
"""Seconds of one measurement."""

_CLIENTS = ("frontdesk", "bare", "aiohttp", "httpx")


def client_row(bench: Bench) -> Result:
    """Call an API with 50 in flight, attempts, breaker, throttle and log on; beside aiohttp and httpx."""
    port = free_port()
    argv = (sys.executable, "-m", "bench.calling", "server", str(port))
    root = Path(__file__).parents[1]
    environment = {"PYTHONPATH": str(root)}
    server = Server(
        "api", argv, port, bench.scene.folder, core=LOAD_CORE, ready="/", environment=environment
    )
    told: dict[str, list[dict[str, float]]] = {name: [] for name in _CLIENTS}
    with running(server):
        for _ in range(bench.effort.rounds):
            for name in _CLIENTS:
                told[name].append(_called(name, f"http://127.0.0.1:{port}", bench.effort.seconds))
    rates = {name: [each["rate"] for each in rounds] for name, rounds in told.items()}
    costs = {name: Figure.of([each["cpu"] for each in rounds]) for name, rounds in told.items()}
    findings = [
        Finding("frontdesk, everything on", Figure.of(rates["frontdesk"]), "calls/s"),
        *(Finding(f"{name}: CPU of a call", cost, "µs") for name, cost in costs.items()),
        Finding(
            "frontdesk against aiohttp",
            ratio(rates["frontdesk"], rates["aiohttp"]),
            "x",
            at_least(2),
        ),
        Finding(
            "frontdesk against httpx", ratio(rates["frontdesk"], rates["httpx"]), "x", at_least(10)
        ),
    ]
    return Result(findings)


def _called(client: str, url: str, seconds: float) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "bench.calling", client, url, str(seconds)]
    made = subprocess.run(command, capture_output=True, text=True, timeout=_WITHIN, check=True)
    return json.loads(made.stdout)
