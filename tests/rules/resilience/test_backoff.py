"""Waits between attempts: the vectors, and the bounds of every jitter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.backoff import Backoff


@pytest.mark.parametrize(
    ("backoff", "waits"),
    [
        (Backoff(0.5, 10.0, jitter="none"), [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]),
        (Backoff(1.0, 10.0, 1.0, jitter="none"), [1.0, 1.0, 1.0]),
        (Backoff(1.0, 20.0, 3.0, jitter="none"), [1.0, 3.0, 9.0, 20.0]),
    ],
    ids=["doubling", "constant", "threefold"],
)
def test_waits_grow_up_to_the_maximum(backoff, waits):
    assert [backoff.wait(failed, 0.7) for failed in range(1, len(waits) + 1)] == waits


@pytest.mark.parametrize(
    ("jitter", "chance", "wait"),
    [("full", 0.0, 0.0), ("full", 0.5, 2.0), ("equal", 0.0, 2.0), ("equal", 1.0, 4.0)],
)
def test_jitter_takes_a_part_of_the_wait(jitter, chance, wait):
    assert Backoff(1.0, 60.0, jitter=jitter).wait(3, chance) == wait


def test_decorrelated_jitter_starts_at_the_wait_before():
    backoff = Backoff(1.0, 8.0, jitter="decorrelated")
    assert [backoff.wait(1, 0.5), backoff.wait(2, 0.5, 2.0), backoff.wait(3, 1.0, 5.0)] == [
        2.0,
        3.5,
        8.0,
    ]


@given(
    st.sampled_from(["none", "full", "equal", "decorrelated"]),
    st.integers(1, 10**6),
    st.floats(0.0, 1.0),
    st.floats(0.001, 60.0),
    st.floats(0.0, 600.0),
)
def test_no_wait_is_negative_or_beyond_the_maximum(jitter, failed, chance, base, previous):
    backoff = Backoff(base, 60.0, jitter=jitter)
    wait = backoff.wait(failed, chance, min(previous, 60.0))
    assert 0.0 <= wait <= 60.0
    if jitter in ("none", "full", "equal"):
        assert wait <= backoff.cap(failed)
    if jitter == "equal":
        assert wait >= backoff.cap(failed) / 2
    if jitter == "decorrelated":
        assert wait >= min(base, 60.0)
