"""Addresses of ours take turns, and rest when a backend has had enough of them."""

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.egress import Rotation


def test_addresses_take_turns():
    rotation = Rotation(3, 60.0)
    assert [rotation.choose(100.0) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


def test_a_limited_one_rests_as_long_as_asked():
    rotation = Rotation(2, 60.0)
    rotation.limited(0, 100.0, 5.0)
    assert [rotation.choose(104.9) for _ in range(2)] == [1, 1]
    assert 0 in [rotation.choose(105.0) for _ in range(2)]


def test_rests_of_our_own_double_until_it_is_served():
    rotation = Rotation(1, 60.0)
    waits, now = [], 100.0
    for _ in range(6):
        rotation.limited(0, now, None)
        waits.append(rotation.wait(now))
        now += waits[-1]
    assert waits == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0]
    rotation.served(0)
    rotation.limited(0, now, None)
    assert rotation.wait(now) == 60.0


def test_while_all_rest_none_is_chosen():
    rotation = Rotation(3, 60.0)
    for at, asked in ((0, 3.0), (1, 1.0), (2, 2.0)):
        rotation.limited(at, 100.0, asked)
    assert (rotation.choose(100.5), rotation.wait(100.5)) == (None, 0.5)
    assert rotation.choose(101.0) == 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 90), st.booleans()), max_size=40))
def test_nobody_who_rests_is_chosen(steps):
    rotation, until, now = Rotation(3, 60.0), [0, 0, 0], 100
    for at, seconds, limited in steps:
        now += seconds // 3
        if limited:
            rotation.limited(at, now, float(seconds))
            until[at] = max(until[at], now + seconds)
        chosen = rotation.choose(now)
        if chosen is None:
            assert all(each > now for each in until)
            assert rotation.wait(now) == min(until) - now
        else:
            assert until[chosen] <= now
