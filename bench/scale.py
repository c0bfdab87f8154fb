"""Owns the row of many routes: what 10,000 cost against 10 per request, and to load."""

from contextlib import ExitStack
from statistics import median

from bench.figures import Figure, Finding, at_most
from bench.frontdesk_under_test import with_routes
from bench.probe import get
from bench.process import running
from bench.result import Bench, Result, Series
from bench.scene import SMALL
from bench.series import Contender, race

FEW, MANY = 10, 10_000
STARTS = 3
SPREAD_OVER = 997
"""Step from one asked route to the next; shares no factor with MANY, so all of the file is touched."""


def routes_row(bench: Bench) -> Result:
    """Proxy with 10,000 routes and with 10, and load both files."""
    with ExitStack() as stack:
        contenders = []
        for count in (FEW, MANY):
            paths = [f"/tenants/t{n * SPREAD_OVER % count:05}/items/i{n}" for n in range(500)]
            probe = get(paths, tokens=bench.scene.tokens, length=len(SMALL))
            server = stack.enter_context(running(with_routes(bench.scene, count)))
            contenders.append(Contender(str(count), server, probe))
        rounds = race(contenders, bench.effort)
    lost = [
        100 * (1 - many.rate / few.rate)
        for few, many in zip(rounds[str(FEW)], rounds[str(MANY)], strict=True)
    ]
    seconds = {count: [_start(bench, count) for _ in range(STARTS)] for count in (FEW, MANY)}
    load = [one - median(seconds[FEW]) for one in seconds[MANY]]
    findings = [
        Finding("throughput lost by 10,000 routes", Figure.of(lost), "%", at_most(5)),
        Finding("start with 10 routes", Figure.of(seconds[FEW]), "s"),
        Finding("added to the start by 10,000 routes", Figure.of(load), "s", at_most(1)),
    ]
    return Result(findings, [Series("Proxied, by number of routes", rounds)])


def _start(bench: Bench, count: int) -> float:
    with running(with_routes(bench.scene, count)) as server:
        return server.ready_after
