"""Definitions are judged alike, however long they are."""

import json

import pytest

from frontdesk.durable.diagnosis import diagnosed


@pytest.mark.parametrize("comment", [10, 40_000])
async def test_long_and_short_ones_are_judged_alike(comment):
    states = {"a": {"Type": "Pass", "Next": "b"}}
    text = json.dumps({"Comment": "x" * comment, "StartAt": "a", "States": states})
    found = await diagnosed(text, express=False)
    assert [str(one.code) for one in found] == ["MISSING_TRANSITION_TARGET", "MISSING_END_STATE"]
