"""What follows a failed attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.resilience.backoff import Backoff
from frontdesk.rules.resilience.retry import FAILURES, STATUSES, Failed, RetryPolicy, follow

POLICY = RetryPolicy(attempts=3, backoff=Backoff(1.0, 8.0, jitter="none"))


def after(failed: Failed, policy: RetryPolicy = POLICY, number: int = 1, **more):
    given = {"repeatable": True, "remaining": 30.0, "chance": 0.5} | more
    return follow(policy, failed, number, **given)


@pytest.mark.parametrize(
    ("failed", "repeatable", "any_other"),
    [
        (Failed(reason="connect", sent=False), "", ""),
        (Failed(reason="resolve", sent=False), "", ""),
        (Failed(reason="connect_timeout", sent=False), "", ""),
        (Failed(reason="timeout"), "", "unrepeatable"),
        (Failed(reason="closed"), "", "unrepeatable"),
        (Failed(reason="tls", sent=False), "final", "final"),
        (Failed(reason="protocol"), "final", "final"),
        (Failed(reason="cancelled"), "final", "final"),
        (Failed(reason="circuit_open", sent=False), "final", "final"),
        (Failed(reason="bulkhead_full", sent=False), "final", "final"),
        (Failed(408), "", "unrepeatable"),
        (Failed(429), "", "unrepeatable"),
        (Failed(429, asked=0.0), "", ""),
        (Failed(500), "", "unrepeatable"),
        (Failed(500, asked=0.0), "", "unrepeatable"),
        (Failed(503), "", "unrepeatable"),
        (Failed(503, asked=1.0), "", ""),
        *((Failed(status), "final", "final") for status in (200, 304, 400, 401, 404, 409, 422)),
        *((Failed(status), "final", "final") for status in (501, 505, 508, 511)),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, Failed) else value,
)
def test_what_is_tried_again(failed, repeatable, any_other):
    assert after(failed).stop == repeatable
    assert after(failed, repeatable=False).stop == any_other


def test_any_method_is_tried_again_on_demand():
    policy = RetryPolicy(any_method=True)
    assert after(Failed(500), policy, repeatable=False).stop == ""


def test_only_what_is_listed_is_tried_again():
    policy = RetryPolicy(on=frozenset({"connect", 503}))
    assert after(Failed(503), policy).stop == ""
    assert after(Failed(reason="resolve", sent=False), policy).stop == ""
    assert after(Failed(502), policy).stop == "final"
    assert after(Failed(reason="timeout"), policy).stop == "final"


def test_attempts_are_all_of_them():
    assert [after(Failed(503), number=number).stop for number in (1, 2, 3)] == ["", "", "attempts"]
    assert after(Failed(503), RetryPolicy(attempts=1)).stop == "attempts"


def test_the_waits_are_those_of_the_backoff():
    assert [after(Failed(503), number=number).wait for number in (1, 2)] == [1.0, 2.0]


def test_a_server_is_left_alone_as_long_as_it_asks():
    assert after(Failed(503, asked=0.2)).wait == 1.0
    assert after(Failed(503, asked=10.0)).wait == 10.5  # a little later, by chance
    assert after(Failed(503, asked=61.0), remaining=100.0).stop == "later"


def test_nothing_is_begun_that_nobody_waits_for():
    assert after(Failed(503), remaining=1.0).stop == "deadline"
    assert after(Failed(503, asked=20.0), remaining=20.0).stop == "deadline"


def test_less_than_one_attempt_is_refused():
    with pytest.raises(ValueError):
        RetryPolicy(attempts=0)


@given(
    st.sampled_from([*sorted(STATUSES), 0]),
    st.sampled_from(sorted({"", "tls"}.union(*FAILURES.values()))),
    st.booleans(),
    st.booleans(),
    st.integers(1, 5),
    st.none() | st.floats(0.0, 100.0),
    st.floats(0.0, 60.0),
    st.floats(0.0, 1.0),
)
def test_a_retry_is_within_every_bound(
    status, reason, sent, repeatable, number, asked, remaining, chance
):
    failed = Failed(status, reason, sent, asked)
    wait, stop = after(
        failed, number=number, repeatable=repeatable, remaining=remaining, chance=chance
    )
    if stop:
        assert wait == 0.0
        return
    assert number < POLICY.attempts
    assert 0.0 <= wait < remaining
    assert asked is None or wait >= asked
    assert repeatable or not sent or (asked is not None and status in (429, 503))
