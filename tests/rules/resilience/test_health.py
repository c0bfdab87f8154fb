"""Passive health: ejected after consecutive failures, for a while, never all."""

from frontdesk.rules.resilience.health import PassiveHealth, eligible


def failing(times: int, *, limit: int = 3, eject: float = 30.0) -> PassiveHealth:
    health = PassiveHealth(limit, eject)
    for _ in range(times):
        health.failed(100.0)
    return health


def test_failures_below_the_limit_change_nothing():
    assert not failing(2).ejected(100.0)


def test_the_last_allowed_failure_ejects_for_the_set_time():
    health = failing(3)
    assert health.ejected(100.0)
    assert health.ejected(129.9)
    assert not health.ejected(130.0)


def test_only_failures_in_a_row_count():
    health = failing(2)
    health.succeeded()
    health.failed(100.0)
    assert not health.ejected(100.0)


def test_one_failure_after_the_ejection_ejects_again():
    health = failing(3)
    health.failed(140.0)
    assert health.ejected(140.0)


def test_a_limit_of_zero_never_ejects():
    assert not failing(50, limit=0).ejected(100.0)


def test_ejected_targets_are_left_out():
    assert eligible([failing(0), failing(3), failing(0)], 100.0) == [0, 2]


def test_when_all_are_ejected_all_are_used():
    assert eligible([failing(3), failing(3)], 100.0) == [0, 1]
