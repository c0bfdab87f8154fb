"""Owns what a message may be that is sent, by AWS's rules and in AWS's members."""

import re
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.durable.queues.attributes import read_attributes, size
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.members import number_of, text_of
from frontdesk.durable.queues.refusals import QueueError, invalid, missing
from frontdesk.ports.queue import Outgoing, Sent
from frontdesk.rules.events.sqs import Attributes, digest, digest_of_attributes, sequence_number

_TOLD: Final = re.compile(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_GROUP: Final = re.compile(r"[!-~]{1,128}", re.ASCII)


def outgoing(
    queue: Definition, members: Mapping[str, Any], id_: str, trace: str = ""
) -> tuple[Outgoing, Attributes]:
    """Read a message that is to be sent, and which is to have that id. Raises: QueueError.

    trace: the X-Amzn-Trace-Id of its sender, unless it names one itself.
    """
    text = text_of(members, "MessageBody")
    if not text:
        raise missing("MessageBody")
    if _TOLD.fullmatch(text) is None:
        raise QueueError(
            "InvalidMessageContents", "Invalid binary character was found in the message body."
        )
    attributes = read_attributes(members)
    body = text.encode()
    if len(body) + size(attributes) > queue.largest:
        raise invalid(
            "One or more parameters are invalid. "
            f"Reason: Message must be shorter than {queue.largest} bytes."
        )
    group, same = _group(queue, members)
    delay = number_of(members, "DelaySeconds", (0, 900), "DelaySeconds must be >= 0 and <= 900.")
    if delay and queue.rules.fifo:
        raise invalid(
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: The request include "
            "parameter that is not valid for this queue type."
        )
    own = None if delay is None or queue.rules.fifo else float(delay)
    kept = attributes._replace(trace=attributes.trace or trace).written()
    return Outgoing(id_, body, kept, group, same, own), attributes


def _group(queue: Definition, members: Mapping[str, Any]) -> tuple[str, str]:
    """Return the group of a message, and what a FIFO queue knows it by."""
    group, same = (
        text_of(members, "MessageGroupId", ""),
        text_of(members, "MessageDeduplicationId", ""),
    )
    for name, text in (("MessageGroupId", group), ("MessageDeduplicationId", same)):
        if text and _GROUP.fullmatch(text) is None:
            raise invalid(
                f"Value {text} for parameter {name} is invalid. Reason: {name} can only include "
                "alphanumeric and punctuation characters. 1 to 128 in length."
            )
    if queue.rules.fifo and not group:
        raise missing("MessageGroupId")
    if queue.rules.fifo and not same and not queue.content_based:
        raise invalid(
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly"
        )
    if same and not queue.rules.fifo:
        raise invalid(
            f"Value {same} for parameter MessageDeduplicationId is invalid. Reason: The request "
            "includes a parameter that is not valid for this queue type."
        )
    return group, same


def answered(
    queue: Definition, sent: Sent, message: Outgoing, attributes: Attributes
) -> dict[str, Any]:
    """Return what its sender is answered, without what is empty."""
    found = {
        "MessageId": sent.id,
        "MD5OfMessageBody": digest(message.body),
        "MD5OfMessageAttributes": digest_of_attributes(attributes.message),
        "MD5OfMessageSystemAttributes": digest_of_attributes(
            {"AWSTraceHeader": {"DataType": "String", "StringValue": attributes.trace}}
            if attributes.trace
            else {}
        ),
        "SequenceNumber": sequence_number(sent.number) if queue.rules.fifo else "",
    }
    return {name: value for name, value in found.items() if value}
