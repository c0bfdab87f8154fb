"""What is kept of metrics: what an interval has added, whatever restarts, and what series say of it."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry, Sample
from frontdesk.rules.metric_history import (
    BUSIEST,
    COUNTS,
    LEVELS,
    OTHER,
    TRAFFIC,
    Reader,
    Row,
    merged,
    of_class,
    quantile,
    requests,
    traffic,
    value,
)


def answered(registry, route="/x", status="200", seconds=0.004, *, api="a", times=1):
    labels = ("GET", route, status, "http", "1.1", "", api, "$default")
    for _ in range(times):
        registry.histogram(metrics.REQUEST_DURATION, *labels).observe(seconds)


def a_row(*answers, at=10.0, **keywords):
    registry = Registry()
    for route, status, times in answers:
        answered(registry, route, status, times=times, **keywords)
    return Reader().row(registry.samples(), at, 10.0)


def test_a_row_says_what_was_added_since_the_one_before():
    registry, reader = Registry(), Reader()
    answered(registry, times=3)
    assert value(reader.row(registry.samples(), 10.0, 10.0), "requests") == 0.3
    answered(registry, status="503", times=5)
    row = reader.row(registry.samples(), 20.0, 10.0)
    assert (value(row, "requests"), value(row, "5xx"), value(row, "failed")) == (0.5, 0.5, 1.0)
    assert reader.row(registry.samples(), 30.0, 10.0).routes == {}


def test_counters_that_begin_anew_count_from_nothing():
    registry, reader = Registry(), Reader()
    answered(registry, times=5)
    registry.counter(metrics.INVOCATIONS, "f", "1", "http").value += 7
    reader.row(registry.samples(), 10.0, 10.0)
    again = Registry()
    answered(again, times=2)
    again.counter(metrics.INVOCATIONS, "f", "1", "http").value += 3
    row = reader.row(again.samples(), 20.0, 10.0)
    assert (value(row, "requests"), value(row, "functions.invocations:f")) == (0.2, 0.3)


def test_requests_are_told_by_api_route_and_class():
    row = a_row(("/x", "200", 4), ("/x", "429", 3), ("/y", "404", 2), ("/y", "502", 1))
    told = {name: value(row, name) for name in ("2xx", "4xx", "429", "5xx", "3xx")}
    assert told == {"2xx": 0.4, "4xx": 0.5, "429": 0.3, "5xx": 0.1, "3xx": 0.0}
    assert value(row, "requests", api="a", route="GET /x") == 0.7
    assert value(row, "requests", api="b") == 0.0
    assert value(row, "p99", api="b") is None


def test_the_overflow_of_labels_is_counted_without_a_class():
    registry = Registry()
    labels = ("overflow",) * len(metrics.REQUEST_DURATION.labels)
    registry.histogram(metrics.REQUEST_DURATION, *labels).observe(0.1)
    row = Reader().row(registry.samples(), 10.0, 10.0)
    assert value(row, "requests") == 0.0
    assert value(row, "p50") is not None


@pytest.mark.parametrize(
    ("seconds", "share", "expected"),
    [
        ([0.004] * 10, 0.5, 0.00375),
        ([0.004] * 99 + [4.0], 0.99, 0.005),
        ([0.004] * 9 + [4.0], 0.99, 4.75),
        ([99.0], 0.5, 10.0),
        ([], 0.5, None),
    ],
    ids=["within its bucket", "all but the last", "the last", "beyond all bounds", "none"],
)
def test_quantiles_are_read_from_buckets(seconds, share, expected):
    registry = Registry()
    for each in seconds:
        answered(registry, seconds=each)
    row = Reader().row(registry.samples(), 10.0, 10.0)
    assert quantile(traffic(row), share) == (None if expected is None else pytest.approx(expected))


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["/x", "/y", "/z"]), st.sampled_from(["200", "429", "500"]))
        ),
        min_size=1,
        max_size=6,
    )
)
def test_rows_that_are_made_one_have_what_each_of_them_had(intervals):
    registry, reader = Registry(), Reader()
    rows = []
    for number, interval in enumerate(intervals, start=1):
        for route, status in interval:
            answered(registry, route, status)
        rows.append(reader.row(registry.samples(), number * 10.0, 10.0))
    whole = merged(rows)
    assert requests(traffic(whole)) == sum(map(len, intervals))
    throttled = sum(status == "429" for interval in intervals for _, status in interval)
    assert of_class(traffic(whole), "429") == throttled
    assert (whole.at, whole.seconds) == (len(rows) * 10.0, len(rows) * 10.0)
    assert Row.of(orjson.loads(orjson.dumps(whole.document()))).document() == whole.document()


def test_all_but_the_busiest_routes_are_told_as_one():
    row = a_row(*((f"/r{number}", "200", 1 + (number < BUSIEST)) for number in range(BUSIEST + 20)))
    assert len(row.routes) == BUSIEST + 1
    assert value(row, "requests") == pytest.approx((2 * BUSIEST + 20) / 10)
    assert value(row, "requests", route=OTHER) == 2.0


def test_levels_are_the_highest_that_were_seen():
    registry = Registry()
    depths = [4.0, 9.0, 2.0]
    registry.collect(
        lambda: [
            Sample(metrics.QUEUE_DEPTH.name, ("calls", "visible"), depths[0]),
            Sample(metrics.QUEUE_DEPTH.name, ("calls", "inflight"), 1.0),
            Sample(metrics.CIRCUIT_STATE.name, ("crm",), 2.0),
        ]
    )
    reader, rows = Reader(), []
    while depths:
        rows.append(reader.row(registry.samples(), 10.0, 10.0))
        depths.pop(0)
    assert [value(row, "queue.depth:calls") for row in rows] == [5.0, 10.0, 3.0]
    assert value(merged(rows), "queue.depth:calls") == 10.0
    assert value(merged(rows), "breaker:crm") == 2.0


def test_what_failed_is_counted_for_all_and_for_each():
    registry = Registry()
    registry.counter(metrics.EXECUTIONS, "order", "FAILED").value += 2
    registry.counter(metrics.EXECUTIONS, "order", "SUCCEEDED").value += 5
    registry.counter(metrics.FUNCTION_ERRORS, "f", "1", "Unhandled").value += 1
    registry.counter(metrics.TIMEOUTS, "f", "1").value += 1
    row = Reader().row(registry.samples(), 10.0, 10.0)
    assert row.counts == {
        "executions.ended": 7,
        "executions.ended:order": 7,
        "executions.failed": 2,
        "executions.failed:order": 2,
        "functions.errors": 2,
        "functions.errors:f": 2,
    }


@pytest.mark.parametrize("series", [*TRAFFIC, *COUNTS, *LEVELS])
def test_every_series_can_be_read_where_nothing_happened(series):
    assert value(Row(10.0, 10.0), series) in (0.0, None)


def test_there_is_no_other_series():
    with pytest.raises(KeyError):
        value(Row(10.0, 10.0), "pulse")
