"""Owns exact tests of two samples against each other: Fisher's for shares, the precedence test for quantiles.

Pure, and free of assumptions about distributions: no normal approximation, no resampling.
"""

from collections.abc import Callable
from math import ceil, exp, inf, lgamma, log, sqrt
from typing import Final

_NEGLIGIBLE: Final = 1e-17
"""Of a sum: further terms of this size change none of its digits."""

_LARGE: Final = 1e200

_ROUNDING: Final = 1e-9
"""What a product of floats may be off: 0.95 times 60 is 57, not a little more."""


def fisher(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Return the one-sided p value that the first sample's share of hits is no larger than the other's.

    This is the chance of `hits` or more among `trials` where all hits fall on both samples at random
    (hypergeometric). trials, other_trials: at least 1.
    """
    together = hits + other_hits
    most = min(trials, together)
    first = (
        _log_choose(trials, hits)
        + _log_choose(other_trials, other_hits)
        - _log_choose(trials + other_trials, together)
    )

    def ratio(at: int) -> float:
        return (trials - at) * (together - at) / ((at + 1) * (other_trials - together + at + 1))

    return _tail(first, ratio, hits, most)


def precedence(above: int, trials: int, rank: int, other_trials: int) -> float:
    """Return the p value that the first sample's values are not larger than the other's.

    This is the chance that `above` or more of `trials` values exceed the one of `rank` (from 1, ascending)
    among `other_trials`, where all come from one continuous distribution: BetaBinomial(trials,
    other_trials - rank + 1, rank). Where values are tied the true chance is smaller.
    """
    a, b = other_trials - rank + 1, rank
    first = _log_choose(trials, above) + _log_beta(above + a, trials - above + b) - _log_beta(a, b)

    def ratio(at: int) -> float:
        return (trials - at) * (at + a) / ((at + 1) * (trials - at - 1 + b))

    return _tail(first, ratio, above, trials)


def pooled_z(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Return how many standard errors the first share lies above the other, with Yates' correction.

    For people to look at; nothing is decided by it.
    """
    pooled = (hits + other_hits) / (trials + other_trials)
    spread = sqrt(pooled * (1 - pooled) * (1 / trials + 1 / other_trials))
    correction = (1 / trials + 1 / other_trials) / 2
    return (hits / trials - other_hits / other_trials - correction) / spread if spread else 0.0


def _tail(log_first: float, ratio: Callable[[int], float], low: int, high: int) -> float:
    """Add up a term, given as its logarithm, and its successors.

    ratio: of the term at `at + 1` to that at `at`. Terms are counted in units of the first one, which may
    be smaller than any float.
    """
    total = term = 1.0
    for at in range(low, high):
        factor = ratio(at)
        term *= factor
        total += term
        if factor < 1.0 and term < total * _NEGLIGIBLE:
            break
        if total > _LARGE:
            log_first, term, total = log_first + log(total), term / total, 1.0
    return min(exp(log_first + log(total)), 1.0)


def _log_choose(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)


def _log_beta(a: int, b: int) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


GROWTH: Final = 1.2**0.25
"""Each bucket of latencies ends this much later than the one before: a factor of 1.2 is four buckets."""

SHORTEST: Final = 0.0001
"""Seconds at which the first bucket ends."""

LATENCIES: Final = tuple(SHORTEST * GROWTH**at for at in range(304))
"""Upper ends of the buckets in seconds, to 100 s; one more takes what is longer."""


def bucket_of_rank(counts: tuple[int, ...], rank: int) -> int:
    """Return the bucket that holds the value of a rank, from 1, ascending; at most the sum of all."""
    for at, count in enumerate(counts):
        rank -= count
        if rank <= 0:
            return at
    raise ValueError(rank)


def quantile(counts: tuple[int, ...], share: float) -> float:
    """Return the upper end of the bucket with a quantile, in seconds; 0.0 where nothing was counted."""
    total = sum(counts)
    if total == 0:
        return 0.0
    at = bucket_of_rank(counts, rank_of(share, total))
    return LATENCIES[at] if at < len(LATENCIES) else inf


def rank_of(share: float, total: int) -> int:
    """Return the rank of a quantile among `total` values, from 1. share: above 0.0, at most 1.0."""
    return max(1, ceil(share * total - _ROUNDING))


def buckets_apart(ratio: float) -> int:
    """Return by how many buckets a value moves that grows by `ratio`, rounded up; 1.2 is 4."""
    return max(0, ceil(log(ratio) / log(GROWTH) - _ROUNDING))
