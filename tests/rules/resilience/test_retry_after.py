"""Retry-After in both of its forms, and what is none."""

import pytest

from frontdesk.rules.resilience.retry_after import asked_wait, retry_after

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60.0),
        ("Sun Nov  6 08:50:37 1994", 60.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1e3", None),
        ("9" * 400, None),
    ],
)
def test_seconds_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


def test_a_date_is_measured_by_the_servers_own_clock():
    at, date = "Sun, 06 Nov 1994 09:00:30 GMT", "Sun, 06 Nov 1994 09:00:00 GMT"
    assert retry_after(at, NOW, date) == 30.0
    assert retry_after(at, NOW, "gibberish") == 653.0


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ([(b"RETRY-AFTER", b"7")], 7.0),
        ([(b"Content-Type", b"a"), (b"Dato", b"x")], None),
        (
            [
                (b"date", b"Sun, 06 Nov 1994 09:00:00 GMT"),
                (b"Retry-After", b"Sun, 06 Nov 1994 09:00:05 GMT"),
            ],
            5.0,
        ),
        ([(b"Retry-After", b"never")], None),
    ],
    ids=["seconds", "none", "date", "unreadable"],
)
def test_it_is_found_among_the_fields_of_an_answer(fields, seconds):
    assert asked_wait(fields, NOW) == seconds
