"""Keys by their digests: live ones beside those of a file, each found by its whole value alone."""

import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.gateway.identity.key_registry import ApiKey, KeyRegistry
from frontdesk.rules.auth.api_keys import digest_of

LIVE, FIXED = "a-live-key-0123456789", "a-fixed-key-0123456789"


def key(value, name="k", **more):
    return ApiKey(f"id of {name}", name, digest_of(value), ("small",), **more)


@pytest.fixture
def registry():
    registry = KeyRegistry()
    registry.put([key(LIVE, "live")])
    return registry


def test_live_and_fixed_keys_are_found(registry):
    fixed = key(FIXED, "fixed")
    find = registry.finder({fixed.digest: fixed})
    assert [find(value.encode()).name for value in (LIVE, FIXED)] == ["live", "fixed"]


def test_what_is_put_later_is_found_by_finders_made_before(registry):
    find = registry.finder({})
    registry.put([key(FIXED, "new"), key(LIVE, "live", enabled=False)])
    assert find(FIXED.encode()).name == "new"
    assert find(LIVE.encode()).enabled is False
    assert len(registry) == 2


@given(st.binary(max_size=64))
def test_no_other_value_finds_a_key(value):
    registry = KeyRegistry()
    registry.put([key(LIVE)])
    assert (registry.finder({})(value) is not None) == (value == LIVE.encode())


def test_the_digest_of_nobody_opens_nothing(registry):
    assert registry.finder({})(bytes(32)) is None


def test_keys_are_sent_to_other_processes_as_they_are():
    one = key(LIVE, since=date(2026, 11, 21))
    (other,) = pickle.loads(pickle.dumps((one,)))
    assert (other.name, other.digest, other.plans, other.since) == (
        one.name,
        one.digest,
        one.plans,
        one.since,
    )
