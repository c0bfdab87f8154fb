"""Exact tests against big integers, and buckets of latencies."""

from fractions import Fraction
from math import comb, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.statistics import (
    GROWTH,
    LATENCIES,
    bucket_of_rank,
    buckets_apart,
    fisher,
    pooled_z,
    precedence,
    quantile,
    rank_of,
)


def exact_fisher(x, n, y, m):
    tail = sum(comb(n, i) * comb(m, x + y - i) for i in range(x, min(n, x + y) + 1))
    return Fraction(tail, comb(n + m, x + y))


def exact_precedence(above, n, rank, m):
    """Of all orders of n + m values: how many leave `above` or more of the n behind the m's `rank`-th."""
    tail = sum(
        comb(n - i + rank - 1, rank - 1) * comb(i + m - rank, m - rank) for i in range(above, n + 1)
    )
    return Fraction(tail, comb(n + m, m))


def close(p, exact):
    return p == pytest.approx(float(exact), rel=1e-7, abs=1e-300)


@pytest.mark.parametrize(
    "row",
    [
        (0, 102, 0, 900),
        (5, 102, 1, 900),
        (1, 1, 0, 1),
        (10, 102, 9, 900),
        (12, 600, 5, 5400),
        (102, 102, 0, 900),
        (150, 3000, 270, 27000),
        (300, 300, 0, 2700),
        (0, 300, 2700, 2700),
    ],
    ids=str,
)
def test_fisher_is_the_tail_of_the_hypergeometric_distribution(row):
    assert close(fisher(*row), exact_fisher(*row))


@pytest.mark.parametrize(
    "row",
    [
        (0, 102, 855, 900),
        (5, 102, 855, 900),
        (20, 102, 855, 900),
        (102, 102, 855, 900),
        (60, 600, 5130, 5400),
        (1, 1, 1, 1),
        (0, 900, 7695, 8100),
    ],
    ids=str,
)
def test_precedence_counts_orders(row):
    assert close(precedence(*row), exact_precedence(*row))


sizes = st.integers(1, 400)


@given(sizes, sizes, st.data())
def test_fisher_agrees_with_big_integers(n, m, data):
    x, y = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    assert close(fisher(x, n, y, m), exact_fisher(x, n, y, m))


@given(sizes, sizes, st.data())
def test_precedence_agrees_with_big_integers(n, m, data):
    above, rank = data.draw(st.integers(0, n)), data.draw(st.integers(1, m))
    assert close(precedence(above, n, rank, m), exact_precedence(above, n, rank, m))


def test_the_shown_z_is_the_pooled_one():
    # (10/100 - 50/1000 - 0.0055) / sqrt(60/1100 * 1040/1100 * 0.011)
    assert pooled_z(10, 100, 50, 1000) == pytest.approx(1.8685, abs=1e-3)
    assert pooled_z(0, 100, 0, 100) == 0.0
    assert pooled_z(100, 100, 7, 7) == 0.0


def test_a_factor_of_1_2_is_four_buckets():
    assert buckets_apart(1.2) == 4
    assert buckets_apart(1.0) == 0
    assert buckets_apart(1.21) == 5
    assert LATENCIES[4] / LATENCIES[0] == pytest.approx(1.2)
    assert LATENCIES[-1] * GROWTH > 100


def _counts(**buckets):
    counts = [0] * (len(LATENCIES) + 1)
    for name, count in buckets.items():
        counts[int(name[1:])] = count
    return tuple(counts)


def test_a_quantile_is_the_end_of_the_bucket_with_its_rank():
    counts = _counts(b10=94, b20=1, b30=5)
    assert rank_of(0.95, 100) == 95
    assert bucket_of_rank(counts, 94) == 10
    assert bucket_of_rank(counts, 95) == 20
    assert quantile(counts, 0.95) == LATENCIES[20]
    assert quantile(counts, 1.0) == LATENCIES[30]
    assert quantile(_counts(), 0.5) == 0.0
    assert quantile(_counts(b304=1), 0.5) == inf


@pytest.mark.parametrize(("total", "rank"), [(1, 1), (20, 19), (21, 20), (60, 57), (1000, 950)])
def test_a_rank_is_rounded_up_but_not_by_a_float_s_fault(total, rank):
    assert rank_of(0.95, total) == rank
