"""Stages of versions: AWSPREVIOUS follows AWSCURRENT, and no stage is at two versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.secret_stages import CURRENT, PENDING, PREVIOUS, StageError, moved, placed

ONE = {"a": (CURRENT,)}
TWO = {"a": (PREVIOUS,), "b": (CURRENT,)}


@pytest.mark.parametrize(
    ("before", "version", "wanted", "after"),
    [
        ({}, "a", (CURRENT,), ONE),
        (ONE, "b", (CURRENT,), TWO),
        (TWO, "c", (CURRENT,), {"a": (), "b": (PREVIOUS,), "c": (CURRENT,)}),
        (ONE, "b", (PENDING,), {**ONE, "b": (PENDING,)}),
        (ONE, "b", ("x", CURRENT), {"a": (PREVIOUS,), "b": (CURRENT, "x")}),
        (ONE, "a", (CURRENT, "x"), {"a": (CURRENT, "x")}),
        ({**ONE, "b": (PENDING,)}, "b", (CURRENT,), {"a": (PREVIOUS,), "b": (CURRENT, PENDING)}),
    ],
    ids=["first", "second", "third", "pending", "own", "the same", "pending becomes current"],
)
def test_a_version_is_given_stages(before, version, wanted, after):
    assert placed(before, version, wanted) == after


@pytest.mark.parametrize(
    ("source", "target", "after"),
    [
        ("b", "a", {"a": (CURRENT,), "b": (PREVIOUS,)}),
        (None, "b", TWO),
    ],
    ids=["back", "where it is"],
)
def test_the_current_version_is_chosen(source, target, after):
    assert moved(TWO, CURRENT, source=source, target=target) == after


def test_a_stage_is_taken_off():
    assert moved({**ONE, "b": ("x",)}, "x", source="b", target=None) == {**ONE, "b": ()}


@pytest.mark.parametrize(
    ("stage", "source", "target", "why"),
    [
        (CURRENT, None, "a", "attached to version b"),
        (CURRENT, "a", None, "isn't attached to version a"),
        (CURRENT, "b", None, "can only be moved"),
        ("x", None, None, "Say a version"),
        (CURRENT, "b", "c", "no version c"),
    ],
    ids=["held by another", "not there", "current", "nothing said", "unknown"],
)
def test_what_cannot_be_moved_is_told(stage, source, target, why):
    with pytest.raises(StageError, match=why):
        moved(TWO, stage, source=source, target=target)


versions, stages = st.sampled_from("abcd"), st.sampled_from((CURRENT, PENDING, PREVIOUS, "x"))


@given(st.lists(st.tuples(versions, st.sets(stages, min_size=1)), min_size=1))
def test_a_stage_is_of_one_version_and_current_stays(puts):
    found = {}
    for version, wanted in puts:
        had = [stage for given in found.values() for stage in given]
        former = [each for each, given in found.items() if CURRENT in given]
        found = placed(found, version, wanted)
        held = [stage for given in found.values() for stage in given]
        assert sorted(held) == sorted(set(held))
        assert set(had) <= set(held)
        if CURRENT in wanted and former and former != [version]:
            assert PREVIOUS in found[former[0]]
