"""Turns topics, subscriptions and rules of event buses into entries of `topics` and `event_buses`."""

import re
from collections.abc import Iterator
from typing import Any, Final

from frontdesk.config.imports.documents import as_json
from frontdesk.config.imports.queues import dead_letter, queue_name
from frontdesk.config.imports.resources import Declared, Part, Resource
from frontdesk.config.openapi.arns import called_function
from frontdesk.config.placed import Branch
from frontdesk.rules.asl.arns import read_machine
from frontdesk.rules.events.patterns import PatternError, compile_pattern

_TOPIC: Final = "aws_sns_topic"
_SUBSCRIPTION: Final = "aws_sns_topic_subscription"
_BUS: Final = "aws_cloudwatch_event_bus"
_RULE: Final = "aws_cloudwatch_event_rule"
_TARGET: Final = "aws_cloudwatch_event_target"

TYPES: Final = (_TOPIC, _SUBSCRIPTION, _BUS)
"""What is read here, beside rules with a pattern and their targets."""

_NOT_OF_A_NAME: Final = re.compile(r"[^A-Za-z0-9_./-]+")
_OF_TARGETS: Final = ("dead_letter_config", "retry_policy", "run_command_targets", "ecs_target")


def read_publishing(declared: Declared, content: Branch) -> None:
    """Add topics and event buses."""
    for topic in declared.of(_TOPIC):
        entry = _topic(content, topic, topic.name)
        if topic.flag("fifo_topic"):
            entry.put("fifo", True, topic.origin)
    for subscription in declared.of(_SUBSCRIPTION):
        _subscribe(declared, content, subscription)
    for bus in declared.of(_BUS):
        _bus(content, bus, bus.name)
    for rule in declared.of(_RULE):
        if not rule.text("schedule_expression"):
            _read_rule(declared, content, rule)


def _topic(content: Branch, resource: Resource, text: str) -> Branch:
    """Return the entry of a topic, by its name or ARN."""
    name = _NOT_OF_A_NAME.sub("-", text.rpartition(":")[2]) or "unnamed"
    return content.branch("topics", resource.origin).branch(name, resource.origin)


def _bus(content: Branch, resource: Resource, text: str) -> Branch:
    """Return the entry of a bus, by its name or ARN."""
    name = _NOT_OF_A_NAME.sub("-", text.rpartition("event-bus/")[2]) or "default"
    return content.branch("event_buses", resource.origin).branch(name, resource.origin)


def _subscribe(declared: Declared, content: Branch, subscription: Resource) -> None:
    to = _called(subscription.text("endpoint"))
    if to is None or "state_machine" in to:
        protocol = subscription.text("protocol")
        message = f"{subscription.address} is not carried: topics reach queues and functions, not {protocol}"
        declared.left(subscription.at, message)
        return
    said: dict[str, Any] = dict(to)
    policy = as_json(subscription.values.get("filter_policy"))
    if policy:
        said["filter"] = policy
        if subscription.text("filter_policy_scope") == "MessageBody":
            said["filter_on"] = "body"
    if subscription.flag("raw_message_delivery"):
        said["raw"] = True
    dead = dead_letter(subscription)
    if dead:
        said["dead_letter"] = dead
    entry = _topic(content, subscription, subscription.text("topic_arn"))
    _append(entry, "subscriptions", said, subscription)


def _read_rule(declared: Declared, content: Branch, rule: Resource) -> None:
    pattern = as_json(rule.values.get("event_pattern"))
    if not _is_pattern(pattern):
        declared.left(
            rule.at, f"{rule.address} is not carried: it has no pattern that is known here"
        )
        return
    bus = _bus(content, rule, rule.text("event_bus_name"))
    entry = bus.branch("rules", rule.origin).branch(_rule_name(rule.name), rule.origin)
    said = {"pattern": pattern}
    if rule.text("state") == "DISABLED" or rule.text("is_enabled") == "false":
        said["enabled"] = False
    for key, value in said.items():
        entry.put(key, value, rule.origin)
    for target in declared.of(_TARGET):
        if target.text("rule") not in (rule.id, rule.name):
            continue
        to = _called(target.text("arn"))
        if to is None:
            message = (
                f"{target.address} is not carried: rules reach queues, functions and state machines"
            )
            declared.left(target.at, message)
            continue
        _append(entry, "targets", {**to, **dict(_input(target))}, target)
        for key in _OF_TARGETS:
            if target.values.get(key):
                declared.left(target.at, f"{target.address}: {key} is not carried")


def _is_pattern(pattern: Any) -> bool:
    try:
        return isinstance(pattern, dict) and bool(compile_pattern(pattern))
    except PatternError:
        return False


def _rule_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:64] or "unnamed"


def _append(entry: Branch, key: str, said: dict[str, Any], resource: Resource) -> None:
    entry.put(key, [*entry.value.get(key, ()), said], resource.origin)


def _called(arn: str) -> dict[str, str] | None:
    """Say in our keys what an ARN names; None where that gets nothing here."""
    if ":sqs:" in arn:
        return {"queue": queue_name(arn)}
    function = called_function(arn)
    if function is not None:
        return {"function": function.function}
    machine = read_machine(arn) if ":stateMachine:" in arn else None
    return {"state_machine": ":".join(filter(None, machine))} if machine is not None else None


def _input(target: Part) -> Iterator[tuple[str, Any]]:
    if target.text("input"):
        yield "input", as_json(target.text("input"))
    if target.text("input_path"):
        yield "input_path", target.text("input_path")
    made = target.part("input_transformer")
    if made.values:
        paths = made.mapping("input_paths") or made.mapping("input_paths_map")
        said: dict[str, Any] = {"template": made.text("input_template")}
        yield "input_transformer", said | ({"paths": dict(paths)} if paths else {})
    group = target.part("sqs_target").text("message_group_id") or target.part(
        "sqs_parameters"
    ).text("message_group_id")
    if group:
        yield "group", group
