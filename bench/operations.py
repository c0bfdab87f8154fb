"""Owns the rows of operating the door: workers, TLS, policies at rest, telemetry, reload, cold starts."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import median

from bench.compared import cost, rates
from bench.contenders import settings
from bench.figures import Figure, Finding, at_least, at_most, ratio
from bench.frontdesk_under_test import drawing, full, operated, with_routes
from bench.openloop import Latencies, open_loop
from bench.probe import Probe, ask, await_answer, check, get
from bench.process import Running, Server, running
from bench.result import Bench, Result, Series
from bench.scale import MANY, SPREAD_OVER
from bench.scene import SMALL
from bench.series import Contender, Rounds, race

COLD_STARTS = 40
RELOADED_WITHIN = 30.0
RELOAD_RATE = 2000
"""Requests a second while a reload runs: far below what the core can do, so that only stalls show."""


def workers_row(bench: Bench) -> Result:
    """Answer in two workers and in one; the load shares the cores, so what is seen is a floor.

    With a plain route the load's part is as large as a worker's; with one that works for its answers it is small.
    """
    plain = _by_workers(bench, get(["/mocked/2026-11-21"], tokens=bench.scene.tokens), full)
    working = _by_workers(bench, get(["/drawn/calendar"]), drawing)
    floor = "a floor: the load takes its part"
    cpu = ratio([one.cpu for one in plain["1"]], [two.cpu for two in plain["2"]])
    findings = [
        Finding(
            "two workers against one, a drawn answer", _gain(working), "x", at_least(1.7), floor
        ),
        Finding("two workers against one, a plain answer", _gain(plain), "x", None, floor),
        Finding(
            "a plain answer, by CPU of each, had each worker a core",
            Figure.of([2 * cpu.median, 2 * cpu.low, 2 * cpu.high]),
            "x",
        ),
    ]
    return Result(
        findings,
        [
            Series("Sixty lines drawn by a template", working),
            Series("Token + limit + CORS + log, answered at the door", plain),
        ],
    )


def _by_workers(bench: Bench, probe: Probe, server: Callable[..., Server]) -> Rounds:
    with (
        running(replace(server(bench.scene, workers=1), pinned=False)) as one,
        running(replace(server(bench.scene, workers=2), pinned=False)) as two,
    ):
        return race([Contender("1", one, probe), Contender("2", two, probe)], bench.effort)


def _gain(rounds: Rounds) -> Figure:
    return ratio(rates(rounds, "2"), rates(rounds, "1"))


def tls_row(bench: Bench) -> Result:
    """Proxy over kept TLS connections and over plain ones, of one process."""
    probe = get(["/open/a1"], tokens=bench.scene.tokens, length=len(SMALL))
    with running(operated(bench.scene)) as server:
        pair = [
            Contender("plain", server, probe),
            Contender("tls", server, probe, tls_port=server.server.tls_port),
        ]
        rounds = race(pair, bench.effort)
    figure = ratio(rates(rounds, "tls"), rates(rounds, "plain"))
    finding = Finding("TLS against plain, kept connections", figure, "x", at_least(0.8))
    return Result([finding], [Series("Proxied, by TLS and without", rounds)])


def policies_row(bench: Bench) -> Result:
    """Proxy to an upstream with retry, breaker and bulkhead that never act, and to one without."""
    tokens = bench.scene.tokens
    with running(operated(bench.scene)) as server:
        pair = [
            Contender(name, server, get([f"/{path}/a1"], tokens=tokens, length=len(SMALL)))
            for name, path in (("without", "open"), ("with", "policed"))
        ]
        rounds = race(pair, bench.effort)
    finding = cost(rounds, "with", "without", "retry, breaker, bulkhead at rest", at_most(3))
    return Result([finding], [Series("Proxied, by policies of the upstream", rounds)])


def telemetry_row(bench: Bench) -> Result:
    """Proxy with metrics and traces (1 % sampled) and without either."""
    probe = get(["/open/a1"], tokens=bench.scene.tokens, length=len(SMALL))
    with (
        running(operated(bench.scene, telemetry=False)) as silent,
        running(operated(bench.scene)) as told,
    ):
        pair = [Contender("without", silent, probe), Contender("with", told, probe)]
        rounds = race(pair, bench.effort)
        texts = settings({"without": silent, "with": told})
    finding = cost(rounds, "with", "without", "metrics and traces", at_most(10))
    return Result([finding], [Series("Proxied, by telemetry", rounds)], texts)


def reload_row(bench: Bench) -> Result:
    """Reload a file of 10,000 routes under a steady load: how long it takes, and what it delays."""
    paths = [f"/tenants/t{n * SPREAD_OVER % MANY:05}/items/i{n}" for n in range(500)]
    probe = get(paths, tokens=bench.scene.tokens, length=len(SMALL))
    seconds, busy, quiet, wrong = [], [], [], 0
    with running(with_routes(bench.scene, MANY)) as server:
        await_answer(server.server.port, probe)
        answer = check(server.server.port, probe)

        def steady() -> Latencies:
            return open_loop(server.server.port, probe, answer, rate=RELOAD_RATE, seconds=4)

        for _ in range(bench.effort.rounds):
            quiet.append(steady().highest / 1000)
            with ThreadPoolExecutor() as pool:
                meanwhile = pool.submit(steady)
                time.sleep(2)  # the generator's start and its second of warming up
                seconds.append(_reload(server))
                seen = meanwhile.result()
            busy.append(seen.highest / 1000)
            wrong += seen.unexpected + seen.timeouts
    return Result(
        [
            Finding("reload of 10,000 routes", Figure.of(seconds), "s", at_most(1)),
            Finding("slowest request meanwhile", Figure.of(busy), "ms", at_most(50)),
            Finding("slowest request without a reload", Figure.of(quiet), "ms"),
            Finding("wrong or missing answers", Figure.of([wrong]), "", at_most(0)),
        ]
    )


def _reload(server: Running) -> float:
    """Send SIGHUP; return the seconds until the log says that the file is in force."""
    before = _reloads(server)
    began = time.perf_counter()
    os.kill(server.pid, signal.SIGHUP)
    while _reloads(server) == before:
        if time.perf_counter() - began > RELOADED_WITHIN:
            raise RuntimeError(f"{server.server.name} does not reload")
        time.sleep(0.005)
    return time.perf_counter() - began


def _reloads(server: Running) -> int:
    return server.server.output.read_bytes().count(b'"reloaded: ')


def cold_row(bench: Bench) -> Result:
    """Start a process for a trivial function: what the first call adds after the last one died."""
    warm, cold = [], []
    with running(operated(bench.scene)) as server:
        for _ in range(COLD_STARTS):
            _timed(server, "/live", status=200)
            warm.append(_timed(server, "/live", status=200))
            _timed(server, "/die", status=500)
            cold.append(_timed(server, "/live", status=200))
    added = Figure.of([slow - median(warm) for slow in cold])
    return Result(
        [
            Finding("a cold start adds", added, "ms", at_most(30)),
            Finding("a warm call, new connection", Figure.of(warm), "ms"),
        ]
    )


def _timed(server: Running, path: str, *, status: int) -> float:
    """Ask once; return milliseconds. Raises: ValueError for another status."""
    began = time.perf_counter()
    answer = ask(server.server.port, get([path]).requests[0])
    if answer.status != status:
        raise ValueError(f"expected status {status} of {path}, got: {answer.status}")
    return 1000 * (time.perf_counter() - began)
