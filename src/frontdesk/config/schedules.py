"""Owns what schedules of a file are held to, and their timetables. Models ask for it with the first schedule."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import JsonValue

from frontdesk.config.models.model import HintedError
from frontdesk.config.models.schedule import Schedule
from frontdesk.rules.schedules.expressions import parse
from frontdesk.rules.schedules.fields import ExpressionError
from frontdesk.rules.schedules.input import PLACEHOLDERS, unknown_placeholders
from frontdesk.rules.schedules.timetable import EARLIEST, Timetable

_ZONE: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


def expression(text: str) -> str:
    """Demand an expression of a schedule. Raises: HintedError."""
    try:
        parse(text)
    except ExpressionError as error:
        raise HintedError(error.message, error.hint) from None
    return text


def zone(name: str) -> str:
    """Demand a time zone that is known here. Raises: HintedError."""
    try:
        if _ZONE.fullmatch(name):
            ZoneInfo(name)
            return name
    except (KeyError, ValueError, OSError):  # not there, no zone, a folder of zones
        pass
    raise HintedError("expected a time zone such as Europe/Berlin or UTC", _meant_zone(name))


def _meant_zone(name: str) -> str:
    known = {word: zone for zone in sorted(available_timezones()) for word in _words(zone)}
    close = get_close_matches(name.lower().replace(" ", "_"), known, n=1)
    return f"did you mean {known[close[0]]}?" if close else ""


def _words(zone: str) -> Iterator[str]:
    """Yield what people write for a zone: `europe/berlin`, `berlin`."""
    yield zone.lower()
    yield zone.lower().rpartition("/")[2]


def known_placeholders(value: JsonValue) -> JsonValue:
    """Demand an input without placeholders that nothing stands for. Raises: HintedError."""
    if unknown := unknown_placeholders(orjson.dumps(value).decode()):
        close = get_close_matches(unknown[0], PLACEHOLDERS, n=1) or PLACEHOLDERS
        raise HintedError(
            f"expected <aws.scheduler.…> with {', '.join(PLACEHOLDERS)}",
            f"did you mean <aws.scheduler.{close[0]}>?",
        )
    return value


def timetable_of(schedule: Schedule, since: int) -> Timetable:
    """Make a timetable. since: when a rate begins without a start, seconds since 1970."""
    return Timetable.between(
        parse(schedule.at), ZoneInfo(schedule.timezone), schedule.start, schedule.end, since
    )


def comes_some_day(schedule: Schedule) -> bool:
    """Tell whether there is a time at which it comes."""
    return timetable_of(schedule, EARLIEST).next_after(EARLIEST - 1) is not None
