"""What events that come at times stand for: a schedule of the function or state machine that they stand in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from frontdesk.config.imports.cloudformation.reading import snake, without_nothing
from frontdesk.config.imports.cloudformation.sam_events import Event
from frontdesk.config.imports.resources import Part, Resource


def _of_rule(said: Part) -> dict[str, Any]:
    """Read `Schedule`, which EventBridge rules are made of: they know no zone and no window."""
    is_off = said.values.get("Enabled") in (False, "false")
    return {
        "schedule_expression": said.text("Schedule"),
        "state": said.text("State") or ("DISABLED" if is_off else None),
    }


def _of_scheduler(said: Part) -> dict[str, Any]:
    """Read `ScheduleV2`, which schedules of EventBridge Scheduler are made of."""
    return {
        "schedule_expression": said.text("ScheduleExpression"),
        "schedule_expression_timezone": said.values.get("ScheduleExpressionTimezone"),
        "start_date": said.values.get("StartDate"),
        "end_date": said.values.get("EndDate"),
        "flexible_time_window": snake(said.mapping("FlexibleTimeWindow")) or None,
        "state": said.values.get("State"),
    }


KINDS: Final[Mapping[str, Callable[[Part], dict[str, Any]]]] = {
    "Schedule": _of_rule,
    "ScheduleV2": _of_scheduler,
}
"""Type of an event → when it comes, in Terraform's words."""


def schedule(event: Event) -> Resource:
    """Make the schedule of an event of one of `KINDS`."""
    said = event.properties
    target = {
        "arn": event.target,
        "input": said.values.get("Input"),
        "retry_policy": snake(said.mapping("RetryPolicy")) or None,
        "dead_letter_config": said.values.get("DeadLetterConfig"),
    }
    values = {
        "name": said.text("Name") or f"{event.owner.address}-{event.name}",
        "target": without_nothing(target),
        **KINDS[event.kind](said),
    }
    kind = "aws_scheduler_schedule"
    return event.owner.resource(kind, without_nothing(values), f".{event.name}")
