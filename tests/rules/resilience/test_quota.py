from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.bucket import SECOND, Grant
from frontdesk.rules.resilience.quota import Quota, expired

MIDNIGHT = 1_796_169_600.0  # 2026-12-02T00:00Z
THREE = Quota("daily", limit=3, expires=MIDNIGHT)
NOW = 1000 * SECOND


def test_a_quota_admits_its_limit_and_no_more_however_long_it_takes():
    stored, passed = 0, 0
    for turn in range(10):
        taken = THREE.take(stored, NOW + turn * 86400 * SECOND, 1)
        passed += taken is not None
        stored = stored if taken is None else taken
    assert passed == THREE.count(stored) == 3


def test_more_than_are_left_take_nothing():
    two = THREE.take(0, NOW, 2)
    assert THREE.take(two, NOW, 2) is None
    assert THREE.take(two, NOW, 1) == THREE.preset(3)


def test_grants_tell_what_is_left_and_no_time():
    used = THREE.preset(2)
    assert THREE.granted(used, NOW) == Grant(True, 1, inf, 0.0)
    assert THREE.refused(used, NOW, 2) == Grant(False, 1, inf, inf)
    assert (THREE.wait(used, NOW, 1), THREE.wait(used, NOW, 2)) == (0, inf)
    assert THREE.fill(used, NOW) == pytest.approx(2 / 3)


def test_a_limit_that_was_lowered_below_its_count_leaves_nothing():
    assert Quota("daily", 1, MIDNIGHT).refused(THREE.preset(3), NOW, 1).remaining == 0


@given(st.integers(0, 2**41 - 1))
def test_a_count_stays_until_the_hour_of_its_end_is_over(count):
    stored = Quota("q", 2**41, expires=MIDNIGHT - 1800.0).preset(count)
    assert not expired(stored, MIDNIGHT - 1.0)
    assert expired(stored, MIDNIGHT)
    assert stored < 2**63


def test_no_instant_is_taken_for_a_count():
    assert not expired(100 * 365 * 86400 * SECOND, MIDNIGHT)
