"""Owns what a stream knows of its schedule: the definition of the file, as plain data. Starts nothing."""

from dataclasses import asdict, dataclass
from typing import Self
from zoneinfo import ZoneInfo

import orjson

from frontdesk.config.models.root import Config
from frontdesk.config.models.schedule import Schedule
from frontdesk.ports.journal import Document
from frontdesk.rules.schedules.due import CatchUp, Punctuality
from frontdesk.rules.schedules.expressions import parse
from frontdesk.rules.schedules.input import schedule_arn
from frontdesk.rules.schedules.timetable import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A schedule as the file has it.

    start, end: seconds since 1970. window, max_age: seconds. machine, function: one of them, else "".
    input: JSON text with placeholders; None: AWS's event.
    """

    arn: str
    at: str
    timezone: str
    start: int | None
    end: int | None
    window: int
    catch_up: CatchUp
    attempts: int
    max_age: float
    machine: str
    function: str
    input: str | None
    enabled: bool

    @classmethod
    def of(cls, name: str, schedule: Schedule, config: Config) -> Self:
        """Take an entry of `schedules`."""
        given = schedule.input
        return cls(
            arn=schedule_arn(config.region, config.account, name),
            at=schedule.at,
            timezone=schedule.timezone,
            start=schedule.start,
            end=schedule.end,
            window=int(schedule.flexible or 0),
            catch_up=schedule.catch_up or "recent",
            attempts=schedule.retry.attempts,
            max_age=schedule.retry.max_age,
            machine=schedule.state_machine or "",
            function=schedule.function or "",
            input=None if given is None else orjson.dumps(given).decode(),
            enabled=schedule.enabled,
        )

    @classmethod
    def read(cls, document: Document) -> Self:
        """Read what `document` has written."""
        return cls(**document)

    @property
    def document(self) -> Document:
        """It as JSON."""
        return asdict(self)

    @property
    def name(self) -> str:
        """Of the schedule."""
        return self.arn.rpartition("/")[2]

    @property
    def times(self) -> tuple[object, ...]:
        """What decides its times: with another one of these it begins anew."""
        return self.at, self.timezone, self.start, self.end, self.enabled

    @property
    def punctuality(self) -> Punctuality:
        """When within its window each instant is due, and what runs of those that were missed."""
        return Punctuality(self.name, self.window, self.catch_up)

    def timetable(self, since: int) -> Timetable:
        """Make its timetable. since: when a rate begins without a start."""
        zone = ZoneInfo(self.timezone)
        return Timetable.between(parse(self.at), zone, self.start, self.end, since)


def definitions(config: Config) -> dict[str, Definition]:
    """Return the schedules of a configuration by name."""
    schedules = config.schedules.items()
    return {name: Definition.of(name, schedule, config) for name, schedule in schedules}
