"""Model of a schedule: when it comes, and which state machine or function it starts."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import AfterValidator, BeforeValidator, JsonValue, model_validator

from frontdesk.config.models.integration import FunctionName, plain
from frontdesk.config.models.model import (
    Duration,
    Flag,
    HintedError,
    Model,
    Whole,
    between,
    broken_rule,
    within,
)
from frontdesk.config.models.state_machine import MachineReference
from frontdesk.config.models.versioning import Date
from frontdesk.rules.schedules.expressions import parse
from frontdesk.rules.schedules.fields import ExpressionError
from frontdesk.rules.schedules.input import PLACEHOLDERS, unknown_placeholders
from frontdesk.rules.schedules.timetable import EARLIEST, Timetable

_ZONE: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


def _expression(text: str) -> str:
    try:
        parse(text)
    except ExpressionError as error:
        raise HintedError(error.message, error.hint) from None
    return text


def _zone(name: str) -> str:
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


def _input(value: JsonValue) -> JsonValue:
    if unknown := unknown_placeholders(orjson.dumps(value).decode()):
        close = get_close_matches(unknown[0], PLACEHOLDERS, n=1) or PLACEHOLDERS
        raise HintedError(
            f"expected <aws.scheduler.…> with {', '.join(PLACEHOLDERS)}",
            f"did you mean <aws.scheduler.{close[0]}>?",
        )
    return value


class ScheduleRetry(Model):
    """Further attempts when a function fails, or an execution cannot be started."""

    attempts: Annotated[Whole, within(1, 186)] = 3
    """All attempts, the first included. Default 3."""

    max_age: Annotated[Duration, between("1m", "24h")] = 6 * 3600.0
    """How long after the first attempt others may begin. Default 6h."""


class Schedule(Model):
    """Starts executions of a state machine, or calls a function, at its times."""

    at: Annotated[str, AfterValidator(_expression)]
    """When: `cron(0 3 * * ? *)`, `rate(5 minutes)` or `at(2026-12-24T18:00:00)`."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Time zone of `cron` and `at`, such as Europe/Berlin. Default UTC."""

    state_machine: MachineReference | None = None
    """Name under `state_machines`, or name:alias. Or `function`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias. Or `state_machine`."""

    input: Annotated[JsonValue, BeforeValidator(plain), AfterValidator(_input)] = None
    """JSON for the target, with `<aws.scheduler.scheduled-time>` and the like. Default: AWS's event."""

    start: Date | None = None
    """Nothing comes before. Absent: from now on."""

    end: Date | None = None
    """Nothing comes from then on. Absent: no end."""

    flexible: Annotated[Duration, between("1m", "24h")] | None = None
    """Window after each time within which it runs. Absent: at the time."""

    catch_up: Literal["none", "last", "all"] | None = None
    """What of the times that were missed runs afterwards. Absent: the last one, within an hour."""

    retry: ScheduleRetry = ScheduleRetry()
    """Further attempts."""

    enabled: Flag = True
    """Whether it comes at all. Default true."""

    @model_validator(mode="after")
    def _starts_one_target_some_time(self) -> Self:
        if (self.state_machine is None) == (self.function is None):
            raise broken_rule("expected exactly one of state_machine, function")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise broken_rule("expected end after start")
        if self.timetable(EARLIEST).next_after(EARLIEST - 1) is None:
            raise broken_rule("expected a time that comes some day")
        return self

    def timetable(self, since: int) -> Timetable:
        """Make its timetable. since: when a rate begins without a start, seconds since 1970."""
        zone = ZoneInfo(self.timezone)
        return Timetable.between(parse(self.at), zone, self.start, self.end, since)
