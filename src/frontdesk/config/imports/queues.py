"""Turns queues, and event source mappings that read them, into entries of `queues`."""

from collections.abc import Iterator
from typing import Any, Final

from frontdesk.config.imports.documents import as_json
from frontdesk.config.imports.resources import Declared, Part, Resource, name_of
from frontdesk.config.models.queue import FIFO
from frontdesk.config.openapi.arns import called_function
from frontdesk.config.placed import Branch

_QUEUE: Final = "aws_sqs_queue"
_REDRIVE: Final = "aws_sqs_queue_redrive_policy"
_MAPPING: Final = "aws_lambda_event_source_mapping"

TYPES: Final = (_QUEUE, _REDRIVE, _MAPPING)
"""What is read here."""

_DURATIONS: Final = {
    "visibility_timeout_seconds": "visibility",
    "visibility_timeout": "visibility",
    "delay_seconds": "delay",
    "message_retention_seconds": "retention",
    "message_retention_period": "retention",
}
"""What Terraform and CloudFormation say in seconds → our key."""

_NOT_CARRIED: Final = ("max_message_size", "maximum_message_size", "redrive_allow_policy")


def read_queues(declared: Declared, content: Branch) -> None:
    """Add the queues."""
    for queue in declared.of(_QUEUE):
        made = content.branch("queues", queue.origin).branch(queue_name(queue.name), queue.origin)
        for key, value in _settings(queue):
            made.put(key, value, queue.origin)
        for key in _NOT_CARRIED:
            if queue.values.get(key):
                declared.left(queue.at, f"{queue.address}: {key} is not carried")
    for resource in declared.of(_REDRIVE, _MAPPING):
        named = resource.text("queue_url") or resource.text("event_source_arn")
        entry = _owner(declared, content, resource, named)
        if entry is not None and resource.type == _MAPPING:
            _consume(declared, entry, resource)
        elif entry is not None:
            for key, value in _redrive(resource):
                entry.put(key, value, resource.origin)


def queue_name(text: str) -> str:
    """Return the name of a queue here, by its name, URL or ARN."""
    name = text.rpartition("/")[2].rpartition(":")[2]
    base = name.removesuffix(FIFO)
    return name_of(base)[:75] + name[len(base) :]


def _owner(declared: Declared, content: Branch, resource: Resource, queue: str) -> Branch | None:
    if queue.startswith("arn:") and ":sqs:" not in queue:
        declared.left(resource.at, f"{resource.address} is not carried: it reads no queue")
        return None
    name = queue_name(queue)
    if name in content.value.get("queues", {}):
        return content.branch("queues", resource.origin).branch(name, resource.origin)
    message = f"{resource.address}: nothing here says what its queue is"
    declared.missing(resource.at, message, "declare it")
    return None


def _settings(queue: Resource) -> Iterator[tuple[str, Any]]:
    for word, key in _DURATIONS.items():
        seconds = queue.number(word)
        if seconds is not None:
            yield key, f"{seconds}s"
    if queue.flag("fifo_queue"):
        yield "fifo", True
    yield from _redrive(queue)


def _redrive(resource: Resource) -> Iterator[tuple[str, Any]]:
    dead, said = dead_letter(resource), _redrive_policy(resource)
    receives = said.number("maxReceiveCount") or said.number("max_receive_count")
    if dead and receives:
        yield "dead_letter", dead
        yield "max_receives", receives


def dead_letter(resource: Resource) -> str:
    """Return the name of the queue of a redrive policy; "" where there is none."""
    said = _redrive_policy(resource)
    dead = said.text("deadLetterTargetArn") or said.text("dead_letter_target_arn")
    return queue_name(dead) if dead else ""


def _redrive_policy(resource: Resource) -> Part:
    """Read a redrive policy: JSON text, or a mapping in either spelling."""
    policy = as_json(resource.values.get("redrive_policy"))
    return Part({"it": policy}, f"{resource.address}.redrive_policy", resource.at).part("it")


def _consume(declared: Declared, entry: Branch, mapping: Resource) -> None:
    if mapping.values.get("enabled") in (False, "false"):
        declared.left(mapping.at, f"{mapping.address} is not carried: it is not enabled")
        return
    if "consumer" in entry.value:
        message = f"{mapping.address} is not carried: another function reads this queue, too"
        declared.left(mapping.at, message, "publish to a topic instead, to which both subscribe")
        return
    consumer = entry.branch("consumer", mapping.origin)
    for key, value in _consumer(mapping):
        consumer.put(key, value, mapping.origin)


def _consumer(mapping: Resource) -> Iterator[tuple[str, Any]]:
    text = mapping.text("function_name")
    called = called_function(text)
    yield "function", called.function if called is not None else name_of(text)
    batch, window = (
        mapping.number("batch_size"),
        mapping.number("maximum_batching_window_in_seconds"),
    )
    most = mapping.part("scaling_config").number("maximum_concurrency")
    if batch is not None:
        yield "batch", batch
    if window:
        yield "window", f"{window}s"
    if most is not None:
        yield "concurrency", most
    criteria = mapping.part("filter_criteria")
    filters = [*criteria.parts("filter"), *criteria.parts("filters")]
    patterns = [as_json(each.values.get("pattern")) for each in filters]
    if patterns:
        yield "filter", patterns
