"""Schedule expressions: what is read, and what is refused with the field, its column and what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.rules.schedules.expressions import At, Cron, Rate, parse
from frontdesk.rules.schedules.fields import ExpressionError

READ = {
    "rate(5 minutes)": Rate(300),
    "rate(1 hour)": Rate(3600),
    "rate(1 hours)": Rate(3600),
    "rate( 2  day )": Rate(172800),
}


@pytest.mark.parametrize(("expression", "expected"), READ.items(), ids=READ)
def test_a_rate_is_read(expression, expected):
    assert parse(expression) == expected


def test_an_at_is_read():
    read = parse("at(2026-12-24T18:00:00)")
    assert isinstance(read, At)
    assert read.time.isoformat() == "2026-12-24T18:00:00"


def test_a_cron_is_read_to_numbers():
    read = parse("cron( 0,30  */6 ? jan-Mar,12 * 2026/2 )")
    assert isinstance(read, Cron)
    assert read.minutes == (0, 30)
    assert read.hours == (0, 6, 12, 18)
    assert read.months == (1, 2, 3, 12)
    assert read.years[:3] == (2026, 2028, 2030)
    assert read.days(2026, 2) == list(range(1, 29))


REFUSED = {
    "": (1, "expected cron(…), rate(…) or at(…)"),
    "0 3 * * ? *": (1, "expected cron(…)"),
    "CRON(0 3 * * ? *)": (1, "expected cron(…)"),
    "cron(* * * * * *)": (14, "expected ? for day-of-month or for day-of-week, and not for both"),
    "cron(0 0 ? * ? *)": (14, "expected ? for day-of-month or for day-of-week, and not for both"),
    "cron(0 0 1 * 2 *)": (14, "expected ? for day-of-month or for day-of-week"),
    "cron(0 0 * * ?)": (6, "expected six fields (minutes hours day-of-month month day-of-week year), not 5"),
    "cron(60 0 * * ? *)": (6, "expected 0-59 with , - * / for minutes (column 6)"),
    "cron(0 24 * * ? *)": (8, "for hours"),
    "cron(0 0 0 * ? *)": (10, "expected 1-31 with , - * ? / L W for day-of-month (column 10)"),
    "cron(0 0 32 * ? *)": (10, "for day-of-month"),
    "cron(0 0 ? * 0 *)": (14, "expected 1-7 or SUN-SAT with , - * ? L # for day-of-week (column 14)"),
    "cron(0 0 ? * 8 *)": (14, "for day-of-week"),
    "cron(0 0 ? * MON/2 *)": (14, "it takes no steps"),
    "cron(0 0 ? * 3#1,6#3 *)": (14, "for day-of-week"),
    "cron(0 0 ? * 3#6 *)": (14, "for day-of-week"),
    "cron(0 0 ? * MON,6L *)": (14, "for day-of-week"),
    "cron(0 0 ? * FRI-MON *)": (14, "a range goes upwards (column 14)"),
    "cron(0 0 1,15W * ? *)": (10, "for day-of-month"),
    "cron(0 0 L,1 * ? *)": (10, "for day-of-month"),
    "cron(0 0 L-3 * ? *)": (10, "for day-of-month"),
    "cron(0 0 32W * ? *)": (10, "for day-of-month"),
    "cron(0 0 1 13 ? *)": (12, "expected 1-12 or JAN-DEC with , - * / for month"),
    "cron(0 0 1 MAI ? *)": (12, "for month"),
    "cron(0 0 1 ? ? *)": (12, "for month"),
    "cron(0 0 1 * ? 1969)": (16, "expected 1970-2199 with , - * / for year"),
    "cron(0 0 1 * ? 2200)": (16, "for year"),
    "cron(1,x 0 * * ? *)": (8, "for minutes (column 8)"),
    "cron(1,,2 0 * * ? *)": (8, "for minutes"),
    "cron(*/0 0 * * ? *)": (6, "a step is 1 at least"),
    "cron(5- 0 * * ? *)": (6, "for minutes"),
    "cron(\u0663 0 * * ? *)": (6, "for minutes"),
    "rate(0 days)": (6, "expected a number from 1 and minutes, hours or days"),
    "rate(5 weeks)": (6, "expected a number from 1"),
    "rate(5)": (6, "expected a number from 1"),
    "rate(-1 minutes)": (6, "expected a number from 1"),
    "at(2026-12-24)": (4, "expected a date and time of day without a zone"),
    "at(2026-12-24T18:00:00Z)": (4, "without a zone"),
    "at(2026-02-30T18:00:00)": (4, "expected a date"),
    "at(0001-01-01T00:00:00)": (4, "expected a date"),
    "at(9999-01-01T00:00:00)": (4, "expected a date"),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "told"), REFUSED.items(), ids=REFUSED)
def test_a_wrong_expression_is_refused(expression, told):
    with pytest.raises(ExpressionError) as refused:
        parse(expression)
    assert refused.value.column == told[0]
    assert told[1] in refused.value.message


@given(st.text("0123456789*/,-?LW#MONFRIcrnateh() :T", max_size=30))
def test_anything_is_read_or_refused(text):
    for expression in (text, f"cron({text})", f"rate({text})", f"at({text})"):
        assert 1 <= _column_of_the_fault(expression) <= len(expression) + 1


def _column_of_the_fault(expression):
    try:
        parse(expression)
    except ExpressionError as refused:
        return refused.column
    return 1
