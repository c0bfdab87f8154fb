"""Shares of traffic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.split import chosen, point_of


@pytest.mark.parametrize(
    ("point", "at"), [(0.0, 0), (0.24, 0), (0.25, 1), (0.74, 1), (0.75, 2), (0.999, 2)]
)
def test_a_point_falls_into_a_share_or_the_rest(point, at):
    assert chosen([0.25, 0.5], point) == at


def test_a_share_of_nothing_is_never_chosen():
    assert chosen([0.0], 0.0) == 1


def test_a_share_of_everything_is_always_chosen():
    assert chosen([1.0], 1.0 - 2**-53) == 0


@given(st.text())
def test_a_key_has_one_point(key):
    assert point_of(key) == point_of(key)
    assert 0.0 <= point_of(key) < 1.0


def test_keys_are_spread_evenly():
    picks = [chosen([0.1], point_of(f"practice-{number}")) for number in range(5000)]
    assert 400 < picks.count(0) < 600
