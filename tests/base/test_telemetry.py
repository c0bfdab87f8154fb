"""Counters, histograms, the budget of series, and snapshots of several processes made one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base import metrics
from frontdesk.base.telemetry import Histogram, Metric, Registry, Sample, merge

CALLS = Metric("calls_total", "counter", "Calls.", ("who",))
TOOK = Metric("took_seconds", "histogram", "Time.", ("who",), (0.1, 1.0))
OPEN = Metric("open", "gauge", "Open ones.")
STATE = Metric("state", "gauge", "The worst state.", merged="max")
TABLE = {metric.name: metric for metric in (CALLS, TOOK, OPEN, STATE)}


def test_the_same_label_values_are_the_same_series():
    registry = Registry()
    registry.counter(CALLS, "a").value += 1
    registry.counter(CALLS, "a").value += 1
    registry.counter(CALLS, "b").value += 1
    assert registry.snapshot() == [("calls_total", ("a",), 2), ("calls_total", ("b",), 1)]


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        pytest.param(0.0, [1, 0, 0], id="nothing"),
        pytest.param(0.1, [1, 0, 0], id="a bound belongs to its bucket"),
        pytest.param(0.11, [0, 1, 0], id="beyond it"),
        pytest.param(99.0, [0, 0, 1], id="beyond all"),
    ],
)
def test_a_value_falls_into_the_bucket_that_ends_with_it_or_above(value, counts):
    histogram = Histogram(TOOK.bounds)
    histogram.observe(value)
    assert (histogram.counts, histogram.sum) == (counts, value)


@given(st.lists(st.sampled_from([0, 0.05, 0.1, 0.25, 1.0, 1.5]) | st.floats(0, 9), max_size=80))
def test_many_values_are_counted_as_one_by_one(values):
    together, alone = Histogram(TOOK.bounds), Histogram(TOOK.bounds)
    together.observe_all(values)
    for value in values:
        alone.observe(value)
    assert (together.counts, together.sum) == (alone.counts, pytest.approx(alone.sum))


def test_who_owes_settles_before_anybody_reads():
    registry = Registry()

    class Late:
        def settle(self):
            registry.owing.discard(self)
            registry.counter(CALLS, "late").value += 1

    registry.owing.add(Late())
    registry.owing.add(Late())
    settling = registry.settle()
    next(settling)
    (other,) = registry.owing
    other.settle()  # before its turn
    assert [*settling] == [None]
    assert registry.snapshot() == registry.snapshot() == [("calls_total", ("late",), 2)]


def test_a_metric_has_as_many_series_as_it_may_and_the_rest_shares_one():
    registry = Registry(max_series=3)
    for who in "abcdefa":
        registry.counter(CALLS, who).value += 1
    registry.histogram(TOOK, "f").observe(0.5)  # a budget of its own
    assert registry.snapshot() == [
        ("calls_total", ("a",), 2),
        ("calls_total", ("b",), 1),
        ("calls_total", ("overflow",), 4),
        ("took_seconds", ("f",), [0, 1, 0, 0.5]),
    ]


def test_a_metric_without_labels_cannot_overflow():
    registry = Registry(max_series=1)
    registry.counter(OPEN).value += 1
    assert registry.snapshot() == [("open", (), 1)]


def test_collectors_are_asked_when_somebody_reads():
    registry, now = Registry(), [1.0]
    registry.collect(lambda: [Sample("open", (), now[0])])
    now[0] = 7.0
    assert registry.snapshot() == [("open", (), 7.0)]


def test_series_may_be_made_while_samples_are_read():
    registry = Registry()
    registry.counter(CALLS, "a")
    samples = registry.samples()
    next(samples)
    registry.counter(CALLS, "b")
    registry.histogram(TOOK, "a")
    assert all(sample.name != "open" for sample in samples)


def test_snapshots_of_workers_become_one():
    one = [Sample("calls_total", ("a",), 2.0), Sample("state", (), 2.0), Sample("open", (), 3.0)]
    two = [Sample("calls_total", ("a",), 3.0), Sample("state", (), 1.0), Sample("open", (), 4.0)]
    other = [Sample("took_seconds", ("a",), [1, 2, 3, 0.5]), Sample("unknown", (), 1.0)]
    merged = merge([one, two, other, other], TABLE.get)
    assert merged == [
        ("calls_total", ("a",), 5.0),
        ("state", (), 2.0),
        ("open", (), 7.0),
        ("took_seconds", ("a",), [2, 4, 6, 1.0]),
    ]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 100)), max_size=30))
def test_what_several_processes_counted_is_what_one_would_have_counted(observed):
    whole, parts = Registry(), [Registry(), Registry()]
    for number, (who, value) in enumerate(observed):
        for registry in (whole, parts[number % 2]):
            registry.counter(CALLS, who).value += 1
            registry.histogram(TOOK, who).observe(value)
    sent = [json.loads(json.dumps(part.snapshot())) for part in parts]  # as it crosses a socket
    assert _rounded(merge(sent, TABLE.get)) == _rounded(whole.snapshot())


def _rounded(samples):
    return {
        (name, tuple(labels)): [round(number, 6) for number in value]
        if isinstance(value, list)
        else value
        for name, labels, value in samples
    }


@pytest.mark.parametrize("metric", metrics.METRICS.values(), ids=metrics.METRICS)
def test_a_name_says_what_it_counts(metric):
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.bounds) == (metric.kind == "histogram")
    assert list(metric.bounds) == sorted(metric.bounds)
    assert metric.help.endswith(".")
    if metric.kind == "histogram":
        assert metric.name.endswith(("_seconds", "_bytes"))
