"""Owns the row of the response cache: what a hit costs beside a mock, and beside nginx's proxy_cache."""

from bench.compared import cost, rates
from bench.contenders import settings, started
from bench.figures import Finding, at_most, ratio
from bench.probe import get
from bench.result import Bench, Result, Series
from bench.scene import SMALL
from bench.series import Contender, race


def cache_row(bench: Bench) -> Result:
    """Give a kept answer again, answer the same at the door, and fetch it each time."""
    length = len(SMALL)
    with started(bench.scene, ["frontdesk-cached", "nginx-cache"]) as servers:
        ours, nginx = servers["frontdesk-cached"], servers["nginx-cache"]
        rounds = race(
            [
                Contender("mock", ours, get(["/mocked/a1"], length=length)),
                Contender("hit", ours, get(["/kept/a1"], length=length)),
                Contender("proxied", ours, get(["/open/a1"], length=length)),
                Contender("nginx, hit", nginx, get(["/kept/a1"], length=length)),
            ],
            bench.effort,
        )
    findings = [
        cost(rounds, "hit", "mock", "a hit, beside a mock", at_most(20)),
        Finding("hits against proxied", ratio(rates(rounds, "hit"), rates(rounds, "proxied")), "x"),
        Finding(
            "hits against nginx's", ratio(rates(rounds, "hit"), rates(rounds, "nginx, hit")), "x"
        ),
    ]
    series = [Series("A kept answer, beside a mock of the same bytes", rounds)]
    return Result(findings, series, settings(servers))
