"""Draws from a seed: even, in bounds, and the same from the same seed."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.lang.chance import Chance

seeds = st.binary(max_size=40)


def drawn(chance):
    return [chance.fraction(), chance.below(1000), chance.uuid(), chance.shuffled(range(9))]


@given(seeds)
def test_the_same_seed_draws_the_same(seed):
    assert drawn(Chance(seed)) == drawn(Chance(seed))


def test_other_seeds_and_later_draws_differ():
    chance = Chance(b"one")
    assert len({chance.fraction(), chance.fraction(), Chance(b"two").fraction()}) == 3


@given(seeds, st.integers(1, 2**64))
def test_draws_are_in_bounds(seed, bound):
    chance = Chance(seed)
    assert 0 <= chance.fraction() < 1
    assert 0 <= chance.below(bound) < bound


@given(seeds, st.lists(st.integers()))
def test_shuffling_keeps_every_item(seed, items):
    assert sorted(Chance(seed).shuffled(items)) == sorted(items)


@given(seeds)
def test_ids_are_uuids_of_version_4(seed):
    text = Chance(seed).uuid()
    found = uuid.UUID(text)
    assert (str(found), found.version, found.variant) == (text, 4, uuid.RFC_4122)


def test_draws_are_even():
    chance = Chance(b"even")
    counts = [0] * 4
    for _ in range(4000):
        counts[chance.below(4)] += 1
    assert counts == pytest.approx([1000] * 4, rel=0.15)
