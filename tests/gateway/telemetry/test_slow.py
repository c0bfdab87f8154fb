"""Slow requests: which are logged, and how their time is divided."""

import logging

import pytest

from frontdesk.base.telemetry import Registry
from frontdesk.gateway.pipeline.exchange import Mark
from frontdesk.gateway.telemetry.slow import SlowLog, stage_times, timed


def test_a_stage_leaves_a_mark(make_exchange):
    seconds = iter([100.5, 100.75])
    stage = timed("throttle", lambda _ex: "answer", lambda: next(seconds), awaits_body=False)
    ex = make_exchange()
    assert stage(ex) == "answer"
    assert ex.marks == (Mark("throttle", 100.5, 100.75, False),)


@pytest.mark.parametrize(
    ("marks", "facts", "times"),
    [
        pytest.param([], {}, {"route": 10.0}, id="refused before any stage"),
        pytest.param(
            [("throttle", 101, 102), ("mock", 103, 104)],
            {},
            {"route": 1, "throttle": 2, "mock": 1, "answer": 6},
            id="all at once",
        ),
        pytest.param(
            [("authorize", 101, 102), ("http", 105, 106)],
            {"integration_started": 105.5, "integration_latency": 3.0},
            {"route": 1, "authorize": 4, "http": 3.5, "answer": 1.5},
            id="an authorizer and a backend that were waited for",
        ),
        pytest.param(
            [("throttle", 101, 102), ("function", 105, 106, True)],
            {"integration_started": 105.5, "integration_latency": 1.0},
            {"route": 1, "throttle": 1, "body": 3, "function": 1.5, "answer": 3.5},
            id="a body that came slowly",
        ),
    ],
)
def test_the_time_is_divided_without_rest(make_exchange, marks, facts, times):
    ex = make_exchange(
        ended=110.0, marks=tuple(Mark(*mark, *[False][len(mark) - 3 :]) for mark in marks), **facts
    )
    assert dict(stage_times(ex)) == times
    assert sum(times.values()) == ex.ended - ex.started


@pytest.mark.parametrize(
    ("head_sent", "ended", "is_slow"),
    [
        pytest.param(0.0, 101.0, False, id="in time"),
        pytest.param(0.0, 101.001, True, id="slow"),
        pytest.param(100.5, 400.0, False, id="a long stream that began in time"),
        pytest.param(101.5, 400.0, True, id="a stream that began late"),
    ],
)
def test_only_what_takes_longer_is_logged_and_counted(
    make_exchange, caplog, head_sent, ended, is_slow
):
    registry, logged = Registry(), []
    ex = make_exchange(head_sent=head_sent, ended=ended, status=200, error="client_gone")
    with caplog.at_level(logging.WARNING):
        SlowLog(1.0, registry, logged.append).record(ex)
    assert logged == [ex]
    assert len(caplog.records) == len(registry.snapshot()) == is_slow
