"""Counts over the recent past."""

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.window import CallWindow, TimeWindow


def counts(window):
    return window.calls, window.failures, window.slow


def test_the_time_window_forgets_a_bucket_at_a_time():
    window = TimeWindow(10.0)
    window.add(100.0, failed=True)
    window.add(105.0, failed=False, slow=True)
    window.add(109.9, failed=False)
    assert counts(window) == (3, 1, 1)
    window.add(110.0, failed=False)
    assert counts(window) == (3, 0, 1)
    window.add(10_000.0, failed=False)
    assert counts(window) == (1, 0, 0)


def test_the_call_window_forgets_the_oldest_call():
    window = CallWindow(2)
    for failed in (True, False, False):
        window.add(0.0, failed=failed, slow=failed)
    assert counts(window) == (2, 0, 0)


calls = st.lists(
    st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=60
)  # tenths of a second before it, failed, slow


@given(calls)
def test_the_time_window_counts_like_a_list_of_calls(calls):
    window, log, tenth = TimeWindow(1.0), [], 500
    for pause, failed, slow in calls:
        tenth += pause
        window.add(tenth / 10 + 0.05, failed=failed, slow=slow)
        log.append((tenth, failed, slow))
        recent = [each for each in log if each[0] > tenth - 10]
        told = len(recent), sum(each[1] for each in recent), sum(each[2] for each in recent)
        assert counts(window) == told


@given(calls, st.integers(1, 20))
def test_the_call_window_counts_like_a_list_of_calls(calls, size):
    window = CallWindow(size)
    for _, failed, slow in calls:
        window.add(0.0, failed=failed, slow=slow)
    last = calls[-size:]
    told = len(last), sum(each[1] for each in last), sum(each[2] for each in last)
    assert counts(window) == told
    window.clear()
    assert counts(window) == (0, 0, 0)
