"""Model of a schedule: when it comes, and which state machine or function it starts.

What it is held to is `config.schedules`, which is loaded with the first schedule of a file.
"""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BeforeValidator, JsonValue, model_validator

from frontdesk.config.models.integration import FunctionName, plain
from frontdesk.config.models.model import (
    Duration,
    Flag,
    Model,
    Whole,
    between,
    broken_rule,
    later,
    within,
)
from frontdesk.config.models.state_machine import MachineReference
from frontdesk.config.models.versioning import Date

if TYPE_CHECKING:
    from frontdesk.rules.schedules.timetable import Timetable


class ScheduleRetry(Model):
    """Further attempts when a function fails, or an execution cannot be started."""

    attempts: Annotated[Whole, within(1, 186)] = 3
    """All attempts, the first included. Default 3."""

    max_age: Annotated[Duration, between("1m", "24h")] = 6 * 3600.0
    """How long after the first attempt others may begin. Default 6h."""


class Schedule(Model):
    """Starts executions of a state machine, or calls a function, at its times."""

    at: Annotated[str, later("schedules", "expression")]
    """When: `cron(0 3 * * ? *)`, `rate(5 minutes)` or `at(2026-12-24T18:00:00)`."""

    timezone: Annotated[str, later("schedules", "zone")] = "UTC"
    """Time zone of `cron` and `at`, such as Europe/Berlin. Default UTC."""

    state_machine: MachineReference | None = None
    """Name under `state_machines`, or name:alias. Or `function`."""

    function: FunctionName | None = None
    """Name under `functions`, or name:alias. Or `state_machine`."""

    input: Annotated[
        JsonValue, BeforeValidator(plain), later("schedules", "known_placeholders")
    ] = None
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
        from frontdesk.config.schedules import comes_some_day

        if not comes_some_day(self):
            raise broken_rule("expected a time that comes some day")
        return self

    def timetable(self, since: int) -> "Timetable":
        """Make its timetable. since: when a rate begins without a start, seconds since 1970."""
        from frontdesk.config.schedules import timetable_of

        return timetable_of(self, since)
