"""What becomes of a delivery after an attempt."""

import pytest

from frontdesk.rules.webhooks.attempts import SCHEDULE, Result, Verdict, verdict

STEPS = (5.0, 300.0)


@pytest.mark.parametrize("status", [200, 204, 299])
def test_a_2xx_is_a_success(status):
    assert verdict(Result(status), 0, STEPS, 0.5) == Verdict("delivered")


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (Result(301), "status 301"),
        (Result(404), "status 404"),
        (Result(500), "status 500"),
        (Result(reason="connect"), "connect"),
        (Result(200, "closed"), "closed"),
        (Result(199), "status 199"),
    ],
)
def test_all_else_is_a_failure_that_is_tried_again(result, error):
    assert result.error == error
    assert verdict(result, 0, STEPS, 0.5) == Verdict("waiting", 5.0)


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 240.0), (0.5, 300.0), (1.0, 360.0)])
def test_a_wait_is_up_to_a_fifth_shorter_or_longer(chance, wait):
    assert verdict(Result(500), 1, STEPS, chance).wait == pytest.approx(wait)


@pytest.mark.parametrize(("tries", "state"), [(0, "waiting"), (1, "waiting"), (2, "exhausted")])
def test_it_is_given_up_after_the_last_attempt_of_the_schedule(tries, state):
    assert verdict(Result(500), tries, STEPS, 0.5).state == state


def test_the_usual_schedule_is_that_of_svix():
    assert len(SCHEDULE) + 1 == 8
    assert sum(SCHEDULE) == pytest.approx(27.6 * 3600, rel=0.01)


@pytest.mark.parametrize(
    "result", [Result(429), Result(reason="timeout"), Result(reason="connect_timeout")]
)
def test_who_is_slow_or_asks_for_less_is_left_alone_for_a_minute(result):
    assert verdict(result, 0, STEPS, 0.5) == Verdict("waiting", 60.0)
    assert verdict(result, 1, STEPS, 0.5).wait == 300.0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for_and_pauses_the_endpoint(status):
    assert verdict(Result(status, asked=100.0), 0, STEPS, 0.5) == Verdict("waiting", 100.0, 100.0)
    assert verdict(Result(status, asked=100.0), 1, STEPS, 0.5) == Verdict("waiting", 300.0, 100.0)
    assert verdict(Result(status, asked=100.0), 2, STEPS, 0.5) == Verdict("exhausted", 0.0, 100.0)


def test_retry_after_of_ten_years_is_a_day():
    ten_years = Result(503, asked=10 * 365 * 86_400.0)
    assert verdict(ten_years, 0, STEPS, 0.5) == Verdict("waiting", 86_400.0, 86_400.0)


@pytest.mark.parametrize("result", [Result(500, asked=100.0), Result(429, "closed", 100.0)])
def test_retry_after_of_other_answers_is_nothing(result):
    assert verdict(result, 0, STEPS, 0.5).pause == 0.0


def test_410_is_the_end_of_the_endpoint():
    assert verdict(Result(410), 0, STEPS, 0.5) == Verdict("exhausted", gone=True)
    assert not verdict(Result(410, "closed"), 0, STEPS, 0.5).gone
