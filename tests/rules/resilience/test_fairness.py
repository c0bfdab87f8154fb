"""Whose turn it is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.fairness import DeficitRoundRobin


def test_slots_are_shared_out_evenly():
    turns = DeficitRoundRobin(1.0)
    assert turns.deal({"a": 9, "b": 9, "c": 1}, 7) == {"a": 3, "b": 3, "c": 1}


def test_one_alone_gets_all_whatever_it_costs():
    turns = DeficitRoundRobin(0.1)
    for _ in range(3):
        assert turns.deal({"a": 5}, 3) == {"a": 3}
        turns.charge("a", 1000.0)


def test_who_could_use_none_gets_none():
    assert DeficitRoundRobin(1.0).deal({"a": 0}, 5) == {}
    assert DeficitRoundRobin(1.0).deal({"a": 5}, 0) == {}


def test_who_costs_more_than_others_is_passed_over_while_they_want_their_turns():
    turns = DeficitRoundRobin(1.0)
    dealt = Counter()
    for _ in range(200):
        for key, count in turns.deal({"slow": 1, "quick": 1}, 1).items():
            dealt[key] += count
            turns.charge(key, count * {"slow": 15.0, "quick": 0.5}[key])
    assert 8 <= dealt["slow"] <= 20


def test_debts_are_not_forgotten_by_going_away_for_a_moment():
    turns = DeficitRoundRobin(1.0)
    turns.deal({"slow": 1}, 1)
    turns.charge("slow", 50.0)
    turns.deal({"quick": 1}, 1)
    assert turns.deal({"slow": 1, "quick": 1}, 1) == {"quick": 1}


def test_nobody_saves_up_turns_while_it_wants_none():
    turns = DeficitRoundRobin(1.0)
    for _ in range(100):
        turns.deal({"a": 1}, 1)
        turns.charge("a", 1.0)
    dealt = turns.deal({"a": 50, "b": 50}, 20)
    assert abs(dealt["a"] - dealt["b"]) <= 1


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5)),
            st.integers(0, 12),
            st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 30)),
        ),
        max_size=12,
    )
)
def test_no_slot_is_left_that_somebody_could_use_and_nobody_gets_more_than_it_could(rounds):
    turns = DeficitRoundRobin(0.7)
    for wishes, slots, costs in rounds:
        dealt = turns.deal(wishes, slots)
        assert sum(dealt.values()) == min(slots, sum(wishes.values()))
        assert all(0 < count <= wishes[key] for key, count in dealt.items())
        for key, cost in costs.items():
            turns.charge(key, cost)
