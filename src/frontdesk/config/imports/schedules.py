"""Turns schedules, and rules that come at times, into entries of `schedules`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from frontdesk.config.imports.documents import as_json
from frontdesk.config.imports.resources import Declared, Part, Resource, name_of
from frontdesk.config.openapi.arns import called_function
from frontdesk.config.placed import Branch
from frontdesk.rules.asl.arns import read_machine

_SCHEDULE: Final = "aws_scheduler_schedule"
_RULE: Final = "aws_cloudwatch_event_rule"
_TARGET: Final = "aws_cloudwatch_event_target"

TYPES: Final = (_SCHEDULE, _RULE, _TARGET)
"""What is read here."""

_OF_TARGETS: Final = (
    "dead_letter_config",
    "input_path",
    "input_transformer",
    "run_command_targets",
)


def read_schedules(declared: Declared, content: Branch) -> None:
    """Add the schedules."""
    for schedule in declared.of(_SCHEDULE):
        target = schedule.part("target")
        said = _of_schedule(schedule)
        _add(declared, content, schedule, target, name=name_of(schedule.name), **said)
    for rule in declared.of(_RULE):
        _read_rule(declared, content, rule)
    rules = {name for rule in declared.of(_RULE) for name in (rule.id, rule.name)}
    for target in declared.of(_TARGET):
        if target.text("rule") not in rules:
            message = f"{target.address}: nothing here says what its rule is"
            declared.missing(target.at, message, "declare it")


def _read_rule(declared: Declared, content: Branch, rule: Resource) -> None:
    expression = rule.text("schedule_expression")
    if not expression:  # see `publishing`
        return
    said: dict[str, Any] = {"at": expression}
    if rule.text("state") == "DISABLED" or rule.text("is_enabled") == "false":
        said["enabled"] = False
    targets = [each for each in declared.of(_TARGET) if each.text("rule") in (rule.id, rule.name)]
    for number, target in enumerate(targets, 1):
        name = name_of(rule.name) if len(targets) == 1 else f"{name_of(rule.name)}-{number}"
        _add(declared, content, target, target, name=name, **said)


def _of_schedule(schedule: Resource) -> dict[str, Any]:
    """Say in our keys when a schedule comes."""
    said: dict[str, Any] = {"at": schedule.text("schedule_expression")}
    zone = schedule.text("schedule_expression_timezone", "UTC")
    if zone != "UTC":
        said["timezone"] = zone
    for word, key in (("start_date", "start"), ("end_date", "end")):
        if schedule.text(word):
            said[key] = _moment(schedule.text(word))
    window = schedule.part("flexible_time_window")
    minutes = window.number("maximum_window_in_minutes")
    if window.text("mode") == "FLEXIBLE" and minutes is not None:
        said["flexible"] = f"{minutes}m"
    if schedule.text("state") == "DISABLED":
        said["enabled"] = False
    return said


def _moment(text: str) -> str:
    """Write an instant as our dates are; whatever else it is stays as it is."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _add(
    declared: Declared, content: Branch, resource: Resource, target: Part, **said: Any
) -> None:
    """Add what starts one target. target: with `arn`, `input` and `retry_policy`. said: our keys, and `name`."""
    called = _called(target.text("arn"))
    if called is None:
        message = f"{resource.address} is not carried: schedules start functions and state machines"
        declared.left(resource.at, message)
        return
    name = said.pop("name")
    whole = {**said, **called, **dict(_of_target(target))}
    content.branch("schedules", resource.origin).put(name, whole, resource.origin)
    for key in _OF_TARGETS:
        if target.values.get(key):
            declared.left(resource.at, f"{resource.address}: {key} is not carried")


def _called(arn: str) -> dict[str, str] | None:
    """Say in our keys what an ARN names; None where that is neither a function nor a state machine."""
    function = called_function(arn)
    if function is not None:
        return {"function": function.function}
    machine = read_machine(arn) if ":stateMachine:" in arn else None
    if machine is None:
        return None
    qualifier = f":{machine.qualifier}" if machine.qualifier else ""
    return {"state_machine": machine.name + qualifier}


def _of_target(target: Part) -> Iterator[tuple[str, Any]]:
    if target.text("input"):
        yield "input", as_json(target.text("input"))
    policy = target.part("retry_policy")
    retries, age = (
        policy.number("maximum_retry_attempts"),
        policy.number("maximum_event_age_in_seconds"),
    )
    retry: dict[str, Any] = {}
    if isinstance(retries, int):
        retry["attempts"] = retries + 1  # ours counts the first one, too
    if age is not None:
        retry["max_age"] = f"{age}s"
    if retry:
        yield "retry", retry
