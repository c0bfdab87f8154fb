"""What is written for Prometheus, read by Prometheus's own library."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text

from frontdesk.base import metrics
from frontdesk.base.telemetry import Registry, Sample
from frontdesk.gateway.telemetry.exposition import (
    OPEN_METRICS,
    TEXT,
    by_metric,
    format_for,
    written,
)

PARSERS = {TEXT: parse_text, OPEN_METRICS: parse_open_metrics}
FORMATS = pytest.mark.parametrize("form", PARSERS, ids=["text", "openmetrics"])


def read(samples, form):
    """Write samples and read them back: {(name, labels): value}."""
    text = "".join(written(by_metric(samples), form))
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in PARSERS[form](text)
        for sample in family.samples
    }


@FORMATS
def test_a_counter_a_gauge_and_a_histogram_are_read_as_they_were_counted(form):
    registry = Registry()
    registry.counter(metrics.JWKS_REFRESH, "ok").value += 3
    registry.collect(lambda: [Sample(metrics.OPEN_FDS.name, (), 12.0)])
    overhead = registry.histogram(metrics.OVERHEAD, "clinic")
    for value in (0.0004, 0.0005, 0.003, 60.0):
        overhead.observe(value)
    found = read(registry.snapshot(), form)
    assert found["jwks_refresh_total", ("result", "ok")] == 3
    assert found["process_open_fds",] == 12
    buckets = {
        dict(labels)["le"]: value
        for (name, *labels), value in found.items()
        if name == "frontdesk_overhead_seconds_bucket"
    }
    assert [buckets[bound] for bound in ("0.0005", "0.0025", "0.005", "10.0", "+Inf")] == [
        *(2, 2, 3, 3, 4)
    ]
    assert found["frontdesk_overhead_seconds_count", ("api", "clinic")] == 4
    assert found["frontdesk_overhead_seconds_sum", ("api", "clinic")] == pytest.approx(60.0039)


@FORMATS
def test_a_label_is_escaped(form):
    value = 'a "quoted" \\ text\nof two lines'
    text = "".join(written(by_metric([Sample("jwks_refresh_total", (value,), 1.0)]), form))
    (family,) = PARSERS[form](text)
    assert family.samples[0].labels == {"result": value}


@FORMATS
@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_label_says_what_it_was_given(form, value):
    text = "".join(written(by_metric([Sample("jwks_refresh_total", (value,), 1.0)]), form))
    if value.isprintable():  # the parsers split at other line ends than the format does
        (family,) = PARSERS[form](text)
        assert family.samples[0].labels == ({"result": value} if value else {})


@FORMATS
def test_samples_of_one_metric_stand_together(form):
    mixed = [Sample(name, (text,), 1.0) for text in "ab" for name in ("jwks_refresh_total", "x")]
    mixed += [Sample(metrics.CONFIG_RELOAD.name, (text,), 1.0) for text in "ab"]
    text = "".join(written(by_metric(mixed[::-1]), form))
    assert text.count("# TYPE") == 2  # what has no name in the table is left out


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (b"", TEXT),
        (b"text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT),
        (b"application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.4", OPEN_METRICS),
    ],
)
def test_the_format_is_what_the_scraper_prefers(accept, form):
    assert format_for(accept) is form
