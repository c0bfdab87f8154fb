"""Deadlines: never early, at most one tick late, and moving one is cheap and exact."""

import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base.wheel import TICK, Wheel


def turn(wheel, start, end):
    """Advance tick by tick, as the heartbeat does."""
    now = start
    while now < end:
        now = min(now + TICK, end)
        wheel.advance(now)


def test_timer_fires_once_after_its_deadline():
    wheel, fired = Wheel(100.0), []
    timer = wheel.timer(lambda: fired.append(True))
    timer.at(100.2)
    turn(wheel, 100.0, 100.19)
    assert not fired
    turn(wheel, 100.19, 101.0)
    assert fired == [True]
    assert len(wheel) == 0


def test_moving_a_deadline_later_postpones_it_and_files_nothing_new():
    wheel, fired = Wheel(0.0), []
    timer = wheel.timer(lambda: fired.append(True))
    timer.at(1.0)
    timer.at(5.0)
    assert len(wheel) == 1
    turn(wheel, 0.0, 4.9)
    assert not fired
    turn(wheel, 4.9, 5.2)
    assert fired


def test_an_earlier_deadline_is_not_hidden_behind_a_later_one():
    wheel, fired = Wheel(0.0), []
    timer = wheel.timer(lambda: fired.append(True))
    timer.at(75.0)
    timer.at(29.0)
    turn(wheel, 0.0, 29.2)
    assert fired == [True]
    turn(wheel, 29.2, 80.0)
    assert fired == [True]
    assert len(wheel) == 0


def test_stopped_timer_does_not_fire_and_can_be_used_again():
    wheel, fired = Wheel(0.0), []
    timer = wheel.timer(lambda: fired.append(True))
    timer.at(1.0)
    timer.stop()
    turn(wheel, 0.0, 2.0)
    assert not fired
    timer.at(3.0)
    turn(wheel, 2.0, 3.2)
    assert fired == [True]


def test_deadline_further_than_one_turn_of_the_wheel_waits_for_its_round():
    wheel, fired = Wheel(0.0), []
    wheel.timer(lambda: fired.append(True)).at(900.0)
    turn(wheel, 0.0, 899.9)
    assert not fired
    turn(wheel, 899.9, 900.2)
    assert fired


def test_callback_may_arm_its_own_timer_again():
    wheel, times = Wheel(0.0), []
    now = 0.0

    def again():
        times.append(now)
        if len(times) < 3:
            timer.at(now + 1.0)

    timer = wheel.timer(again)
    timer.at(1.0)
    for tick in range(1, 101):
        now = tick * TICK
        wheel.advance(now)
    assert len(times) == 3


def test_a_callback_that_raises_takes_nobody_elses_turn():
    wheel, fired = Wheel(0.0), []

    def fail():
        raise OSError("first")

    failing = wheel.timer(fail)
    other = wheel.timer(lambda: fired.append(True))
    for timer in (failing, other):
        timer.at(0.1)
    with pytest.raises(OSError, match="first"):
        wheel.advance(1.0)
    assert fired == [True]
    for timer in (failing, wheel.timer(fail), other):
        timer.at(2.0)
    with pytest.raises(ExceptionGroup, match="timers"):
        wheel.advance(3.0)
    assert fired == [True, True]
    assert len(wheel) == 0


def test_a_long_sleep_fires_everything_that_was_due():
    wheel, fired = Wheel(0.0), []
    for deadline in (0.5, 60.0, 3000.0):
        wheel.timer(lambda d=deadline: fired.append(d)).at(deadline)
    wheel.advance(10_000.0)
    assert sorted(fired) == [0.5, 60.0, 3000.0]


def test_first_timer_wakes_the_heartbeat():
    woken = []
    wheel = Wheel(0.0, on_first=lambda: woken.append(True))
    wheel.timer(lambda: None).at(1.0)
    wheel.timer(lambda: None).at(2.0)
    assert woken == [True]


moves = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0.0, 120.0), st.floats(0.0, 3.0)), max_size=40
)


@given(moves)
def test_every_timer_fires_within_a_tick_of_its_last_deadline(script):
    wheel, now = Wheel(0.0), 0.0
    fired: dict[int, float] = {}
    wanted: dict[int, float] = {}

    def make(name):
        def fire():
            assert name in wanted, "fired without being armed"
            assert wanted.pop(name) <= now
            fired[name] = now

        return wheel.timer(fire)

    timers = [make(name) for name in range(4)]
    for name, delay, wait in script:
        wanted[name] = now + delay
        timers[name].at(now + delay)
        steps = int(wait / TICK)
        for _ in range(steps):
            now += TICK
            wheel.advance(now)
            assert all(deadline > now - 2 * TICK for deadline in wanted.values())
    for _ in range(int(125 / TICK)):
        now += TICK
        wheel.advance(now)
    assert not wanted
    assert len(wheel) == 0


def test_forgotten_timer_keeps_nobody_alive_until_its_slot_comes_round():
    class Caller:
        def call(self):
            raise AssertionError("nobody is called any more")

    wheel, caller = Wheel(0.0), Caller()
    gone = weakref.ref(caller)
    timer = wheel.timer(caller.call)
    timer.at(40.0)
    timer.forget()
    del caller
    assert gone() is None
    turn(wheel, 0.0, 60.0)
    assert len(wheel) == 0
