"""When a canary is promoted, rolled back or left alone, and how often by mistake."""

import json
import random
from bisect import bisect_left
from itertools import accumulate

import pytest

from frontdesk.rules.canary import (
    Evidence,
    Part,
    Side,
    Terms,
    check_record,
    evidence_record,
    judge,
    judge_again,
    read_evidence,
)
from frontdesk.rules.statistics import LATENCIES

FAST, SLOW = 80, 100  # 3.8 ms, 9.5 ms


def side(requests, errors=0, *, at=FAST, slow=0):
    counts = [0] * (len(LATENCIES) + 1)
    counts[at] = requests - slow
    counts[SLOW] += slow
    return Side(requests, errors, tuple(counts))


def evidence(canary, stable, consumers=None):
    return Evidence(canary, stable, consumers or {})


HEALTHY = evidence(side(102, 1), side(900, 9))
FAILING = evidence(side(102, 12), side(900, 9))
SLOWER = evidence(side(600, slow=300), side(5400))
FEW = evidence(side(99, 99), side(900))


@pytest.mark.parametrize(
    ("counted", "check", "extended", "decision"),
    [
        (HEALTHY, 1, False, "go_on"),
        (HEALTHY, 6, False, "promote"),
        (FAILING, 1, False, "rollback"),
        (FAILING, 6, False, "rollback"),
        (SLOWER, 2, False, "rollback"),
        (FEW, 1, False, "go_on"),
        (FEW, 6, False, "extend"),
        (FEW, 5, True, "go_on"),
        (FEW, 6, True, "hold"),
        (HEALTHY, 6, True, "promote"),
        (evidence(side(900), side(99)), 1, False, "go_on"),
    ],
    ids=[
        *("healthy", "healthy at the end", "failing", "failing at the end", "slower", "few"),
        *("few at the end", "few again", "few at the last end", "healthy at the last end"),
        "few stable ones",
    ],
)
def test_a_check_decides(counted, check, extended, decision):
    assert judge(Terms(), counted, check, extended=extended).decision == decision


@pytest.mark.parametrize(
    ("terms", "counted", "decision"),
    [
        (Terms(on_success="hold"), HEALTHY, "hold"),
        (Terms(on_failure="hold"), FAILING, "hold"),
        (Terms(on_insufficient="rollback"), FEW, "rollback"),
        (Terms(min_requests=99), FEW, "rollback"),
        (Terms(alpha=1e-9), FAILING, "promote"),
        (Terms(p95_ratio=3.0), SLOWER, "promote"),
    ],
    ids=["success", "failure", "too few", "fewer are enough", "alpha", "ratio"],
)
def test_the_terms_say_what_comes_of_it(terms, counted, decision):
    assert judge(terms, counted, 6, extended=True).decision == decision


def test_the_reason_has_the_numbers():
    verdict = judge(Terms(), FAILING, 2)
    assert verdict.reason.startswith("worse: errors 12 of 102 against 9 of 900 (p = ")
    assert verdict.reason.endswith("each p must be above 0.0042")
    assert judge(Terms(), FEW, 1).reason == (
        "too few requests: canary 99, stable 900, at least 100 are asked for"
    )


def test_latencies_within_four_buckets_are_not_slower():
    assert judge(Terms(), evidence(side(600, at=FAST + 4), side(600)), 6).decision == "promote"
    assert judge(Terms(), evidence(side(600, at=FAST + 5), side(600)), 6).decision == "rollback"


def test_one_client_s_retries_do_not_roll_back():
    loud = {"practice_a": Part(40, 12, 300, 3), "practice_b": Part(62, 0, 600, 6)}
    verdict = judge(Terms(), evidence(FAILING.canary, FAILING.stable, loud), 6)
    assert verdict.decision == "promote"
    assert verdict.excluded == "practice_a"
    assert "errors 0 of 62 against 6 of 600 without practice_a" in verdict.reason


def test_the_only_client_of_a_canary_counts():
    alone = {"practice_a": Part(102, 12, 300, 3)}
    verdict = judge(Terms(), evidence(FAILING.canary, FAILING.stable, alone), 6)
    assert verdict.decision == "rollback"
    assert verdict.excluded == ""


@pytest.mark.parametrize("counted", [HEALTHY, FAILING, SLOWER, FEW, Evidence()])
def test_a_record_can_be_judged_again_from_itself(counted):
    verdict = judge(Terms(), counted, 6, extended=True)
    record = check_record(Terms(), counted, 6, verdict, extended=True)
    kept = json.loads(json.dumps(record))
    assert judge_again(kept) == verdict
    assert read_evidence(kept["evidence"]) == counted


def test_evidence_adds_up_and_can_be_taken_off():
    consumers = {"a": Part(1, 1, 2, 0)}
    counted = Evidence(side(10, 1), side(20, 2, slow=3), consumers)
    assert counted - Evidence() == counted
    assert (counted + counted) - counted == counted
    assert read_evidence(evidence_record(counted)) == counted


def lognormal(rng):
    return [rng.lognormvariate(-5.0, 1.0) for _ in range(20_000)]


def bimodal(rng):
    return [rng.lognormvariate(-7.0 if rng.random() < 0.8 else -2.0, 0.3) for _ in range(20_000)]


def _weights(sample):
    counts = [0] * (len(LATENCIES) + 1)
    for value in sample:
        counts[bisect_left(LATENCIES, value)] += 1
    return list(accumulate(counts))


def _some(rng, requests, rate, weights):
    counts = [0] * (len(LATENCIES) + 1)
    for at in rng.choices(range(len(counts)), cum_weights=weights, k=requests):
        counts[at] += 1
    return Side(requests, sum(rng.random() < rate for _ in range(requests)), tuple(counts))


def _rolled_back(rng, rate, weights, *, canary_rate=None):
    """Play one canary: 120 requests against 480 stable ones, six checks on the way."""
    counted = Evidence()
    for check in range(1, 7):
        counted += Evidence(
            _some(rng, 20, rate if canary_rate is None else canary_rate, weights),
            _some(rng, 80, rate, weights),
        )
        decision = judge(Terms(), counted, check).decision
        if decision != "go_on":
            return decision == "rollback"
    raise AssertionError("the last check decides")


def _share(trials, **canary):
    rng = random.Random(1967)
    shapes = [_weights(lognormal(rng)), _weights(bimodal(rng))]
    rates = (0.0, 0.01, 0.1)
    cases = [(rate, shape) for rate in rates for shape in shapes]
    played = [_rolled_back(rng, *cases[at % len(cases)], **canary) for at in range(trials)]
    return sum(played) / trials


def test_a_canary_like_the_stable_side_is_seldom_rolled_back():
    assert _share(2000) <= 0.05


def test_a_failing_canary_is_rolled_back():
    assert _share(60, canary_rate=0.5) == 1.0
