from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.bucket import PASSED, SECOND, Grant, Rule

TEN_A_SECOND = Rule("r", limit=10, window=1.0, burst=3)
T = SECOND // 10


def test_interval_is_rounded_up_so_that_the_limit_holds():
    assert Rule("r", limit=3, window=1.0, burst=1).interval == 333_333_334
    assert Rule("r", limit=10_000, window=1.0, burst=1).interval == 100_000
    assert Rule("r", limit=1, window=86_400.0, burst=1).interval == 86_400 * SECOND


@pytest.mark.parametrize(
    ("stored", "n", "tat"),
    [
        (0, 1, 1000 + T),
        (1000, 3, 1000 + 3 * T),
        (0, 4, None),
        (1000 + 2 * T, 1, 1000 + 3 * T),
        (1000 + 2 * T, 2, None),
        (1000 + 2 * T + 1, 1, None),
    ],
    ids=[
        "full",
        "whole burst",
        "more than the burst",
        "last one",
        "too many",
        "a nanosecond early",
    ],
)
def test_take(stored, n, tat):
    assert TEN_A_SECOND.take(stored, 1000, n) == tat


def test_the_wait_is_over_when_a_request_may_pass():
    assert TEN_A_SECOND.wait(1000 + 3 * T, 1000, 1) == T
    assert TEN_A_SECOND.wait(1000 + 2 * T, 1000, 1) == 0
    assert TEN_A_SECOND.wait(0, 1000, 4) == T


def test_grants_describe_the_bucket():
    assert TEN_A_SECOND.granted(1000 + T, 1000) == Grant(True, 2, 0.1, 0.0)
    assert TEN_A_SECOND.granted(1000 + 3 * T, 1000) == Grant(True, 0, 0.3, 0.0)


def test_a_limit_that_nobody_is_told_of_is_the_same_limit():
    quiet = replace(TEN_A_SECOND, told=False)
    assert (quiet, str(quiet), hash(quiet)) == (TEN_A_SECOND, str(TEN_A_SECOND), hash(TEN_A_SECOND))
    assert quiet.granted(1000 + T, 1000) is PASSED
    assert quiet.refused(1000 + 4 * T, 1000, 1) == TEN_A_SECOND.refused(1000 + 4 * T, 1000, 1)
    assert TEN_A_SECOND.refused(1000 + 3 * T, 1000, 1) == Grant(False, 0, 0.3, 0.1)
    assert TEN_A_SECOND.refused(0, 1000, 4) == Grant(False, 3, 0.0, 0.1)


rules = st.builds(
    Rule,
    name=st.just("r"),
    limit=st.integers(1, 1000),
    window=st.sampled_from([1.0, 60.0, 0.5]),
    burst=st.integers(1, 8),
)


@given(rules, st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, 9)), max_size=30))
def test_gcra_is_the_token_bucket(rule, attempts):
    """Against the textbook form in exact fractions: tokens refill at 1/interval up to the burst."""
    now, stored = 5 * SECOND, 0
    tokens, last = Fraction(rule.burst), now
    for pause, n in attempts:
        now += pause
        tokens = min(Fraction(rule.burst), tokens + Fraction(now - last, rule.interval))
        last = now
        tat = rule.take(stored, now, n)
        assert (tat is not None) == (tokens >= n)
        if tat is None:
            grant = rule.refused(stored, now, n)
            assert grant.retry_after == pytest.approx(float((n - tokens) * rule.interval / SECOND))
        else:
            stored, tokens = tat, tokens - n
            grant = rule.granted(tat, now)
        assert grant.remaining == int(tokens)
        assert grant.reset == pytest.approx(float((rule.burst - tokens) * rule.interval / SECOND))
