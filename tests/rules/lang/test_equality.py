"""The comparison of JSON values: equal as values are, at a counted cost, at any depth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.equality import same

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
)


def free(_steps):
    pass


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([0], [False], False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ([1, 2], [2, 1], False),
        ([], {}, False),
        (None, "", False),
    ],
)
def test_what_is_equal(one, other, equal):
    assert same(one, other, free) is equal


@given(VALUES, VALUES)
def test_it_agrees_with_itself_both_ways(one, other):
    assert same(one, one, free)
    assert same(one, other, free) is same(other, one, free)


def test_the_cost_is_counted_and_depth_is_free():
    spent = []
    deep, twin = [], []
    for _ in range(20_000):
        deep, twin = [deep], [twin]
    assert same(deep, twin, spent.append)
    assert sum(spent) > 20_000
