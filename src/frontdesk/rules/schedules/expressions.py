"""Owns schedule expressions: `cron(…)`, `rate(…)` and `at(…)`, read to values. Knows no time zone.

Source: AWS, "Schedule types in EventBridge Scheduler".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from frontdesk.rules.schedules.fields import (
    FIELDS,
    FIRST_YEAR,
    LAST_YEAR,
    Days,
    ExpressionError,
    Text,
    month_days,
    numbers,
    weekdays,
)

UNITS: Final = {"minute": 60, "hour": 3600, "day": 86400}
"""Seconds. A day of a rate is 24 hours, whatever clocks on the wall do."""

_FORM: Final = re.compile(r"(cron|rate|at)\((.*)\)", re.ASCII)
_WORD: Final = re.compile(r"\S+")
_RATE: Final = re.compile(r"\s*(\d{1,9})\s+(minute|hour|day)s?\s*", re.ASCII)
_AT: Final = re.compile(r"\s*(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """Times of a calendar, to the minute. Numbers ascend."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def times_after(self, after: datetime) -> Iterator[datetime]:
        """Yield its times after one, in order; none of them has a zone.

        It goes from year to year, month to month, day to day, and looks at no minute that does not
        match: what never comes is known after 230 years' months.
        """
        bound = (after.year, after.month, after.day, after.hour, after.minute)
        for year in self.years:
            if year < after.year:
                continue
            for month in self.months:
                if (year, month) < bound[:2]:
                    continue
                for day in self.days(year, month):
                    if (year, month, day) >= bound[:3]:
                        yield from self._of_day(year, month, day, bound)

    def _of_day(
        self, year: int, month: int, day: int, bound: tuple[int, ...]
    ) -> Iterator[datetime]:
        for hour in self.hours:
            if (year, month, day, hour) < bound[:4]:
                continue
            for minute in self.minutes:
                if (year, month, day, hour, minute) > bound:
                    yield datetime(year, month, day, hour, minute)  # noqa: DTZ001 - of a wall clock


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds from a beginning."""

    seconds: int


@dataclass(frozen=True, slots=True)
class At:
    """Once, at a time of a wall clock."""

    time: datetime


Expression = Cron | Rate | At


def parse(text: str) -> Expression:
    """Read an expression. Raises: ExpressionError, which names what is wrong and what is allowed."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ExpressionError(
            "expected cron(…), rate(…) or at(…)",
            hint="such as cron(0 3 * * ? *), rate(5 minutes) or at(2026-12-24T18:00:00)",
        )
    return _READERS[found[1]](found[2], found.start(2))


def _cron(inner: str, offset: int) -> Cron:
    words = list(_WORD.finditer(inner))
    if len(words) != len(FIELDS):
        names = " ".join(field.name for field in FIELDS)
        raise ExpressionError(
            f"expected six fields ({names}), not {len(words)}",
            offset + 1,
            hint="cron(0 3 * * ? *) is every day at 3:00",
        )
    minutes, hours, of_month, months, of_week, years = (
        Text(field, word[0].upper(), offset + word.start() + 1)
        for field, word in zip(FIELDS, words, strict=True)
    )
    return Cron(
        minutes=numbers(minutes),
        hours=numbers(hours),
        days=_days(of_month, of_week),
        months=numbers(months),
        years=numbers(years),
    )


def _days(of_month: Text, of_week: Text) -> Days:
    if (of_month.text == "?") == (of_week.text == "?"):
        raise ExpressionError(
            "expected ? for day-of-month or for day-of-week, and not for both",
            of_week.column,
            hint="* in one of them and ? in the other is every day",
        )
    return weekdays(of_week) if of_month.text == "?" else month_days(of_month)


def _rate(inner: str, offset: int) -> Rate:
    """Differs: [rate-plural] one minutes and 5 minute are read, too."""
    found = _RATE.fullmatch(inner)
    if found is None or int(found[1]) == 0:
        raise ExpressionError(
            "expected a number from 1 and minutes, hours or days",
            offset + 1,
            hint="such as rate(5 minutes)",
        )
    return Rate(int(found[1]) * UNITS[found[2]])


def _at(inner: str, offset: int) -> At:
    if found := _AT.fullmatch(inner):
        try:
            time = datetime.fromisoformat(found[1])
        except ValueError:
            pass
        else:
            if FIRST_YEAR <= time.year <= LAST_YEAR:
                return At(time)
    raise ExpressionError(
        "expected a date and time of day without a zone, such as 2026-12-24T18:00:00",
        offset + 1,
        hint="the zone is the schedule's timezone",
    )


_READERS: Final[Mapping[str, Callable[[str, int], Expression]]] = {
    "cron": _cron,
    "rate": _rate,
    "at": _at,
}
