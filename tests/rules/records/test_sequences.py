"""How numbers of a sequence are named and written."""

from datetime import datetime

import pytest

from frontdesk.rules.records.refusals import InvalidRecordError
from frontdesk.rules.records.sequences import format_number, sequence_key

MARCH = datetime(2026, 3, 9)  # noqa: DTZ001 - the date is all that counts
APRIL = datetime(2026, 4, 1)  # noqa: DTZ001 - as above


@pytest.mark.parametrize(
    ("rotate_by", "date", "expected"),
    [
        ("none", MARCH, "none"),
        ("daily", MARCH, "20260309"),
        ("monthly", MARCH, "202603"),
        ("yearly", MARCH, "2026"),
        ("fiscal_yearly", MARCH, "2025"),
        ("fiscal_yearly", APRIL, "2026"),
    ],
)
def test_the_counter_of_a_number(rotate_by, date, expected):
    key = sequence_key("inv", "Acme", rotate_by, {}, date)
    assert (key.pk, key.sk) == ("SEQ#acme", f"inv#{expected}")


def test_codes_tell_counters_apart_in_their_order():
    key = sequence_key("inv", "acme", "none", {"code2": "b", "code1": "a"}, MARCH)
    assert key.sk == "inv#a#b#none"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%%no%%", "42"),
        ("%%no#:0>4%%", "0042"),
        ("%%no#:0>1%%", "42"),
        ("%%no#:*>5%%", "***42"),
        ("A-%%year%%/%%month#:0>2%%/%%day#:0>2%%-%%no%%!", "A-2026/03/09-42!"),
        ("%%fiscal_year%%-%%code1%%", "73-x"),
        ("100%", "100%"),
        ("", ""),
    ],
)
def test_formats(form, expected):
    assert format_number(42, MARCH, {"code1": "x"}, form=form) == expected


def test_prefix_and_postfix():
    assert format_number(7, MARCH, {}, prefix="<", postfix=">") == "<7>"


@pytest.mark.parametrize(
    "form", ["%%no", "%%nothing%%", "%%no#:0>x%%", "%%no#:%%", "%%no#:0>999%%", "%%%%"]
)
def test_what_is_no_format(form):
    with pytest.raises(InvalidRecordError, match="Invalid format"):
        format_number(1, MARCH, {}, form=form)


@pytest.mark.parametrize(
    ("rotate_by", "params"), [("weekly", {}), ("none", {"code6": "x"}), ("none", {"colour": "x"})]
)
def test_what_is_no_counter(rotate_by, params):
    with pytest.raises(InvalidRecordError):
        sequence_key("inv", "acme", rotate_by, params, MARCH)
