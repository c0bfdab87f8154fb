"""What the quota of a plan means for a key: one count for each period, fewer requests in the first."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.periods import period_of
from frontdesk.rules.plans import PlanQuota

DAYS = st.dates(date(1970, 2, 1), date(2900, 1, 1))
KINDS = st.sampled_from(["day", "week", "month"])


@given(KINDS, DAYS, DAYS)
def test_days_share_a_count_where_they_share_a_period(kind, one, other):
    quota = PlanQuota("small", 10, kind)
    same = quota.claim("k", None, one)[0] == quota.claim("k", None, other)[0]
    assert same is (period_of(kind, one) == period_of(kind, other))


@given(KINDS, DAYS)
def test_a_count_is_of_one_key_and_one_plan(kind, day):
    claims = {
        PlanQuota(plan, 10, kind).claim(key, None, day)[0]
        for plan in ("small", "large")
        for key in ("a", "b")
    }
    assert len(claims) == 4


@given(KINDS, DAYS)
def test_a_quota_may_be_forgotten_when_its_period_is_over(kind, day):
    _, quota = PlanQuota("small", 10, kind).claim("k", None, day)
    assert quota.expires == period_of(kind, day).ends


@pytest.mark.parametrize(
    ("since", "day", "limit"),
    [
        ("2026-11-10", "2026-11-21", 70),
        ("2026-11-30", "2026-11-30", 70),
        ("2026-11-10", "2026-12-01", 100),
        ("2026-10-31", "2026-11-21", 100),
        (None, "2026-11-21", 100),
    ],
    ids=["its first month", "its first day", "the next month", "a later month", "long ago"],
)
def test_the_offset_counts_in_the_first_period(since, day, limit):
    quota = PlanQuota("small", 100, "month", offset=30)
    since = since and date.fromisoformat(since)
    assert quota.claim("k", since, date.fromisoformat(day))[1].limit == limit
