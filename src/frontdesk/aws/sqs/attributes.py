"""Owns the attributes of queues: as texts, as AWS has them, and what they mean here.

Source: AWS, SQS API reference, CreateQueue and GetQueueAttributes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from frontdesk.config.models.queue import FIFO
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.queues.refusals import QueueError, invalid
from frontdesk.ports.queue import Counts, Queue

Change = Callable[[Definition, str], Definition]
"""Takes a queue and the text of an attribute. Raises: ValueError, for one that will not do."""

_KEPT: Final = {
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
}
"""What is kept and shown, and does nothing."""

_MOST_RECEIVES: Final = 1000


def changed(queue: Definition, attributes: Mapping[str, Any], queues: Queues) -> Definition:
    """Return a queue with other attributes. Raises: QueueError."""
    for name, value in attributes.items():
        change = _CHANGES.get(name)
        if change is None and name not in _KEPT:
            raise QueueError("InvalidAttributeName", f"Unknown Attribute {name}.")
        if not isinstance(value, str):
            raise _invalid(name)
        if change is None:
            queue = replace(queue, kept={**queue.kept, name: value})
            continue
        try:
            queue = change(queue, value)
        except (ValueError, TypeError, KeyError):
            raise _invalid(name) from None
    _check(queue, queues)
    return queue


def described(queue: Definition, counts: Counts, queues: Queues) -> dict[str, str]:
    """List all attributes of a queue."""
    rules = queue.rules
    found = {
        "QueueArn": queues.arn(queue.name),
        "ApproximateNumberOfMessages": counts.visible,
        "ApproximateNumberOfMessagesNotVisible": counts.in_flight,
        "ApproximateNumberOfMessagesDelayed": counts.delayed,
        "CreatedTimestamp": int(queue.created),
        "LastModifiedTimestamp": int(queue.changed),
        **_settings(queue),
        "SqsManagedSseEnabled": "true",
        **queue.kept,
    }
    if rules.dead_letter:
        policy = {
            "deadLetterTargetArn": queues.arn(rules.dead_letter),
            "maxReceiveCount": rules.max_receives,
        }
        found["RedrivePolicy"] = orjson.dumps(policy).decode()
    if rules.fifo:
        found |= {
            "FifoQueue": "true",
            "ContentBasedDeduplication": str(queue.content_based).lower(),
            "DeduplicationScope": "messageGroup" if rules.per_group else "queue",
            "FifoThroughputLimit": queue.kept.get("FifoThroughputLimit", "perQueue"),
        }
    return {name: str(value) for name, value in found.items()}


def known(names: list[Any]) -> bool:
    """Whether attributes may be asked for by these names."""
    return {*names} <= {
        *("All", "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"),
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
        *_CHANGES,
        *_KEPT,
    }


def _settings(queue: Definition) -> dict[str, int]:
    return {
        "VisibilityTimeout": int(queue.rules.visibility),
        "DelaySeconds": int(queue.rules.delay),
        "MessageRetentionPeriod": int(queue.rules.retention),
        "MaximumMessageSize": queue.largest,
        "ReceiveMessageWaitTimeSeconds": int(queue.wait),
    }


def _invalid(name: str) -> QueueError:
    return QueueError("InvalidAttributeValue", f"Invalid value for the parameter {name}.")


def _check(queue: Definition, queues: Queues) -> None:
    rules = queue.rules
    if rules.fifo is not queue.name.endswith(FIFO):
        raise invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
            "underscores, must end with .fifo suffix and be 1 to 80 in length."
        )
    if not rules.fifo and (queue.content_based or rules.per_group):
        name = "ContentBasedDeduplication" if queue.content_based else "DeduplicationScope"
        raise QueueError("InvalidAttributeName", f"Unknown Attribute {name}.")
    if not rules.dead_letter:
        return
    dead = queues.find(rules.dead_letter)
    if dead is None or dead.rules.fifo is not rules.fifo or dead.name == queue.name:
        raise invalid(
            f"Value {queues.arn(rules.dead_letter)} for parameter RedrivePolicy is invalid. "
            "Reason: Dead letter target does not exist."
            if dead is None
            else "Value for parameter RedrivePolicy is invalid. "
            "Reason: Dead-letter queue must be another queue of the same type."
        )


def _seconds(field: str, least: int, most: int) -> Change:
    def change(queue: Definition, text: str) -> Definition:
        return _with(queue, **{field: float(_whole(text, least, most))})

    return change


def _with(queue: Definition, **rules: Any) -> Definition:
    return replace(queue, rules=queue.rules._replace(**rules))


def _whole(text: str, least: int, most: int) -> int:
    number = int(text)
    if not least <= number <= most:
        raise ValueError(text)
    return number


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _fifo(queue: Definition, text: str) -> Definition:
    if not _flag(text):
        raise ValueError(text)
    return _with(queue, fifo=True)


def _scope(queue: Definition, text: str) -> Definition:
    return _with(queue, per_group={"queue": False, "messageGroup": True}[text])


def _redrive(queue: Definition, text: str) -> Definition:
    if not text:
        return _with(queue, max_receives=0, dead_letter="")
    policy = orjson.loads(text)
    name = str(policy["deadLetterTargetArn"]).rpartition(":")[2]
    receives = _whole(str(policy["maxReceiveCount"]), 1, _MOST_RECEIVES)
    return _with(queue, max_receives=receives, dead_letter=name)


_CHANGES: Final[dict[str, Change]] = {
    "VisibilityTimeout": _seconds("visibility", 0, 43_200),
    "DelaySeconds": _seconds("delay", 0, 900),
    "MessageRetentionPeriod": _seconds("retention", 60, 1_209_600),
    "MaximumMessageSize": lambda queue, text: replace(queue, largest=_whole(text, 1024, 1_048_576)),
    "ReceiveMessageWaitTimeSeconds": lambda queue, text: replace(
        queue, wait=float(_whole(text, 0, 20))
    ),
    "FifoQueue": _fifo,
    "ContentBasedDeduplication": lambda queue, text: replace(queue, content_based=_flag(text)),
    "DeduplicationScope": _scope,
    "RedrivePolicy": _redrive,
}


def fresh(name: str, now: float) -> Definition:
    """Return a new queue with the defaults of AWS."""
    return Definition(rules=Queue(name), created=now, changed=now)
