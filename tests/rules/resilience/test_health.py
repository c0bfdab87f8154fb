"""Health: ejected by failures in a row or as a share, out by probes, never all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.health import (
    HealthSettings,
    TargetHealth,
    eligible,
    target_health,
)


def failing(times: int, *, now: float = 100.0, **settings: float) -> TargetHealth:
    health = target_health(HealthSettings(**{"failures": 3, "eject": 30.0, **settings}))
    for _ in range(times):
        health.failed(now)
    return health


def ejected(health: TargetHealth, now: float) -> bool:
    return eligible([health, failing(0)], now) == [1]


def test_failures_below_the_limit_change_nothing():
    assert not ejected(failing(2), 100.0)


def test_the_last_allowed_failure_ejects_for_the_set_time():
    health = failing(3)
    assert ejected(health, 100.0)
    assert ejected(health, 129.9)
    assert not ejected(health, 130.0)


def test_only_failures_in_a_row_count():
    health = failing(2)
    health.succeeded(100.0)
    health.failed(100.0)
    assert not ejected(health, 100.0)


def test_one_failure_after_the_ejection_ejects_again():
    health = failing(3)
    health.failed(140.0)
    assert ejected(health, 140.0)


def test_a_limit_of_zero_never_ejects():
    assert not ejected(failing(50, failures=0), 100.0)


def test_a_share_of_failures_ejects_once_there_are_enough_requests():
    health = target_health(HealthSettings(failures=0, rate=0.5, minimum=4, window=10.0))
    for _ in range(2):
        health.succeeded(100.0)
        health.failed(100.0)
    assert ejected(health, 100.0)


def test_failures_outside_of_the_window_do_not_count():
    health = target_health(HealthSettings(failures=0, rate=0.5, minimum=4, window=10.0))
    for _ in range(3):
        health.failed(100.0)
    health.failed(111.0)
    assert not ejected(health, 111.0)


def test_ejected_targets_are_left_out():
    assert eligible([failing(0), failing(3), failing(0)], 100.0) == [0, 2]


def test_when_all_are_ejected_all_are_used():
    assert eligible([failing(3), failing(3)], 100.0) == [0, 1]


def test_no_more_than_the_allowed_share_is_ejected_and_the_first_ones_stay_out():
    healths = [failing(3, now=105.0), failing(3, now=100.0), failing(0), failing(0)]
    assert eligible(healths, 110.0, most=0.25) == [0, 2, 3]
    assert eligible(healths, 110.0, most=0.5) == [2, 3]


def test_probes_in_a_row_change_the_mind():
    health = failing(0, unhealthy=2, healthy=3)
    assert [health.probed(healthy=False), health.probed(healthy=False)] == [False, True]
    assert eligible([health, failing(0)], 0.0) == [1]
    results = [health.probed(healthy=each) for each in (True, True, False, True, True, True)]
    assert results == [False] * 5 + [True]
    assert health.up


@given(st.lists(st.booleans(), min_size=1, max_size=6), st.floats(0.0, 1.0))
def test_someone_is_always_left_and_no_more_are_ejected_than_allowed(out, most):
    healths = [failing(3 if each else 0) for each in out]
    left = eligible(healths, 100.0, most)
    assert left
    assert len(out) - len(left) <= most * len(out)


@pytest.mark.parametrize("up", [True, False])
def test_a_probe_that_says_what_is_known_changes_nothing(up):
    health = failing(0, unhealthy=1)
    if not up:
        health.probed(healthy=False)
    assert not health.probed(healthy=up)
