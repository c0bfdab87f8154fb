"""Instants of schedules: the rows of the contract, daylight saving, and every minute of some days by brute force."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.rules.schedules.expressions import parse
from frontdesk.rules.schedules.timetable import LATEST, Timetable


def instant(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def text(seconds):
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M}"


def timetable(expression, zone="UTC", **more):
    return Timetable(parse(expression), ZoneInfo(zone), **more)


def following(table, start, count=3):
    found, at = [], instant(start)
    while len(found) < count and (at := table.next_after(at)) is not None:
        found.append(text(at))
    return found


ROWS = [
    ("0 10 * * ? *", "UTC", "2026-11-20T10:00", "2026-11-21T10:00 2026-11-22T10:00 2026-11-23T10:00"),
    ("0 18 ? * MON-FRI *", "UTC", "2026-11-20T18:00", "2026-11-23T18:00 2026-11-24T18:00 2026-11-25T18:00"),
    ("1/10 * * * ? *", "UTC", "2026-11-20T00:52", "2026-11-20T01:01 2026-11-20T01:11 2026-11-20T01:21"),
    ("0/5 8-17 ? * MON-FRI *", "UTC", "2026-11-20T17:50", "2026-11-20T17:55 2026-11-23T08:00 2026-11-23T08:05"),
    ("0 9 ? * 2#1 *", "UTC", "2026-11-20T00:00", "2026-12-07T09:00 2027-01-04T09:00 2027-02-01T09:00"),
    ("30 7 ? JAN,JUL TUE#5 *", "UTC", "2026-11-20T00:00", "2029-01-30T07:30 2029-07-31T07:30 2030-01-29T07:30"),
    ("0 0 L * ? *", "UTC", "2027-01-31T00:00", "2027-02-28T00:00 2027-03-31T00:00 2027-04-30T00:00"),
    ("0 12 ? * 6L *", "UTC", "2026-11-20T00:00", "2026-11-27T12:00 2026-12-25T12:00 2027-01-29T12:00"),
    ("0 12 ? * L *", "UTC", "2026-11-20T00:00", "2026-11-21T12:00 2026-11-28T12:00 2026-12-05T12:00"),
    ("0 6 3W * ? *", "UTC", "2026-12-31T00:00", "2027-01-04T06:00 2027-02-03T06:00 2027-03-03T06:00"),
    ("0 6 1W * ? *", "UTC", "2026-07-31T00:00", "2026-08-03T06:00 2026-09-01T06:00 2026-10-01T06:00"),
    ("0 6 31W * ? *", "UTC", "2026-11-20T00:00", "2026-12-31T06:00 2027-01-29T06:00 2027-03-31T06:00"),
    ("0 6 LW * ? *", "UTC", "2027-01-15T00:00", "2027-01-29T06:00 2027-02-26T06:00 2027-03-31T06:00"),
    ("0 0 29 2 ? *", "UTC", "2026-11-20T00:00", "2028-02-29T00:00 2032-02-29T00:00 2036-02-29T00:00"),
    ("0 0 29 2 ? *", "UTC", "2096-03-01T00:00", "2104-02-29T00:00 2108-02-29T00:00 2112-02-29T00:00"),
    ("0 0 1 1/3 ? *", "UTC", "2026-11-20T00:00", "2027-01-01T00:00 2027-04-01T00:00 2027-07-01T00:00"),
    ("0 0 1 1 ? 2027", "UTC", "2026-11-20T00:00", "2027-01-01T00:00"),
    ("0 0 31 12 ? 2199", "UTC", "2026-11-20T00:00", "2199-12-31T00:00"),
    ("0 0 30 2 ? *", "UTC", "2026-11-20T00:00", ""),
    ("30 2 * * ? *", "America/New_York", "2026-03-07T12:00", "2026-03-09T06:30 2026-03-10T06:30 2026-03-11T06:30"),
    ("30 1 * * ? *", "America/New_York", "2026-10-31T12:00", "2026-11-01T05:30 2026-11-02T06:30 2026-11-03T06:30"),
    ("30 1 * * ? *", "America/New_York", "2026-11-01T06:15", "2026-11-02T06:30 2026-11-03T06:30 2026-11-04T06:30"),
    ("0 * * * ? *", "America/New_York", "2026-11-01T04:30", "2026-11-01T05:00 2026-11-01T07:00 2026-11-01T08:00"),
    ("30 2 * * ? *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30 2026-10-26T01:30 2026-10-27T01:30"),
    ("30 2 * * ? *", "Europe/Berlin", "2027-03-27T12:00", "2027-03-29T00:30 2027-03-30T00:30 2027-03-31T00:30"),
    ("0 9 ? * MON-FRI *", "Asia/Kolkata", "2026-11-20T00:00", "2026-11-20T03:30 2026-11-23T03:30 2026-11-24T03:30"),
    ("*/30 2 * * ? *", "Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-03T15:30 2026-10-04T15:00 2026-10-04T15:30"),
    ("30 2 ? 3 1#2 *", "America/New_York", "2026-01-01T00:00", ""),  # always left out
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "zone", "start", "expected"), ROWS, ids=[f"{row[0]} {row[2]}" for row in ROWS]
)
def test_a_cron_comes_at(fields, zone, start, expected):
    assert following(timetable(f"cron({fields})", zone), start) == expected.split()


AT = [
    ("at(2026-12-24T18:00:00)", "Europe/Berlin", "2026-12-24T17:00"),
    ("at(2027-03-28T02:30:00)", "Europe/Berlin", "2027-03-28T01:00"),  # the end of the gap
    ("at(2027-03-28T02:00:00)", "Europe/Berlin", "2027-03-28T01:00"),
    ("at(2026-10-25T02:30:00)", "Europe/Berlin", "2026-10-25T00:30"),  # the first of two
    ("at(2011-12-30T12:00:00)", "Pacific/Apia", "2011-12-30T10:00"),  # a day that there was not
]


@pytest.mark.parametrize(("expression", "zone", "expected"), AT)
def test_an_at_comes_once(expression, zone, expected):
    table = timetable(expression, zone, start=LATEST - 1)  # dates do not matter to it
    assert following(table, "1990-01-01T00:00") == [expected]
    assert table.next_after(instant(expected)) is None


def test_a_rate_steps_from_its_anchor():
    table = timetable("rate(1 day)", "Europe/Berlin", anchor=instant("2026-10-24T12:00"))
    assert following(table, "2026-10-01T00:00") == [
        "2026-10-24T12:00",
        "2026-10-25T12:00",  # 24 hours, although this day has 25
        "2026-10-26T12:00",
    ]
    assert following(table, "2026-10-26T11:59", 1) == ["2026-10-26T12:00"]


def test_it_begins_at_its_start_and_is_over_at_its_end():
    dates = {"start": instant("2026-11-20T10:00"), "end": instant("2026-11-20T12:00")}
    assert following(timetable("cron(0 * * * ? *)", **dates), "2026-01-01T00:00") == [
        "2026-11-20T10:00",
        "2026-11-20T11:00",
    ]
    rate = timetable("rate(40 minutes)", anchor=dates["start"], **dates)
    assert following(rate, "2026-01-01T00:00", 9) == [
        "2026-11-20T10:00",
        "2026-11-20T10:40",
        "2026-11-20T11:20",
    ]


@pytest.mark.parametrize(
    "expression",
    ["cron(0 0 30 2 ? *)", "cron(* * 31 2,4,6,9,11 ? *)", "cron(0 0 29 2 ? 2027)"],
)
def test_what_never_comes_is_known_without_a_walk(expression):
    counted = 0
    table = timetable(expression)
    days = table.expression.days

    def counting(year, month):
        nonlocal counted
        counted += 1
        return days(year, month)

    object.__setattr__(table.expression, "days", counting)
    assert table.next_after(0) is None
    assert counted <= 230 * 12


# -- by brute force -------------------------------------------------------------------------------

ZONES = {
    "UTC": "2026-03-01T00:00",
    "Europe/Berlin": "2026-10-24T18:00",
    "America/New_York": "2026-03-07T18:00",
    "Australia/Lord_Howe": "2026-04-04T06:00",
    "America/St_Johns": "2026-10-31T18:00",
    "Asia/Kathmandu": "2026-11-19T20:00",
}
DAYS = 2


@st.composite
def parts(draw, low, high):
    """Make the text of a field, and the numbers that it means."""
    kind = draw(st.sampled_from(["*", "one", "range", "list", "step", "from"]))
    if kind == "*":
        return "*", set(range(low, high + 1))
    number = st.integers(low, high)
    if kind == "list":
        chosen = draw(st.lists(number, min_size=1, max_size=4))
        return ",".join(map(str, chosen)), set(chosen)
    one, other = sorted((draw(number), draw(number)))
    if kind == "one":
        return str(one), {one}
    if kind == "range":
        return f"{one}-{other}", set(range(one, other + 1))
    step = draw(st.integers(1, high))
    start = low if kind == "step" else one
    return f"{'*' if kind == 'step' else one}/{step}", set(range(start, high + 1, step))


@settings(max_examples=40, deadline=None)
@given(minutes=parts(0, 59), hours=parts(0, 23), zone=st.sampled_from(sorted(ZONES)))
def test_every_minute_of_two_days_is_one_or_not(minutes, hours, zone):
    start = instant(ZONES[zone])
    table = timetable(f"cron({minutes[0]} {hours[0]} * * ? *)", zone)
    expected = []
    for at in range(start + 60, start + DAYS * 86400, 60):
        local = datetime.fromtimestamp(at, ZoneInfo(zone))
        if local.minute in minutes[1] and local.hour in hours[1] and not local.fold:
            expected.append(at)
    found, at = [], start
    while (at := table.next_after(at)) < start + DAYS * 86400:
        found.append(at)
    assert found == expected
    if found:
        assert table.last_until(start + DAYS * 86400 - 1, found[0]) == found[-1]


def month_of(day):
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return [first + timedelta(days=at) for at in range((following - first).days)]


def sunday_is_1(day):
    return day.isoweekday() % 7 + 1


def nearest_workday(day, wanted):
    month = month_of(day)
    if wanted > len(month):
        return False
    workdays = [each for each in month if each.isoweekday() < 6]
    return day == min(workdays, key=lambda each: abs((each - month[wanted - 1]).days))


def nth(day, weekday, count):
    same = [each for each in month_of(day) if sunday_is_1(each) == weekday]
    return same[count - 1 :][:1] == [day]


def last(day, weekday):
    return [each for each in month_of(day) if sunday_is_1(each) == weekday][-1] == day


WEEKDAY = st.integers(1, 7)
DAY_RULES = st.one_of(
    parts(1, 31).map(lambda part: (f"{part[0]} * ?", lambda day: day.day in part[1])),
    st.just(("L * ?", lambda day: day == month_of(day)[-1])),
    st.just(("LW * ?", lambda day: nearest_workday(day, len(month_of(day))))),
    st.integers(1, 31).map(lambda n: (f"{n}W * ?", lambda day: nearest_workday(day, n))),
    st.sets(WEEKDAY, min_size=1).map(
        lambda days: (f"? * {','.join(map(str, days))}", lambda day: sunday_is_1(day) in days)
    ),
    st.tuples(WEEKDAY, st.integers(1, 5)).map(
        lambda n: (f"? * {n[0]}#{n[1]}", lambda day: nth(day, *n))
    ),
    WEEKDAY.map(lambda n: (f"? * {n}L", lambda day: last(day, n))),
)


@settings(max_examples=40, deadline=None)
@given(rule=DAY_RULES, year=st.integers(1990, 2190))
def test_every_day_of_a_year_is_one_or_not(rule, year):
    table = timetable(f"cron(0 0 {rule[0]} {year})")
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=at) for at in range(366)]
    expected = [f"{day:%Y-%m-%dT%H:%M}" for day in days if day.year == year and rule[1](day)]
    assert following(table, f"{year - 1}-12-31T23:59", 400) == expected


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(sorted(ZONES)),
    minute=st.integers(0, 60 * 24 * 365 * 40),
    fields=st.sampled_from([row[0] for row in ROWS]),
)
def test_instants_only_grow(zone, minute, fields):
    table = timetable(f"cron({fields})", zone)
    found = [minute * 60]
    while len(found) < 5 and (at := table.next_after(found[-1])) is not None:
        found.append(at)
    assert all(one < other for one, other in pairwise(found))
    for one in found[1:]:
        assert table.next_after(one - 1) == one  # whoever looks again sees the same
