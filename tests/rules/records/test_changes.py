"""How one version follows another: what counts as a change, which versions fit, what a merge leaves."""

import pytest

from frontdesk.rules.records.changes import follows, is_dirty, merged
from frontdesk.rules.records.record import CommandInput, Record
from frontdesk.rules.records.refusals import InvalidRecordError

KEY = {"pk": "ORDER#acme", "sk": "1"}


def asked(**values):
    return CommandInput(**{**KEY, **values})


@pytest.mark.parametrize(
    ("one", "other", "dirty"),
    [
        ({}, {}, False),
        ({"name": "a"}, {"name": "a"}, False),
        ({"name": "a"}, {"name": "b"}, True),
        ({"version": 3}, {"version": 1}, False),
        ({"ttl": 1}, {}, True),
        ({"seq": 0}, {}, True),
        ({"is_deleted": None}, {}, False),
        ({"is_deleted": False}, {}, True),
        ({"attributes": {"a": None}}, {"attributes": {}}, False),
        ({"attributes": {"a": {"b": None, "c": 1}}}, {"attributes": {"a": {"c": 1}}}, False),
        ({"attributes": {"a": [1, {"b": 2}]}}, {"attributes": {"a": [1, {"b": 2}]}}, False),
        ({"attributes": {"a": [1, 2]}}, {"attributes": {"a": [2, 1]}}, True),
        ({"attributes": {"a": [1]}}, {"attributes": {"a": [1, 1]}}, True),
        ({"attributes": {"a": True}}, {"attributes": {"a": 1}}, True),
        ({"attributes": {"a": 1.0}}, {"attributes": {"a": 1}}, False),
        ({"attributes": {}}, {}, True),
    ],
)
def test_what_counts_as_a_change(one, other, dirty):
    assert is_dirty(asked(**one), asked(**other)) is dirty
    assert is_dirty(asked(**other), asked(**one)) is dirty


@pytest.mark.parametrize(
    ("version", "known", "expected"),
    [(0, None, 1), (-1, None, 1), (3, 3, 4), (-1, 3, 4)],
)
def test_a_version_follows(version, known, expected):
    assert follows(asked(version=version), known) == expected


@pytest.mark.parametrize(("version", "known"), [(1, None), (0, 3), (2, 3), (4, 3), (-2, 3)])
def test_a_version_does_not_follow(version, known):
    with pytest.raises(InvalidRecordError, match="must be equal to the latest version"):
        follows(asked(version=version), known)


KNOWN = Record(
    **KEY,
    version=4,
    name="tea",
    ttl=99,
    seq=1,
    attributes={"to": {"city": "Oslo", "zip": "1"}, "lines": [1, 2], "note": "x"},
    sync_mode="SYNC",
)


@pytest.mark.parametrize(
    ("partial", "expected"),
    [
        ({}, {}),
        ({"name": "milk"}, {"name": "milk"}),
        ({"ttl": 5}, {"ttl": 5}),
        ({"isDeleted": True}, {"is_deleted": True}),
        ({"seq": None}, {"seq": None}),
        (
            {"attributes": {"to": {"zip": "2"}, "lines": [3], "note": None}},
            {"attributes": {"to": {"city": "Oslo", "zip": "2"}, "lines": [3], "note": None}},
        ),
        (
            {"attributes": {"to": "pick up"}},
            {"attributes": {**KNOWN.attributes, "to": "pick up"}},
        ),
    ],
)
def test_a_merge_goes_into_objects_and_drops_the_ttl(partial, expected):
    usual = {"version": 4, "name": "tea", "seq": 1, "attributes": KNOWN.attributes}
    assert merged({**KEY, "version": 4, **partial}, KNOWN) == asked(**{**usual, **expected})
