"""When an invocation is tried again, and how it ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asynchronous.progress import MAX_AGE, Answer, Policy, Progress, going_on

NOW = 1_700_000_000.0
USUAL = Policy()
FAILED = Answer("$LATEST", True, "{}")


def after(policy=USUAL, *, runs=0, refusals=0, age=0.0):
    return going_on(Progress(runs, refusals), policy, sent=NOW - age, now=NOW)


@pytest.mark.parametrize(
    ("runs", "retries", "expected"),
    [
        (1, 2, 60.0),
        (2, 2, 120.0),
        (3, 2, "RetriesExhausted"),
        (1, 1, 60.0),
        (2, 1, "RetriesExhausted"),
        (1, 0, "RetriesExhausted"),
    ],
)
def test_failures_wait_one_minute_and_two(runs, retries, expected):
    assert after(Policy(retries=retries), runs=runs) == expected


@pytest.mark.parametrize(
    ("refusals", "expected"), [(1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0), (900, 300.0)]
)
def test_refusals_wait_longer_each_time_up_to_five_minutes(refusals, expected):
    assert after(runs=3, refusals=refusals) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [(0.0, "EventAgeExceeded"), (-0.001, 60.0), (100.0, "EventAgeExceeded")]
)
def test_what_would_be_too_old_at_the_next_attempt_is_over(age, expected):
    assert after(Policy(max_age=60.0), runs=1, age=age) == expected


def test_a_run_forgets_refusals_and_keeps_its_answer():
    progress = Progress().refused().refused().ran(FAILED).refused()
    assert progress == Progress(1, 1, FAILED)


POLICIES = st.builds(Policy, st.integers(0, 2), st.floats(*MAX_AGE))


@given(POLICIES, st.lists(st.booleans(), max_size=400))
def test_every_invocation_ends_in_time_after_so_many_runs(policy, refusals):
    progress, now = Progress(), NOW
    for is_refused in [*refusals, *[False] * 3]:
        progress = progress.refused() if is_refused else progress.ran(FAILED)
        following = going_on(progress, policy, sent=NOW, now=now)
        if isinstance(following, str):
            break
        assert 1.0 <= following <= 300.0
        now += following
        assert now < NOW + policy.max_age
    assert following in ("RetriesExhausted", "EventAgeExceeded")
    assert progress.runs <= policy.retries + 1
    if following == "RetriesExhausted":
        assert progress.runs == policy.retries + 1
