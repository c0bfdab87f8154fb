"""The calendar of quotas, by tables and by what must hold for every moment."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.periods import day_of, period_of

KINDS = ["day", "week", "month"]


def seconds(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("kind", "moment", "begins", "ends"),
    [
        ("day", "2026-11-21T00:00:00", "2026-11-21", "2026-11-22"),
        ("day", "2026-11-21T23:59:59.999", "2026-11-21", "2026-11-22"),
        ("week", "2026-11-21T12:00:00", "2026-11-15", "2026-11-22"),
        ("week", "2026-11-22T00:00:00", "2026-11-22", "2026-11-29"),
        ("week", "2027-01-01T08:00:00", "2026-12-27", "2027-01-03"),
        ("month", "2026-02-28T23:59:59", "2026-02-01", "2026-03-01"),
        ("month", "2028-02-29T23:59:59", "2028-02-01", "2028-03-01"),
        ("month", "2026-12-31T23:59:59", "2026-12-01", "2027-01-01"),
    ],
)
def test_periods_begin_and_end_as_the_calendar_says(kind, moment, begins, ends):
    period = period_of(kind, day_of(seconds(moment)))
    assert (period.begins, period.ends) == (seconds(begins), seconds(ends))
    assert str(period) == f"{kind} {begins}"


@given(st.sampled_from(KINDS), st.floats(0, 2.5e11))
def test_every_moment_is_in_its_period(kind, moment):
    period = period_of(kind, day_of(moment))
    assert period.begins <= moment < period.ends


@given(st.sampled_from(KINDS), st.integers(0, 2_900_000))
def test_a_period_is_followed_by_another_one_without_a_gap(kind, day):
    period = period_of(kind, day_of(day * 86400))
    following = period_of(kind, day_of(period.ends))
    assert following.begins == period.ends
    assert period_of(kind, day_of(period.ends - 1)) == period


@pytest.mark.parametrize("moment", [-1e12, -1, 1e12, 1e300], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_far_outside_of_the_calendar_has_a_period_all_the_same(kind, moment):
    assert period_of(kind, day_of(moment)).first.year in (1969, 1970, 9999)
