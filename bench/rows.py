"""Owns the rows that race contenders in a closed loop, and the table of all rows."""

from collections.abc import Callable

from bench.cached import cache_row
from bench.client import client_row
from bench.compared import cost, rates
from bench.console import console_row
from bench.contenders import settings, started
from bench.counted import syscall_row
from bench.executions import charges_row, executions_row, waiting_row
from bench.figures import Figure, Finding, Goal, at_least, at_most, ratio
from bench.hooks import hooks_row
from bench.inbox import inbox_row
from bench.journal import journal_row
from bench.keyed import keys_row
from bench.latency import latency_row
from bench.measure import descendants
from bench.memory import memory_row
from bench.micro import micro_row
from bench.operations import (
    cold_row,
    policies_row,
    reload_row,
    telemetry_row,
    tls_row,
    workers_row,
)
from bench.probe import Probe, ask, get
from bench.process import Running
from bench.queue import queue_row
from bench.result import Bench, Result, Row, Series
from bench.scale import routes_row
from bench.scene import SIZES, SMALL
from bench.series import Contender, Rounds, race
from bench.sockets import sockets_row

TRUSTED_SPREAD = 0.10
"""Above this spread of one server against itself, a run is not fit to publish."""


def against(rounds: Rounds, peer: str, goal: Goal | None = None) -> Finding:
    """Compare our throughput with a peer's in pairs of neighbouring rounds."""
    figure = ratio(rates(rounds, "frontdesk"), rates(rounds, peer))
    return Finding(f"frontdesk against {peer}", figure, "x", goal)


def same_row(bench: Bench) -> Result:
    """Race a server with itself: what differs here is noise."""
    probe = get(["/health"], length=15)
    with started(bench.scene, ["envoy"]) as servers:
        pair = [Contender(name, servers["envoy"], probe) for name in ("envoy", "envoy again")]
        rounds = race(pair, bench.effort)
    figure = ratio(rates(rounds, "envoy"), rates(rounds, "envoy again"))
    fit = "fit to publish" if figure.spread <= TRUSTED_SPREAD else "too noisy to publish"
    finding = Finding(
        "envoy against itself", figure, "x", None, f"spread {figure.spread:.0%}: {fit}"
    )
    return Result([finding], [Series("A server against itself", rounds)])


def _proxied(bench: Bench, *, browser: bool = False) -> Probe:
    return get(
        [f"/practices/p{number:03}/slots" for number in range(len(bench.scene.tokens))],
        tokens=bench.scene.tokens,
        browser=browser,
        length=len(SMALL),
    )


def proxy_row(bench: Bench) -> Result:
    """Proxy a small answer with three header fields."""
    probe = _proxied(bench)
    with started(bench.scene, ["frontdesk", "envoy", "envoy-cached", "nginx", "caddy"]) as servers:
        rounds = race([Contender(name, one, probe) for name, one in servers.items()], bench.effort)
        findings = [
            against(rounds, "envoy", at_least(1.8)),
            against(rounds, "envoy-cached"),
            against(rounds, "nginx", at_least(0.6)),
            against(rounds, "caddy"),
        ]
        title = "Proxied, token + limit + CORS + log, 3 header fields (nginx: bare)"
        return Result(findings, [Series(title, rounds)], settings(servers))


def headers_row(bench: Bench) -> Result:
    """Proxy a small answer with the fourteen header fields of a browser."""
    probe = _proxied(bench, browser=True)
    with started(bench.scene, ["frontdesk", "envoy", "envoy-cached"]) as servers:
        rounds = race([Contender(name, one, probe) for name, one in servers.items()], bench.effort)
    title = "Proxied, token + limit + CORS + log, 14 header fields"
    findings = [against(rounds, "envoy", at_least(1.4)), against(rounds, "envoy-cached")]
    return Result(findings, [Series(title, rounds)], settings(servers))


def sizes_row(bench: Bench) -> Result:
    """Proxy larger answers, everything on."""
    findings, series = [], []
    with started(bench.scene, ["frontdesk", "envoy"]) as servers:
        for name, size in SIZES.items():
            probe = get([f"/files/{name}"], tokens=bench.scene.tokens, length=size)
            contenders = [Contender(who, one, probe) for who, one in servers.items()]
            rounds = race(contenders, bench.effort)
            series.append(Series(f"Proxied, everything on, answer of {name}", rounds))
            finding = against(rounds, "envoy")
            findings.append(Finding(f"{finding.what}, {name}", finding.figure, "x"))
    return Result(findings, series, settings(servers))


def door_row(bench: Bench) -> Result:
    """Answer without a backend: a mock, no token, no route, over the limit."""
    probes = {
        "health": get(["/health"], length=15),
        "401": get(["/practices/p001/slots"], status=401),
        "404": get(["/nowhere"], status=404),
        "429": get(["/limited"], status=429),
    }
    findings, series = [], []
    with started(bench.scene, ["frontdesk", "envoy"]) as servers:
        for one in servers.values():
            ask(one.server.port, probes["429"].requests[0])  # takes the only place of the limit
        for name, probe in probes.items():
            contenders = [Contender(who, one, probe) for who, one in servers.items()]
            rounds = race(contenders, bench.effort)
            series.append(Series(f"Answered at the door: {name}", rounds))
            finding = against(rounds, "envoy", at_least(1.5))
            findings.append(Finding(f"{name}: {finding.what}", finding.figure, "x", finding.goal))
    return Result(findings, series, settings(servers))


def functions_row(bench: Bench) -> Result:
    """Invoke a function in two children, beside the same work inside a FastAPI app."""
    tokens = bench.scene.tokens
    guarded = get(["/slots/2026-11-21"], tokens=tokens)
    mocked = get(["/mocked/2026-11-21"], tokens=tokens)
    opened = get(["/open/2026-11-21"])
    with started(bench.scene, ["frontdesk", "fastapi"]) as servers:
        ours = servers["frontdesk"]
        rounds = race(
            [
                Contender("frontdesk", ours, guarded),
                Contender("frontdesk, open", ours, opened),
                Contender("fastapi", servers["fastapi"], guarded),
            ],
            bench.effort,
        )
        single = race(
            [Contender("function", ours, guarded), Contender("mock", ours, mocked)],
            bench.effort,
            connections=1,
        )
        processes = _function_processes(ours)
    pairs = zip(single["function"], single["mock"], strict=True)
    added = Figure.of([(function.p50 - mock.p50) / 1000 for function, mock in pairs])
    throughput = Figure.of(rates(rounds, "frontdesk"))
    findings = [
        Finding("invocations, everything on", throughput, "req/s", at_least(15_000), processes),
        Finding("invocations, open route", Figure.of(rates(rounds, "frontdesk, open")), "req/s"),
        Finding("p50 added to a mock, one connection", added, "ms", at_most(0.15)),
        against(rounds, "fastapi", at_least(1.5)),
    ]
    series = [
        Series("Function with token + limit + CORS + log", rounds),
        Series("One connection: a function and a mock, both guarded", single),
    ]
    return Result(findings, series, settings(servers))


def _function_processes(running: Running) -> str:
    return f"{len(descendants(running.pid))} processes below the gateway: zygote and children"


def features_row(bench: Bench) -> Result:
    """What the limit and the token cost against our own proxy without them, same bytes sent."""
    tokens, length = bench.scene.tokens, len(SMALL)
    with started(bench.scene, ["frontdesk"]) as servers:
        contenders = [
            Contender(
                name, servers["frontdesk"], get([f"/bare/{name}/a1"], tokens=tokens, length=length)
            )
            for name in ("open", "throttled", "verified")
        ]
        rounds = race(contenders, bench.effort)
    findings = [
        cost(rounds, "throttled", "open", "throttle", at_most(10)),
        cost(rounds, "verified", "open", "throttle and token", at_most(25)),
    ]
    series = [Series("Our own proxy, feature by feature", rounds)]
    return Result(findings, series, settings(servers))


def _row(name: str, run: Callable[[Bench], Result]) -> Row:
    return Row(name, (run.__doc__ or "").splitlines()[0], run)


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        _row("same", same_row),
        _row("proxy", proxy_row),
        _row("headers", headers_row),
        _row("sizes", sizes_row),
        _row("door", door_row),
        _row("functions", functions_row),
        _row("features", features_row),
        _row("syscalls", syscall_row),
        _row("routes", routes_row),
        _row("latency", latency_row),
        _row("memory", memory_row),
        _row("keys", keys_row),
        _row("cache", cache_row),
        _row("workers", workers_row),
        _row("tls", tls_row),
        _row("policies", policies_row),
        _row("telemetry", telemetry_row),
        _row("reload", reload_row),
        _row("cold", cold_row),
        _row("micro", micro_row),
        _row("journal", journal_row),
        _row("queue", queue_row),
        _row("inbox", inbox_row),
        _row("hooks", hooks_row),
        _row("sockets", sockets_row),
        _row("executions", executions_row),
        _row("waiting", waiting_row),
        _row("charges", charges_row),
        _row("client", client_row),
        _row("console", console_row),
    )
}
"""In the order of a full run; `same` first, for it tells whether the machine is quiet enough."""
