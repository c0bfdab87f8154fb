"""Owns the row of latencies: an open loop at shares of what Envoy can do, ours and Envoy's in turn."""

from bench.contenders import started
from bench.figures import Figure, Finding, at_most, ratio
from bench.load import closed_loop
from bench.openloop import Latencies, open_loop
from bench.probe import await_answer, check, get
from bench.result import Bench, Result
from bench.scene import SMALL

SHARES = (0.3, 0.5, 0.7, 0.9)
TRUSTED = 0.5
"""Share of the load core's own limit up to which the generator is believed."""


def latency_row(bench: Bench) -> Result:
    """Send at fixed rates; latency counts from the intended time of sending."""
    probe = get(["/practices/p001/slots"], tokens=bench.scene.tokens, length=len(SMALL))
    findings = []
    with started(bench.scene, ["frontdesk", "envoy", "nginx"]) as servers:
        ports = {name: one.server.port for name, one in servers.items()}
        await_answer(ports["frontdesk"], probe)
        answers = {name: check(port, probe) for name, port in ports.items()}
        closed_loop(ports["frontdesk"], probe, seconds=bench.effort.warm_up)
        capacity = closed_loop(ports["envoy"], probe, seconds=bench.effort.seconds).rate
        # More than can be sent: what comes back is the limit of generator and backend together.
        flood = open_loop(ports["nginx"], probe, answers["nginx"], rate=100_000, seconds=2)
        limit = flood.achieved
        findings.append(
            Finding(
                "limit of generator and backend", Figure.of([limit]), "req/s", None, "via nginx"
            )
        )
        for share in SHARES:
            rate = share * capacity
            seen: dict[str, list[Latencies]] = {"frontdesk": [], "envoy": []}
            for _ in range(bench.effort.rounds):
                for name, latencies in seen.items():
                    latencies.append(
                        open_loop(
                            ports[name],
                            probe,
                            answers[name],
                            rate=rate,
                            seconds=bench.effort.seconds,
                        )
                    )
            findings += _compare(
                f"{rate:.0f}/s, {share:.0%} of envoy", seen, rate <= TRUSTED * limit
            )
    return Result(findings)


def _compare(at: str, seen: dict[str, list[Latencies]], trusted: bool) -> list[Finding]:
    findings = []
    for percentile in ("p50", "p90", "p99"):
        of = {
            name: [getattr(one, percentile) / 1000 for one in runs] for name, runs in seen.items()
        }
        for name, values in of.items():
            note = _remarks(seen[name]) if percentile == "p50" else ""
            findings.append(
                Finding(f"{name} {percentile} at {at}", Figure.of(values), "ms", None, note)
            )
        goal = at_most(1) if trusted and percentile != "p99" else None
        note = "" if trusted else "beyond half of the load core's limit: not judged"
        figure = ratio(of["frontdesk"], of["envoy"])
        findings.append(Finding(f"{percentile} against envoy at {at}", figure, "x", goal, note))
    return findings


def _remarks(runs: list[Latencies]) -> str:
    wrong = sum(one.unexpected + one.timeouts for one in runs)
    remarks = [f"{wrong} wrong or late"] if wrong else []
    overloaded = sum(one.overloaded for one in runs)
    if overloaded:
        remarks.append(f"overloaded in {overloaded} of {len(runs)} rounds")
    return ", ".join(remarks)
