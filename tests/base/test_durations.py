"""Amounts: what is read, what is refused, and that written amounts are read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.base.durations import (
    Rate,
    parse_duration,
    parse_rate,
    parse_size,
    tell_duration,
    write_duration,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("10s", 10.0),
        ("1.5m", 90.0),
        ("1h", 3600.0),
        ("7d", 604800.0),
        ("3", 3.0),
        ("0s", 0.0),
        (3, 3.0),
        (0.5, 0.5),
    ],
)
def test_durations_become_seconds(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        "5 parsecs",
        "",
        "s",
        "-1s",
        "1h30m",
        "1e3s",
        " 1s",
        "1s\n",
        "\u0661s",
        -1,
        True,
        None,
        float("nan"),
        float("inf"),
        [1],
    ],
    ids=repr,
)
def test_anything_else_is_no_duration(value):
    with pytest.raises(ValueError, match="expected a duration such as 250ms, 10s or 5m"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("text", "size"),
    [("64KB", 65536), ("10MB", 10485760), ("1GB", 2**30), ("7B", 7), ("12", 12), (5, 5), (0, 0)],
)
def test_sizes_are_1024_based(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("value", ["10mb", "1.5MB", "-1", "MB", 1.5, True, None, -1], ids=repr)
def test_anything_else_is_no_size(value):
    with pytest.raises(ValueError, match="expected a size such as 64KB or 10MB"):
        parse_size(value)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("500/s", Rate(500, 1.0)),
        ("1000/m", Rate(1000, 60.0)),
        ("10/h", Rate(10, 3600.0)),
        ("1,000/d", Rate(1000, 86400.0)),
        ("1,000,000/d", Rate(1000000, 86400.0)),
        (Rate(2, 3.0), Rate(2, 3.0)),
    ],
    ids=str,
)
def test_rates(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "value", ["500", "500/ms", "1,00/d", "0.5/s", "/s", "500/s ", "5 /s", 500, None], ids=repr
)
def test_anything_else_is_no_rate(value):
    with pytest.raises(ValueError, match="expected a rate such as 500/s or 1,000/d"):
        parse_rate(value)


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1 request"):
        parse_rate("0/s")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.25, "250ms"), (1.5, "1500ms"), (90.0, "90s"), (3600.0, "1h"), (86400.0, "1d")],
)
def test_durations_are_written_in_the_largest_whole_unit(seconds, text):
    assert write_duration(seconds) == text


@given(st.integers(0, 10**9))
def test_written_durations_are_read_back(milliseconds):
    seconds = milliseconds / 1000
    assert parse_duration(write_duration(seconds)) == pytest.approx(seconds)


@given(st.integers(1, 10**9), st.sampled_from([1.0, 60.0, 3600.0, 86400.0]))
def test_written_rates_are_read_back(limit, window):
    assert parse_rate(str(Rate(limit, window))) == Rate(limit, window)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.0404, "40 ms"),
        (0.9996, "1 s"),
        (3.24, "3.2 s"),
        (59.96, "1 m"),
        (200.0, "3 m 20 s"),
        (3600.0, "1 h"),
        (86_405.0, "1 d"),
        (190_800.0, "2 d 5 h"),
    ],
)
def test_durations_are_told_in_the_two_largest_units(seconds, text):
    assert tell_duration(seconds) == text
