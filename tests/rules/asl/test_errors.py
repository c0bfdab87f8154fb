"""Names in ErrorEquals, and delays, as tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.asl.errors import catcher_for, delay, retrier_for, takes
from frontdesk.rules.asl.model import Catcher, Retrier


@pytest.mark.parametrize(
    ("written", "error", "taken"),
    [
        (["States.ALL"], "Anything", True),
        (["States.ALL"], "States.DataLimitExceeded", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "Anything", True),
        (["States.TaskFailed"], "States.QueryEvaluationError", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.TaskFailed"], "States.HeartbeatTimeout", True),
        (["States.TaskFailed"], "States.Runtime", False),
        (["States.Timeout"], "States.Timeout", True),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["State.ALL"], "Anything", False),
        (["State.ALL"], "State.ALL", True),
        (["Custom*"], "CustomError", False),
        (["custom"], "Custom", False),
        (["A", "B"], "B", True),
        (["Lambda.Unknown"], "Lambda.Unknown", True),
    ],
)
def test_names_take_errors(written, error, taken):
    assert takes(written, error) is taken


def retrier(*names, **fields):
    return Retrier(place=(), error_equals=names, **fields)


def test_the_first_retrier_that_takes_an_error_is_the_one():
    retriers = [retrier("A"), retrier("B", "C"), retrier("States.ALL")]
    assert [retrier_for(retriers, error) for error in ("A", "C", "D", "States.Runtime")] == [
        0,
        1,
        2,
        None,
    ]


def test_the_first_catcher_that_takes_an_error_is_the_one():
    catchers = [
        Catcher(place=(), error_equals=("A",), next="a"),
        Catcher(place=(), error_equals=("States.TaskFailed",), next="rest"),
    ]
    assert catcher_for(catchers, "A").next == "a"
    assert catcher_for(catchers, "B").next == "rest"
    assert catcher_for(catchers, "States.Timeout") is None


@pytest.mark.parametrize(
    ("fields", "retry", "chance", "milliseconds"),
    [
        pytest.param({}, 1, 0.5, 1000, id="defaults"),
        pytest.param({}, 3, 0.5, 4000, id="doubles"),
        pytest.param({}, 5, 0.5, 16000, id="as TestState tells"),
        pytest.param({"interval_seconds": 2, "backoff_rate": 1.5}, 3, 0.5, 4500, id="rate"),
        pytest.param({"interval_seconds": 3, "max_delay_seconds": 5}, 2, 0.5, 5000, id="bounded"),
        pytest.param({"full_jitter": True}, 3, 0.25, 1000, id="jitter"),
        pytest.param({"full_jitter": True}, 3, 0.0, 0, id="jitter of nothing"),
        pytest.param(
            {"full_jitter": True, "max_delay_seconds": 2}, 9, 0.5, 1000, id="jitter below the bound"
        ),
        pytest.param({"backoff_rate": 1.0}, 9, 0.5, 1000, id="no growth"),
    ],
)
def test_delay(fields, retry, chance, milliseconds):
    assert delay(retrier("A", **fields), retry, chance) == milliseconds


@given(
    st.builds(
        retrier,
        st.just("A"),
        interval_seconds=st.integers(1, 99_999_999),
        backoff_rate=st.floats(1, 1e300),
        max_delay_seconds=st.none() | st.integers(2, 31_622_400),
        full_jitter=st.booleans(),
    ),
    st.integers(1, 99_999_999),
    st.floats(0, 1, exclude_max=True),
)
def test_no_delay_is_longer_than_its_bound(one, retry, chance):
    assert 0 <= delay(one, retry, chance) <= (one.max_delay_seconds or 99_999_999) * 1000
