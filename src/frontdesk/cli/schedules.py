"""`frontdesk schedules`: when each schedule comes next, from the file alone."""

from collections.abc import Iterator
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from frontdesk.base.clock import SystemClock
from frontdesk.cli.columns import print_columns
from frontdesk.cli.configured import config_option, read
from frontdesk.cli.times import local_time, zone_time

if TYPE_CHECKING:
    from frontdesk.config.models.schedule import Schedule

_SHOWN: Final = 5
_CLOCK: Final = SystemClock()


@click.command()
@config_option
def schedules(paths: tuple[Path, ...]) -> None:
    """Show when each schedule comes next: five times, in local time and in its zone.

    Nothing is asked of a running gateway. Windows, and what was missed, are left out.

    Example: frontdesk schedules --config clinic.yaml
    """
    loaded = read(paths)
    rows: list[tuple[str, ...]] = [("SCHEDULE", "AT", "STARTS", "NEXT", "IN ITS ZONE")]
    for name, schedule in loaded.config.schedules.items():
        at = loaded.shown(schedule.at, "schedules", name, "at")
        target = schedule.state_machine or schedule.function or ""
        first = (name, at, target)
        for shown in _next(schedule, floor(_CLOCK.time())):
            rows.append((*first, *shown))
            first = ("", "", "")
    print_columns(rows)


def _next(schedule: "Schedule", now: int) -> Iterator[tuple[str, str]]:
    """Yield the next times in local time, and as the wall clocks of the zone show them; one row at least."""
    if not schedule.enabled:
        yield "disabled", ""
        return
    if schedule.at.startswith("rate(") and schedule.start is None:
        yield "from when a gateway first has it", ""
        return
    zone = ZoneInfo(schedule.timezone)
    timetable = schedule.timetable(now)
    found = timetable.next_after(now)
    if found is None:
        yield "never again", ""
    for _ in range(_SHOWN):
        if found is None:
            return
        yield local_time(found), zone_time(found, zone)
        found = timetable.next_after(found)
