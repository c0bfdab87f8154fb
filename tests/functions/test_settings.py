"""What follows from a definition alone: the choice of an alias, and who stands ready."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.functions.settings import Alias, FunctionDefinition, FunctionSettings

CODE = FunctionSettings(name="f", code=Path())


@pytest.mark.parametrize(("draw", "version"), [(0.0, "2"), (0.099, "2"), (0.1, "1"), (0.999, "1")])
def test_an_alias_chooses_by_weight(draw, version):
    assert Alias(version="1", weights={"2": 0.1}).choose(draw) == version
    assert Alias(version="1").choose(draw) == "1"


@pytest.mark.parametrize(
    ("provisioned", "counts"),
    [
        ({}, {}),
        ({"1": 2}, {"1": 2}),
        ({"plain": 2, "1": 1}, {"1": 3}),
        ({"split": 10}, {"1": 8, "2": 2}),
        ({"split": 1}, {"1": 1, "2": 0}),
        ({"$LATEST": 3}, {"$LATEST": 3}),
    ],
)
def test_children_of_an_alias_are_shared_out_by_weight(provisioned, counts):
    aliases = {"plain": Alias(version="1"), "split": Alias(version="1", weights={"2": 0.25})}
    definition = FunctionDefinition(name="f", latest=CODE, aliases=aliases, provisioned=provisioned)
    assert definition.provisioned_versions() == counts


@given(st.floats(0.001, 0.999), st.integers(1, 1000))
def test_no_child_is_lost_in_sharing_out(weight, count):
    definition = FunctionDefinition(
        name="f",
        latest=CODE,
        aliases={"a": Alias(version="1", weights={"2": weight})},
        provisioned={"a": count},
    )
    assert sum(definition.provisioned_versions().values()) == count
