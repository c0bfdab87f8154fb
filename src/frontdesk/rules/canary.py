"""Owns the judgement of a canary: whether it fails more often or is slower than what it is to replace.

Both sides are counted over the same time. A fixed number of checks, each at its part of alpha, keeps the
chance to roll back a canary that is no worse at alpha at most, however the checks depend on each other.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from frontdesk.rules.statistics import (
    LATENCIES,
    bucket_of_rank,
    buckets_apart,
    fisher,
    pooled_z,
    precedence,
    quantile,
    rank_of,
)

P95: Final = 0.95

Decision = Literal["go_on", "extend", "promote", "rollback", "hold"]
"""`extend`: all checks once more, for want of requests. The last three end the judgement."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a canary is judged by.

    min_requests: on each side, at least 1. checks: at least 1. alpha: chance to roll back a canary that
    is no worse, 0.0 to 1.0. p95_ratio: how much slower it may be, from 1.0.
    """

    min_requests: int = 100
    checks: int = 6
    alpha: float = 0.05
    p95_ratio: float = 1.2
    on_success: Decision = "promote"
    on_failure: Decision = "rollback"
    on_insufficient: Decision = "hold"

    @property
    def threshold(self) -> float:
        """The largest p value of one test at one check that speaks against the canary."""
        return self.alpha / (2 * self.checks)


@dataclass(frozen=True, slots=True)
class Side:
    """What was counted on one side. latencies: by bucket of `statistics.LATENCIES`, and one more."""

    requests: int = 0
    errors: int = 0
    latencies: tuple[int, ...] = (0,) * (len(LATENCIES) + 1)

    def __add__(self, other: "Side") -> "Side":
        pairs = zip(self.latencies, other.latencies, strict=True)
        return Side(
            self.requests + other.requests,
            self.errors + other.errors,
            tuple(one + more for one, more in pairs),
        )

    def __sub__(self, other: "Side") -> "Side":
        pairs = zip(self.latencies, other.latencies, strict=True)
        return Side(
            self.requests - other.requests,
            self.errors - other.errors,
            tuple(one - less for one, less in pairs),
        )


class Part(NamedTuple):
    """What one consumer has to do with it."""

    requests: int
    errors: int
    stable_requests: int
    stable_errors: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Both sides since the canary began. consumers: those that are told apart, by name."""

    canary: Side = field(default_factory=Side)
    stable: Side = field(default_factory=Side)
    consumers: Mapping[str, Part] = field(default_factory=dict)

    def __add__(self, other: "Evidence") -> "Evidence":
        names = self.consumers.keys() | other.consumers.keys()
        consumers = {
            name: Part(*map(sum, zip(self._part(name), other._part(name), strict=True)))  # noqa: SLF001
            for name in names
        }
        return Evidence(self.canary + other.canary, self.stable + other.stable, consumers)

    def __sub__(self, other: "Evidence") -> "Evidence":
        consumers = {
            name: Part(*(a - b for a, b in zip(part, other._part(name), strict=True)))  # noqa: SLF001
            for name, part in self.consumers.items()
        }
        return Evidence(self.canary - other.canary, self.stable - other.stable, consumers)

    def _part(self, name: str) -> Part:
        return self.consumers.get(name, _NO_PART)


_NO_PART: Final = Part(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check came to. reason: for people. p_errors, p_latency: None where nothing was tested.

    excluded: the consumer without whom errors were compared, "" for none.
    """

    decision: Decision
    reason: str
    p_errors: float | None = None
    p_latency: float | None = None
    excluded: str = ""


def judge(terms: Terms, evidence: Evidence, check: int, *, extended: bool = False) -> Verdict:
    """Judge by what has been counted so far.

    check: from 1 to `terms.checks`; the last one decides. extended: the checks run for the second time.
    """
    last = check >= terms.checks
    fewest = min(evidence.canary.requests, evidence.stable.requests)
    if fewest < terms.min_requests:
        reason = (
            f"too few requests: canary {evidence.canary.requests}, stable {evidence.stable.requests}, "
            f"at least {terms.min_requests} are asked for"
        )
        if not last:
            return Verdict("go_on", reason)
        return Verdict(terms.on_insufficient if extended else "extend", reason)
    compared, excluded = _without_loudest(evidence)
    canary, stable = compared.canary, compared.stable
    p_errors = fisher(canary.errors, canary.requests, stable.errors, stable.requests)
    p_latency = _p_latency(evidence.canary.latencies, evidence.stable.latencies, terms.p95_ratio)
    errors = (
        f"errors {canary.errors} of {canary.requests} against {stable.errors} of {stable.requests}"
        + (f" without {excluded}" if excluded else "")
    )
    p95s = [_shown(quantile(each.latencies, P95)) for each in (evidence.canary, evidence.stable)]
    latency = f"p95 {p95s[0]} against {p95s[1]}"
    against = []
    if p_errors <= terms.threshold:
        against.append(f"{errors} (p = {p_errors:.2g})")
    if p_latency <= terms.threshold:
        against.append(f"{latency}, more than {terms.p95_ratio:g} times (p = {p_latency:.2g})")
    if against:
        reason = f"worse: {'; '.join(against)}; each p must be above {terms.threshold:.2g}"
        return Verdict(terms.on_failure, reason, p_errors, p_latency, excluded)
    decision: Decision = terms.on_success if last else "go_on"
    return Verdict(decision, f"not worse: {errors}; {latency}", p_errors, p_latency, excluded)


def _p_latency(canary: tuple[int, ...], stable: tuple[int, ...], ratio: float) -> float:
    """Test that the canary's p95 is at most `ratio` times the stable one.

    What shares the bucket in which that would lie does not count as slower: for the canary's benefit.
    """
    of_stable, of_canary = sum(stable), sum(canary)
    rank = rank_of(P95, of_stable)
    above = bucket_of_rank(stable, rank) + buckets_apart(ratio)
    return precedence(sum(canary[above + 1 :]), of_canary, rank, of_stable)


def _without_loudest(evidence: Evidence) -> tuple[Evidence, str]:
    """Leave out who has more than half of the canary's errors, if others use it too.

    One client's retries are not independent of each other, which the test takes for granted.
    """
    canary, stable = evidence.canary, evidence.stable
    for name, part in evidence.consumers.items():
        if 2 * part.errors > canary.errors and canary.requests > part.requests:
            rest = stable.requests - part.stable_requests
            if rest == 0:
                break
            return (
                Evidence(
                    replace(
                        canary,
                        requests=canary.requests - part.requests,
                        errors=canary.errors - part.errors,
                    ),
                    replace(stable, requests=rest, errors=stable.errors - part.stable_errors),
                ),
                name,
            )
    return evidence, ""


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


# -- records --------------------------------------------------------------------------------------


def check_record(
    terms: Terms, evidence: Evidence, check: int, verdict: Verdict, *, extended: bool
) -> dict[str, Any]:
    """Write down a check, as JSON values, so that it can be judged again and read by people."""
    canary, stable = evidence.canary, evidence.stable
    both = canary.requests > 0 and stable.requests > 0
    z = pooled_z(canary.errors, canary.requests, stable.errors, stable.requests) if both else None
    return {
        "check": check,
        "extended": extended,
        "terms": asdict(terms),
        "threshold": terms.threshold,
        "evidence": evidence_record(evidence),
        "decision": verdict.decision,
        "reason": verdict.reason,
        "p_errors": verdict.p_errors,
        "p_latency": verdict.p_latency,
        "z_errors": z,
        "excluded": verdict.excluded,
    }


def judge_again(record: Mapping[str, Any]) -> Verdict:
    """Judge by what a record says, as the check did."""
    return judge(
        Terms(**record["terms"]),
        read_evidence(record["evidence"]),
        record["check"],
        extended=record["extended"],
    )


def evidence_record(evidence: Evidence) -> dict[str, Any]:
    """Write evidence as JSON values. Consumers without errors at the canary change no judgement."""
    return {
        "canary": _side_record(evidence.canary),
        "stable": _side_record(evidence.stable),
        "consumers": {name: list(part) for name, part in evidence.consumers.items() if part.errors},
    }


def read_evidence(record: Mapping[str, Any]) -> Evidence:
    """Read what `evidence_record` wrote."""
    consumers = {name: Part(*part) for name, part in record["consumers"].items()}
    return Evidence(_read_side(record["canary"]), _read_side(record["stable"]), consumers)


def _side_record(side: Side) -> dict[str, Any]:
    """Write a side; buckets without requests are left out."""
    milliseconds = {
        f"p{share * 100:g}_ms": min(quantile(side.latencies, share), LATENCIES[-1]) * 1000
        for share in (0.5, 0.95, 0.99)
    }
    buckets = [[at, count] for at, count in enumerate(side.latencies) if count]
    return {
        "requests": side.requests,
        "errors": side.errors,
        **milliseconds,
        "latencies": buckets,
    }


def _read_side(record: Mapping[str, Any]) -> Side:
    counts = [0] * (len(LATENCIES) + 1)
    for at, count in record["latencies"]:
        counts[at] = count
    return Side(record["requests"], record["errors"], tuple(counts))
