"""Times as AWS writes them."""

import pytest

from frontdesk.rules.events.times import clf, iso_milliseconds, iso_seconds, java_date


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (0, "01/Jan/1970:00:00:00 +0000"),
        (1583348638, "04/Mar/2020:19:03:58 +0000"),
        (4102444799, "31/Dec/2099:23:59:59 +0000"),
    ],
)
def test_common_log_format(second, text):
    assert clf(second) == text


@pytest.mark.parametrize(
    ("time", "seconds", "milliseconds"),
    [
        (0.0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        (1583348638.0625, "2020-03-04T19:03:58Z", "2020-03-04T19:03:58.062Z"),
    ],
)
def test_iso_8601(time, seconds, milliseconds):
    assert (iso_seconds(time), iso_milliseconds(time)) == (seconds, milliseconds)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "Thu Jan 01 00:00:00 UTC 1970"),
        (1583348638.9, "Wed Mar 04 19:03:58 UTC 2020"),
    ],
)
def test_dates_of_java(time, text):
    assert java_date(time) == text
