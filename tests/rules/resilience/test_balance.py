"""Choosing a target."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.balance import BALANCES, least_request, round_robin

LOADS = st.lists(st.integers(0, 50), min_size=1, max_size=8)


@pytest.mark.parametrize("name", sorted(BALANCES))
@given(turn=st.integers(0, 10**9), loads=LOADS)
def test_the_choice_is_always_a_candidate(name: str, turn: int, loads: list[int]):
    assert 0 <= BALANCES[name](turn, loads) < len(loads)


@given(loads=LOADS, rounds=st.integers(1, 5), start=st.integers(0, 100))
def test_round_robin_gives_everyone_the_same(loads: list[int], rounds: int, start: int):
    picks = Counter(round_robin(start + n, loads) for n in range(rounds * len(loads)))
    assert set(picks.values()) == {rounds}


@given(turn=st.integers(0, 1000), loads=LOADS)
def test_least_request_takes_a_lightest(turn: int, loads: list[int]):
    assert loads[least_request(turn, loads)] == min(loads)


def test_least_request_spreads_over_equals():
    assert [least_request(turn, [0, 0, 0]) for turn in range(6)] == [0, 1, 2, 0, 1, 2]
