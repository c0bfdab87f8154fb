"""What events stand for that bring messages: a mapping of a queue, a subscription, a rule with its target."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from frontdesk.config.imports.cloudformation.reading import snake, without_nothing
from frontdesk.config.imports.cloudformation.sam_events import Event
from frontdesk.config.imports.resources import Resource


def _mapping(event: Event) -> Iterator[Resource]:
    said = snake(event.properties.values)
    values = {**said, "event_source_arn": said.get("queue"), "function_name": event.target}
    kind = "aws_lambda_event_source_mapping"
    yield event.owner.resource(kind, without_nothing(values), f".{event.name}")


def _subscription(event: Event) -> Iterator[Resource]:
    said = snake(event.properties.values)
    values = {
        **said,
        "topic_arn": said.get("topic"),
        "protocol": "lambda",
        "endpoint": event.target,
    }
    kind = "aws_sns_topic_subscription"
    yield event.owner.resource(kind, without_nothing(values), f".{event.name}")


def _rule(event: Event) -> Iterator[Resource]:
    said = event.properties
    name = said.text("RuleName") or f"{event.owner.address}-{event.name}"
    rule = {
        "name": name,
        "event_bus_name": said.values.get("EventBusName"),
        "event_pattern": said.values.get("Pattern"),
        "state": said.values.get("State"),
    }
    kind = "aws_cloudwatch_event_rule"
    yield event.owner.resource(kind, without_nothing(rule), f".{event.name}")
    target = snake(
        {
            key: said.values.get(key)
            for key in ("DeadLetterConfig", "Input", "InputPath", "InputTransformer", "RetryPolicy")
        }
    )
    values = {**target, "rule": name, "arn": event.target}
    kind = "aws_cloudwatch_event_target"
    yield event.owner.resource(kind, without_nothing(values), f".{event.name}.target")


READERS: Final[Mapping[str, Callable[[Event], Iterator[Resource]]]] = {
    "CloudWatchEvent": _rule,
    "EventBridgeRule": _rule,
    "SNS": _subscription,
    "SQS": _mapping,
}
"""Type of an event → what is made of it."""
