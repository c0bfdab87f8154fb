"""How values are written on pages."""

import pytest

from frontdesk.web.words import MOST, NOTHING, count, instant, pretty, shortened, size, span


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, NOTHING),
        (0.0, "0 s"),
        (0.00035, "350 µs"),
        (0.0123, "12.3 ms"),
        (0.0000432, "43 µs"),
        (0.000_999_7, "1 ms"),
        (0.999_7, "1 s"),
        (3.42, "3.42 s"),
        (59.97, "1 min"),
        (3599.7, "1 h"),
        (125, "2 min 5 s"),
        (120, "2 min"),
        (11_400, "3 h 10 min"),
        (4 * 86_400 + 7200, "4 d 2 h"),
    ],
)
def test_durations(seconds, told):
    assert span(seconds) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (None, NOTHING),
        (7, "7"),
        (950, "950"),
        (12_345, "12.3k"),
        (1234.5, "1234"),
        (999_683, "1M"),
        (4_560_000, "4.56M"),
        (-12_345, "-12.3k"),
        (10**18, "1e+09G"),
        (0.5, "0.5"),
    ],
)
def test_counts(number, told):
    assert count(number) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (None, NOTHING),
        (512, "512 B"),
        (1023, "1023 B"),
        (1536, "1.5 KB"),
        (2**20 - 100, "1 MB"),
        (5 * 2**20, "5 MB"),
    ],
)
def test_sizes(number, told):
    assert size(number) == told


def test_instants():
    assert instant(0.25) == "1970-01-01T00:00:00.250Z"
    assert instant(None) == ""


@pytest.mark.parametrize(
    ("value", "told"), [('{"a":1}', '{\n  "a": 1\n}'), ("plain", "plain"), ([1], "[\n  1\n]")]
)
def test_json_is_written_for_reading(value, told):
    assert pretty(value) == told


@pytest.mark.parametrize("value", ["a" * (MOST + 1000), '"' + "a" * (MOST + 998) + '"'])
def test_what_is_longer_than_a_page_shows_is_cut(value):
    for written in (shortened(value), pretty(value)):
        assert written.startswith(value[:MOST])
        assert written.endswith("… and 1000 characters more")
    assert len(pretty({"a": value})) < MOST + 100


def test_what_fits_is_not_cut():
    assert shortened("a" * MOST) == "a" * MOST
