"""The turns of calls: our rate, what is announced, what is asked, what is learned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.rate_limits import Announced
from frontdesk.rules.resilience.throttle import LONGEST_PAUSE, Throttle, ThrottleSettings


@pytest.fixture
def throttle():
    return Throttle(ThrottleSettings(), 0.0)


def refused(throttle, now, asked=None):
    throttle.answered(now, refused=True, asked=asked)


def served(throttle, now, *limits):
    throttle.answered(now, refused=False, asked=None, limits=limits)


def test_without_any_limit_each_call_leaves_at_once(throttle):
    assert [throttle.take(0.0) for _ in range(1000)] == [0.0] * 1000


def test_a_rate_of_ours():
    throttle = Throttle(ThrottleSettings(rate=2.0, burst=3.0), 0.0)
    assert [throttle.take(0.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert throttle.take(0.4) == pytest.approx(0.1)
    assert throttle.take(0.5) == 0.0


def test_whoever_asks_to_be_left_alone_is(throttle):
    refused(throttle, 10.0, asked=7.0)
    assert throttle.take(11.0) == pytest.approx(6.0)
    assert throttle.take(17.0) <= 2.0  # its time is over, only what was learned holds


@pytest.mark.parametrize("asked", [LONGEST_PAUSE + 1, 10 * 365 * 86400.0, 1e12])
def test_nobody_is_left_alone_for_years(throttle, asked):
    refused(throttle, 10.0, asked=asked)
    assert throttle.take(10.0) == LONGEST_PAUSE


def test_a_limit_without_calls_left_is_waited_for(throttle):
    served(throttle, 10.0, Announced("burst", 0, 12.0, 100))
    assert throttle.take(10.0) == 12.0
    assert throttle.take(22.0) == 0.0


def test_the_last_calls_of_a_limit_are_spread(throttle):
    served(throttle, 10.0, Announced("burst", 5, 10.0, 100))
    assert throttle.take(10.0) == 0.0
    assert throttle.take(10.0) == pytest.approx(2.5)  # four are left for ten seconds
    assert throttle.take(12.5) == 0.0


def test_what_is_left_is_counted_down_until_the_next_answer(throttle):
    served(throttle, 10.0, Announced("burst", 2, 10.0))
    assert [throttle.take(10.0) for _ in range(3)] == [0.0, 0.0, 10.0]
    served(throttle, 11.0, Announced("burst", 50, 9.0))
    assert throttle.take(11.0) == 0.0


def test_the_strictest_of_several_limits_wins(throttle):
    served(throttle, 0.0, Announced("minute", 0, 30.0), Announced("second", 0, 1.0))
    assert throttle.take(0.0) == 30.0
    served(throttle, 1.0, Announced("minute", 9, 29.0), Announced("second", 0, 1.0))
    assert throttle.take(1.0) == 1.0


def test_no_limits_are_remembered_without_end(throttle):
    served(throttle, 0.0, *[Announced(f"limit-{at}", 100, 1e9) for at in range(1000)])
    assert len(throttle._announced) <= 16


def test_refusals_slow_down_and_answers_speed_up_again(throttle):
    now = 0.0
    for _ in range(100):  # ten a second
        assert throttle.take(now) == 0.0
        now += 0.1
    refused(throttle, now)
    assert throttle.take(now) == pytest.approx(1 / 7, rel=0.2)  # seven tenths of ten
    left = 0
    while now < 30.0:
        wait = throttle.take(now)
        if wait:
            now += wait
        else:
            left += 1
            served(throttle, now)
    assert left / 20 > 10  # beyond the rate at which it was refused


def test_learning_may_be_off():
    throttle = Throttle(ThrottleSettings(learn=False), 0.0)
    refused(throttle, 0.0, asked=60.0)
    served(throttle, 0.0, Announced("burst", 0, 60.0))
    assert throttle.take(0.0) == 0.0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "refused", "served"]),
            st.floats(0, 5),
            st.one_of(st.none(), st.floats(0, 1e12)),
        ),
        max_size=60,
    )
)
def test_a_wait_is_never_endless_nor_negative(steps):
    throttle, now = Throttle(ThrottleSettings(rate=5.0, burst=2.0), 0.0), 0.0
    for what, seconds, asked in steps:
        now += seconds
        if what == "take":
            assert 0.0 <= throttle.take(now) <= LONGEST_PAUSE
        else:
            limits = [] if asked is None else [Announced("x", asked % 7, asked, 50)]
            throttle.answered(now, refused=what == "refused", asked=asked, limits=limits)
