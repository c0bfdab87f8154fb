"""The course of a call: what the breaker and the budget learn of each attempt, and what follows."""

import pytest

from frontdesk.rules.resilience.backoff import Backoff
from frontdesk.rules.resilience.breaker import Breaker, BreakerSettings
from frontdesk.rules.resilience.budget import COST, PURSE, THROTTLED_COST, RetryBudget
from frontdesk.rules.resilience.course import Course
from frontdesk.rules.resilience.retry import Failed, RetryPolicy

POLICY = RetryPolicy(attempts=3, backoff=Backoff(1.0, 8.0, jitter="none"))


@pytest.fixture
def breaker():
    return Breaker(BreakerSettings(failures=2, reset=30.0))


@pytest.fixture
def budget():
    return RetryBudget(1.0)


@pytest.fixture
def course(breaker, budget):
    return Course(POLICY, breaker, budget, deadline=100.0)


def after(course, failed, now=1.0, **more):
    return course.after(failed, now, chance=0.5, repeatable=True, **more)


@pytest.mark.parametrize(
    ("failed", "counts"),
    [
        (Failed(500), True),
        (Failed(503, asked=1.0), True),
        (Failed(501), False),
        (Failed(404), False),
        (Failed(429), False),
        (Failed(reason="closed"), True),
        (Failed(reason="timeout"), True),
        (Failed(reason="tls"), True),
        (Failed(reason="blocked"), False),
        (Failed(reason="throttled"), False),
        (Failed(reason="unauthorized"), False),
        (Failed(reason="bulkhead_full"), False),
        (Failed(reason="cancelled"), False),
    ],
    ids=str,
)
def test_what_the_breaker_counts(breaker, budget, failed, counts):
    for _ in range(2):
        course = Course(POLICY, breaker, budget, deadline=100.0)
        course.set_out(0.0)
        after(course, failed, last=True)
    assert (breaker.state == "open") is counts


def test_an_open_breaker_ends_the_call(breaker, course):
    course.set_out(0.0)
    assert after(course, Failed(503)).wait == 1.0
    course.set_out(2.0)
    assert after(course, Failed(503)).wait == 2.0
    assert not course.set_out(4.0)
    assert not course.under_way


def test_a_good_end_gives_the_cost_of_the_retry_back(course, budget):
    course.set_out(0.0)
    after(course, Failed(500))
    assert budget.purse == PURSE - COST
    course.set_out(1.0)
    course.succeeded(2.0)
    assert budget.purse == PURSE


def test_retries_of_refusals_cost_less(course, budget):
    course.set_out(0.0)
    after(course, Failed(429))
    assert budget.purse == PURSE - THROTTLED_COST


def test_without_budget_there_is_no_retry(breaker):
    budget = RetryBudget(0.0)
    begun = []
    for _ in range(4):  # three at once are always allowed
        course = Course(POLICY, breaker, budget, deadline=100.0)
        course.set_out(0.0)
        begun.append(after(course, Failed(429)).stop)
    assert begun == ["", "", "", "budget"]


def test_the_last_attempt_is_followed_by_none(course):
    course.set_out(0.0)
    assert after(course, Failed(503), last=True).stop == "final"


def test_a_call_that_is_dropped_frees_the_probe(budget):
    breaker = Breaker(BreakerSettings(failures=1, reset=10.0))
    breaker.record(breaker.admit(0.0), 0.0, failed=True, took=0.0)
    probe = Course(POLICY, breaker, budget, deadline=100.0)
    assert probe.set_out(11.0)
    other = Course(POLICY, breaker, budget, deadline=100.0)
    assert not other.set_out(11.0)
    probe.dropped(12.0)
    assert Course(POLICY, breaker, budget, deadline=100.0).set_out(12.0)


def test_who_was_too_slow_counts_as_a_failure(breaker, budget):
    for _ in range(2):
        course = Course(POLICY, breaker, budget, deadline=100.0)
        course.set_out(0.0)
        course.dropped(5.0, too_slow=True)
    assert breaker.state == "open"


def test_what_is_held_back_does_not_count_as_slow(budget):
    slow = BreakerSettings(failures=0, slow=5.0, slow_rate=0.5, minimum=1)
    breaker = Breaker(slow)
    course = Course(POLICY, breaker, budget, deadline=100.0)
    course.set_out(0.0)
    course.begun = 8.0
    course.succeeded(9.0)
    assert breaker.state == "closed"
