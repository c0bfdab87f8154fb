"""How records are named: tenants, versions, what is no key."""

import pytest

from frontdesk.rules.records.keys import Key, make_key, split_version, tenant_of, with_version
from frontdesk.rules.records.refusals import InvalidRecordError


@pytest.mark.parametrize(
    ("pk", "sk", "expected"),
    [
        ("ORDER#acme", "1", Key("ORDER#acme", "1")),
        ("ORDER#ACME", "1", Key("ORDER#acme", "1")),
        ("A#b#Tenant", "x#y#z", Key("A#b#tenant", "x#y#z")),
        ("ORDER#acme", "1@7", Key("ORDER#acme", "1", 7)),
        ("ORDER#acme", "a@b.c@12", Key("ORDER#acme", "a@b.c", 12)),
        ("ORDER#acme", "1@-1", Key("ORDER#acme", "1")),
        ("ORDER#åcme", "é", Key("ORDER#åcme", "é")),
    ],
)
def test_keys(pk, sk, expected):
    assert make_key(pk, sk) == expected


@pytest.mark.parametrize(
    ("pk", "sk"),
    [
        (None, "1"),
        ("", "1"),
        ("ORDER", "1"),
        ("ORDER#", "1"),
        ("#acme", "1"),
        (5, "1"),
        ("ORDER#acme", ""),
        ("ORDER#acme", None),
        ("ORDER#acme", "@1"),
        ("ORDER#acme", "ada@example.com"),
        ("ORDER#acme", "1@²"),
        ("ORDER#acme", "a\0b"),
        ("ORDER#acme", "\ud800"),
        ("ORDER#acme", "x" * 1025),
        ("ORDER#acme", f"1@{2**53}"),
        ("X" * 2048 + "#acme", "1"),
    ],
)
def test_no_keys(pk, sk):
    with pytest.raises(InvalidRecordError) as raised:
        make_key(pk, sk)
    assert raised.value.status == 400


def test_the_tenant_is_what_stands_behind_the_last_separator():
    assert tenant_of("A#b#Common") == "common"


def test_versions_are_taken_off_and_put_on():
    assert split_version(with_version("a@b", 3)) == ("a@b", 3)


def test_an_id_has_no_version():
    assert make_key("ORDER#acme", "1@7").id == "ORDER#acme#1"
