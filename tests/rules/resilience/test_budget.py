"""The retry budget: a share of the calls, and a purse that is never overdrawn."""

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.budget import COST, PURSE, THROTTLED_COST, RetryBudget


def taken(budget: RetryBudget, times: int, *, now: float = 100.0, throttled=True) -> int:
    """Retry `times` calls that are under way; return how many got their retry."""
    return sum(bool(budget.take(now, throttled=throttled, first=True)) for _ in range(times))


def begun(budget: RetryBudget, times: int) -> RetryBudget:
    for _ in range(times):
        budget.begun += 1
    return budget


def test_a_few_calls_may_always_be_retried():
    assert taken(begun(RetryBudget(0.0), 3), 5) == 3


def test_a_share_of_the_calls_under_way_may_be_retried_at_once():
    assert taken(begun(RetryBudget(0.2), 50), 50) == 10


def test_retries_of_ten_seconds_are_a_share_of_the_calls():
    budget, retried = begun(RetryBudget(0.0), 1), 0
    for _ in range(500):  # one call after the other, each of which succeeds at last
        cost = budget.take(100.0, throttled=True, first=True)
        retried += bool(cost)
        budget.end(succeeded=True, retried=bool(cost), cost=cost)
        budget.begun += 1
    assert retried == 100
    assert budget.take(111.0, throttled=True, first=True)


def test_failures_empty_the_purse_and_successes_fill_it():
    budget = begun(RetryBudget(1.0), 1)
    while cost := budget.take(100.0, throttled=False, first=False):
        assert cost == COST
    assert budget.purse == PURSE % COST
    budget.end(succeeded=True, retried=False, cost=0)
    assert budget.purse == PURSE % COST + 1
    begun(budget, 1)
    budget.end(succeeded=True, retried=False, cost=COST)
    assert budget.purse == PURSE % COST + 1 + COST


def test_a_retry_after_throttling_costs_less():
    assert begun(RetryBudget(1.0), 1).take(100.0, throttled=True, first=True) == THROTTLED_COST


@given(
    st.lists(st.tuples(st.sampled_from(["begin", "retry", "good", "bad"]), st.booleans())),
    st.floats(0.0, 1.0),
)
def test_the_purse_is_never_overdrawn_nor_overfilled(events, share):
    budget, calls, now = RetryBudget(share), [], 100.0
    for event, throttled in events:
        now += 0.25
        if event == "begin":
            budget.begun += 1
            calls.append((0, False))
        elif calls and event == "retry":
            cost, retried = calls.pop()
            got = budget.take(now, throttled=throttled, first=not retried)
            calls.append((got or cost, retried or bool(got)))
        elif calls:
            cost, retried = calls.pop(0)
            budget.end(succeeded=event == "good", retried=retried, cost=cost)
        assert 0 <= budget.purse <= PURSE
        assert budget.untouched == (budget.purse == PURSE)
        at_once = sum(retried for _, retried in calls)
        assert at_once <= max(3, share * len(calls)) or event in ("good", "bad")
