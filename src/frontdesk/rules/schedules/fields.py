"""Owns the six fields of a cron expression: what each may hold, read to numbers or to rules for days.

Source: AWS, "Schedule types in EventBridge Scheduler", cron-based schedules; Quartz, CronTrigger, for `W`.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from frontdesk.base.errors import FrontdeskError

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199

Days = Callable[[int, int], Sequence[int]]
"""The days of a month, ascending, for its year and its number from 1."""

_MONTHS: Final = {
    name: at
    for at, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_WEEKDAYS: Final = {
    name: at for at, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_SATURDAY: Final = 7
_STEPS: Final = re.compile(r"([^/]+)/(\d{1,4})", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,4}", re.ASCII)


class ExpressionError(FrontdeskError):
    """A schedule expression that cannot be read. column: where in it, counted from 1."""

    code = "schedule_expression"

    def __init__(self, message: str, column: int = 1, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.column = column


@dataclass(frozen=True, slots=True)
class Field:
    """One field of six. allowed: for messages. names: words that stand for numbers."""

    name: str
    low: int
    high: int
    allowed: str
    names: Mapping[str, int] = field(default_factory=dict)
    steps: bool = True


class Text(NamedTuple):
    """What stands in a field. column: where it begins in the expression, counted from 1."""

    field: Field
    text: str
    column: int

    def refused(self, why: str = "", hint: str = "") -> ExpressionError:
        """Make the error that names the field, its column and what it may hold."""
        because = f": {why}" if why else ""
        return ExpressionError(
            f"expected {self.field.allowed} for {self.field.name}{because} (column {self.column})",
            self.column,
            hint=hint,
        )


FIELDS: Final = (
    Field("minutes", 0, 59, "0-59 with , - * /"),
    Field("hours", 0, 23, "0-23 with , - * /"),
    Field("day-of-month", 1, 31, "1-31 with , - * ? / L W"),
    Field("month", 1, 12, "1-12 or JAN-DEC with , - * /", _MONTHS),
    Field("day-of-week", 1, 7, "1-7 or SUN-SAT with , - * ? L #", _WEEKDAYS, steps=False),
    Field("year", FIRST_YEAR, LAST_YEAR, f"{FIRST_YEAR}-{LAST_YEAR} with , - * /"),
)
"""In their order."""


def numbers(given: Text) -> tuple[int, ...]:
    """Read a field to the numbers that it holds, ascending. Raises: ExpressionError."""
    found: set[int] = set()
    column = given.column
    for item in given.text.split(","):
        found.update(_item(Text(given.field, item, column)))
        column += len(item) + 1
    return tuple(sorted(found))


def month_days(given: Text) -> Days:
    """Read a day-of-month that is not `?`. Raises: ExpressionError."""
    text = given.text
    if text == "L":
        return _last_day
    if text == "LW":
        return _last_workday
    if text.endswith("W") and _NUMBER.fullmatch(text[:-1]):
        return partial(_nearest_workday, _number(given, text[:-1]))
    if "L" in text or "W" in text:
        hint = "L, LW and days such as 15W stand alone"
        raise given.refused(hint=hint)
    return partial(_as_far_as_there_are, numbers(given))


def weekdays(given: Text) -> Days:
    """Read a day-of-week that is not `?`. Raises: ExpressionError."""
    text = given.text
    if text == "L":
        return partial(_on_weekdays, frozenset({_SATURDAY}))
    if "#" in text:
        day, _, count = text.partition("#")
        if count not in ("1", "2", "3", "4", "5"):
            hint = "3#2 is the second Tuesday of the month; it stands alone, up to #5"
            raise given.refused(hint=hint)
        return partial(_nth, _number(given, day), int(count))
    if text.endswith("L"):
        return partial(_last, _number(given, text[:-1]))
    return partial(_on_weekdays, frozenset(numbers(given)))


# -- items ------------------------------------------------------------------------------------------


def _item(given: Text) -> range:
    kind = given.field
    text, step = given.text, 1
    if found := _STEPS.fullmatch(text):
        if not kind.steps:
            raise given.refused("it takes no steps", "list the days, such as MON,WED,FRI")
        text, step = found[1], int(found[2])
        if step == 0:
            raise given.refused("a step is 1 at least")
    if text == "*":
        return range(kind.low, kind.high + 1, step)
    first, dash, last = text.partition("-")
    low = _number(given, first)
    if not dash:
        return range(low, (kind.high if found else low) + 1, step)
    high = _number(given, last)
    if high < low:
        hint = f"write it as two: {first}-{kind.high},{kind.low}-{last}"
        raise given.refused("a range goes upwards", hint)
    return range(low, high + 1, step)


def _number(given: Text, text: str) -> int:
    kind = given.field
    number = int(text) if _NUMBER.fullmatch(text) else kind.names.get(text, -1)
    if not kind.low <= number <= kind.high:
        raise given.refused()
    return number


# -- days of a month --------------------------------------------------------------------------------


def _weekday(year: int, month: int, day: int) -> int:
    """Return 1 for Sunday to 7 for Saturday."""
    first, _ = monthrange(year, month)  # 0 is Monday
    return (first + day) % 7 + 1


def _as_far_as_there_are(days: Sequence[int], year: int, month: int) -> Sequence[int]:
    _, length = monthrange(year, month)
    return days if days[-1] <= length else [day for day in days if day <= length]


def _last_day(year: int, month: int) -> Sequence[int]:
    return (monthrange(year, month)[1],)


def _last_workday(year: int, month: int) -> Sequence[int]:
    return _nearest_workday(monthrange(year, month)[1], year, month)


def _nearest_workday(day: int, year: int, month: int) -> Sequence[int]:
    """Monday to Friday nearest to a day, without leaving the month; none where it lacks the day."""
    _, length = monthrange(year, month)
    if day > length:
        return ()
    match _weekday(year, month, day):
        case 1:
            return (day + 1 if day < length else day - 2,)
        case 7:
            return (day - 1 if day > 1 else day + 2,)
    return (day,)


def _on_weekdays(weekdays: frozenset[int], year: int, month: int) -> Sequence[int]:
    first, length = monthrange(year, month)
    return [day for day in range(1, length + 1) if (first + day) % 7 + 1 in weekdays]


def _first(weekday: int, year: int, month: int) -> int:
    """Return the first day of a month that is this day of the week."""
    return 1 + (weekday - _weekday(year, month, 1)) % 7


def _nth(weekday: int, count: int, year: int, month: int) -> Sequence[int]:
    day = _first(weekday, year, month) + 7 * (count - 1)
    return (day,) if day <= monthrange(year, month)[1] else ()


def _last(weekday: int, year: int, month: int) -> Sequence[int]:
    _, length = monthrange(year, month)
    first = _first(weekday, year, month)
    return (first + (length - first) // 7 * 7,)
