import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.http.dates import read_date, write_date

NOW = 1_790_000_000.0  # September 2026
LEXICAL = 784_111_777  # the example of RFC 9110 §5.6.7


def test_dates_are_written_in_the_fixed_form():
    assert write_date(LEXICAL) == b"Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_all_three_forms_are_read(text):
    assert read_date(text, NOW) == LEXICAL


@pytest.mark.parametrize(
    ("year", "full"), [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)]
)
def test_two_digit_years_are_at_most_fifty_years_ahead(year, full):
    short = read_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT", NOW)
    assert short == read_date(f"Sun, 06 Nov {full} 08:49:37 GMT", NOW)


def test_a_leap_second_is_the_next_second():
    assert read_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW) == 1_483_228_800


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
        "Sun, 06 Nov 19\u0669\u0664 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_anything_else_is_no_date(text):
    assert read_date(text, NOW) is None


@given(st.integers(0, 253_402_300_799))
def test_what_is_written_can_be_read(second):
    assert read_date(write_date(second).decode(), NOW) == second
