"""Owns what the rounds of two contenders say of each other."""

from bench.figures import Figure, Finding, Goal, ratio
from bench.series import Rounds


def rates(rounds: Rounds, name: str) -> list[float]:
    """Return answers per second of one contender, round by round."""
    return [one.rate for one in rounds[name]]


def cost(rounds: Rounds, full: str, bare: str, what: str, goal: Goal) -> Finding:
    """Judge what `full` loses against `bare`, in pairs of neighbouring rounds."""
    pairs = zip(rates(rounds, full), rates(rounds, bare), strict=True)
    shares = [100 * (1 - mine / other) for mine, other in pairs]
    cpu = ratio([one.cpu for one in rounds[full]], [one.cpu for one in rounds[bare]])
    note = f"CPU per request {100 * (cpu.median - 1):+.0f} %"
    return Finding(f"throughput lost by {what}", Figure.of(shares), "%", goal, note)
