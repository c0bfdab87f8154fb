"""Counts over the recent past."""

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.window import CallWindow, Counts, TimeWindow


def test_the_time_window_forgets_a_bucket_at_a_time():
    window = TimeWindow(10.0)
    window.add(100.0, failed=True)
    window.add(105.0, failed=False, slow=True)
    assert window.counts(109.9) == Counts(2, 1, 1)
    assert window.counts(110.0) == Counts(1, 0, 1)
    assert window.counts(10_000.0) == Counts()


def test_the_call_window_forgets_the_oldest_call():
    window = CallWindow(2)
    for failed in (True, False, False):
        window.add(0.0, failed=failed, slow=failed)
    assert window.counts(0.0) == Counts(2, 0, 0)


calls = st.lists(
    st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=60
)  # tenths of a second before it, failed, slow


@given(calls)
def test_the_time_window_counts_like_a_list_of_calls(calls):
    window, log, now = TimeWindow(1.0), [], 50.0
    for pause, failed, slow in calls:
        now = round(now + pause / 10, 1)
        window.add(now, failed=failed, slow=slow)
        log.append((int(now / 0.1), failed, slow))
    recent = [each for each in log if each[0] > int(now / 0.1) - 10]
    assert window.counts(now) == Counts(
        len(recent), sum(each[1] for each in recent), sum(each[2] for each in recent)
    )


@given(calls, st.integers(1, 20))
def test_the_call_window_counts_like_a_list_of_calls(calls, size):
    window = CallWindow(size)
    for _, failed, slow in calls:
        window.add(0.0, failed=failed, slow=slow)
    last = calls[-size:]
    counts = window.counts(0.0)
    assert counts == (len(last), sum(each[1] for each in last), sum(each[2] for each in last))
    window.clear()
    assert window.counts(0.0) == Counts()
