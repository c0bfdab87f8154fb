"""What of a schedule runs now: on time, late by one of four rules, each instant once."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.schedules.due import Punctuality, due_now
from frontdesk.rules.schedules.expressions import parse
from frontdesk.rules.schedules.timetable import Timetable

HOURLY = Timetable(parse("cron(0 * * * ? *)"), UTC)
EACH_MINUTE = Timetable(parse("cron(* * * * ? *)"), UTC)
HOUR = 3600
NOON = 20_000 * 86400 + 12 * HOUR


def due(table, catch_up, passed, now, *, window=0, most=100):
    return due_now(table, Punctuality("nightly", window, catch_up), passed, now, most)


@pytest.mark.parametrize("catch_up", ["none", "recent", "last", "all"])
def test_what_is_a_minute_late_at_most_runs(catch_up):
    assert due(HOURLY, catch_up, NOON - 1, NOON - 0.5) == ((), None, NOON - 1)
    for late in (0, 0.5, 60):
        assert due(HOURLY, catch_up, NOON - 1, NOON + late) == ((NOON,), None, NOON)


LATE = {
    "none": ((), NOON - 3 * HOUR),
    "recent": ((NOON,), NOON - 3 * HOUR),
    "last": ((NOON,), NOON - 3 * HOUR),
    "all": ((NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR, NOON), None),
}


@pytest.mark.parametrize(("catch_up", "expected"), LATE.items(), ids=LATE)
def test_what_was_missed_runs_by_its_rule(catch_up, expected):
    found = due(HOURLY, catch_up, NOON - 4 * HOUR, NOON + 1800)
    assert found[:2] == expected
    assert due(HOURLY, catch_up, found.passed, NOON + 1800).instants == ()
    assert due(HOURLY, catch_up, found.passed, NOON + HOUR).instants == (NOON + HOUR,)


def test_what_is_an_hour_old_is_not_recent():
    daily = Timetable(parse("cron(0 12 * * ? *)"), UTC)
    assert due(daily, "recent", NOON - 1, NOON + HOUR - 1).instants == (NOON,)
    assert due(daily, "recent", NOON - 1, NOON + HOUR).instants == ()
    assert due(daily, "last", NOON - 1, NOON + 10 * HOUR).instants == (NOON,)


@pytest.mark.parametrize("catch_up", ["none", "recent", "last"])
def test_years_of_minutes_are_passed_over_at_once(catch_up):
    looked = 0

    class Counting(Timetable):
        def next_after(self, instant):
            nonlocal looked
            looked += 1
            return super().next_after(instant)

    table = Counting(EACH_MINUTE.expression, UTC)
    found = due(table, catch_up, NOON - 5 * 365 * 86400, NOON + 1)
    assert found.instants[-1] == NOON
    assert looked < 100


def test_all_that_was_missed_comes_in_slices():
    first = due(EACH_MINUTE, "all", NOON - 600, NOON, most=6)
    assert first.instants == tuple(range(NOON - 540, NOON - 180, 60))
    second = due(EACH_MINUTE, "all", first.passed, NOON, most=6)
    assert second.instants == tuple(range(NOON - 180, NOON + 60, 60))


def test_an_instant_keeps_its_place_in_the_window():
    loose = Punctuality("nightly", 900, "none")
    places = [loose.due(NOON + at * HOUR) - (NOON + at * HOUR) for at in range(200)]
    assert places == [loose.due(NOON + at * HOUR) - (NOON + at * HOUR) for at in range(200)]
    assert min(places) < 100
    assert max(places) > 800
    assert all(0 <= place <= 900 for place in places)
    other = Punctuality("other", 900, "none")
    assert other.due(NOON) != loose.due(NOON)


@pytest.mark.parametrize("catch_up", ["none", "recent", "last", "all"])
def test_nothing_is_missed_within_its_window(catch_up):
    found = due(HOURLY, catch_up, NOON - 1, NOON + 900 + 60, window=900)
    assert found == ((NOON,), None, NOON)


@given(
    catch_up=st.sampled_from(["none", "recent", "last", "all"]),
    window=st.sampled_from([0, 60, 600]),
    steps=st.lists(st.floats(-7200, 7200), max_size=30),
)
def test_whatever_the_clock_does_each_instant_runs_once_and_in_order(catch_up, window, steps):
    passed, now, ran = NOON, float(NOON), []
    for step in steps:
        now += step
        found = due(EACH_MINUTE, catch_up, passed, now, window=window, most=7)
        assert found.passed >= passed
        passed = found.passed
        ran += found.instants
    assert ran == sorted(set(ran))


@given(st.lists(st.floats(0.1, 50), max_size=60))
def test_a_clock_that_goes_on_misses_nothing(steps):
    passed, now, ran = NOON, float(NOON), []
    for step in steps:
        now += step
        found = due(EACH_MINUTE, "none", passed, now)
        passed = found.passed
        ran += found.instants
    assert ran == list(range(NOON + 60, int(now) + 1, 60))
