"""Owns the operations on messages: sending, receiving, deleting, hiding, one or a batch."""

import re
from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.sqs.asked import MOST, Asked, number_of, text_of
from frontdesk.aws.sqs.message_attributes import chosen, read_attributes, size
from frontdesk.aws.sqs.refusals import invalid, missing, names, refusal
from frontdesk.aws.wire import ApiError
from frontdesk.base.clock import Clock
from frontdesk.durable.queues.definition import LARGEST, Definition
from frontdesk.durable.queues.delivery import delivered
from frontdesk.durable.queues.handles import Handle, read_handle
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.ports.queue import Message, Outgoing, Receipt, Sent
from frontdesk.rules.events.sqs import (
    Attributes,
    digest,
    digest_of_attributes,
    sequence_number,
    system_attributes,
)

_TOLD: Final = re.compile(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
_GROUP: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
_LONGEST: Final = 43_200
_HIDDEN: Final = f"Must be between 0 and {_LONGEST}, if provided."


class MessageOperations:
    """See service.Operation."""

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock

    async def send(self, asked: Asked) -> dict[str, Any]:
        """SendMessage."""
        queue = asked.queue(self._queues)
        message, attributes = _outgoing(queue, asked.members)
        (sent,) = await self._queues.send(queue, [message])
        return _sent(queue, sent, message, attributes)

    async def send_batch(self, asked: Asked) -> dict[str, Any]:
        """SendMessageBatch."""
        queue, entries = asked.queue(self._queues), asked.entries()
        good: list[tuple[str, Outgoing, Attributes]] = []
        failed = []
        for entry in entries:
            try:
                good.append((entry["Id"], *_outgoing(queue, entry)))
            except ApiError as error:
                failed.append(_failed(entry["Id"], error))
        total = sum(len(message.body) + size(attributes) for _, message, attributes in good)
        if total > LARGEST:
            raise refusal(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {LARGEST} bytes. You have sent {total} bytes.",
            )
        sent = await self._queues.send(queue, [message for _, message, _ in good]) if good else []
        done = [
            {"Id": id_, **_sent(queue, one, message, attributes)}
            for (id_, message, attributes), one in zip(good, sent, strict=True)
        ]
        return _batch(done, failed)

    async def receive(self, asked: Asked) -> dict[str, Any]:
        """ReceiveMessage."""
        queue = asked.queue(self._queues)
        reason = f"Must be between 1 and {MOST}, if provided."
        most = number_of(asked.members, "MaxNumberOfMessages", (1, MOST), reason)
        visibility = number_of(asked.members, "VisibilityTimeout", (0, _LONGEST), _HIDDEN)
        wait = asked.number("WaitTimeSeconds", 0, 20)
        found = await self._queues.receive(
            queue,
            most=most or 1,
            visibility=visibility,
            wait=queue.wait if wait is None else wait,
        )
        if not found:
            return {}
        told = [self._message(queue, message, asked.members) for message in found]
        return {"Messages": told}

    async def delete(self, asked: Asked) -> dict[str, Any]:
        """DeleteMessage."""
        queue = asked.queue(self._queues)
        handle = _handle(queue, asked.members)
        # Differs: [old-receipts] AWS says nothing of a receipt that is no longer good.
        if not (await self._queues.delete(queue, [handle.receipt]))[0]:
            raise _too_late(queue)
        return {}

    async def delete_batch(self, asked: Asked) -> dict[str, Any]:
        """DeleteMessageBatch."""
        queue, entries = asked.queue(self._queues), asked.entries()
        good, failed = _receipts(queue, entries)
        done = await self._queues.delete(queue, list(good.values())) if good else []
        late = _failed_late(good, done, _too_late(queue))
        return _batch(
            [{"Id": id_} for id_, well in zip(good, done, strict=True) if well], failed + late
        )

    async def change(self, asked: Asked) -> dict[str, Any]:
        """ChangeMessageVisibility."""
        queue = asked.queue(self._queues)
        handle, visibility = _handle(queue, asked.members), self._visibility(queue, asked.members)
        if not (await self._queues.change(queue, [handle.receipt], visibility))[0]:
            raise _not_hidden()
        return {}

    async def change_batch(self, asked: Asked) -> dict[str, Any]:
        """ChangeMessageVisibilityBatch."""
        queue = asked.queue(self._queues)
        done, failed = [], []
        for entry in asked.entries():
            try:
                await self.change(Asked({**entry, "QueueUrl": queue.name}, asked.base))
                done.append({"Id": entry["Id"]})
            except ApiError as error:
                failed.append(_failed(entry["Id"], error))
        return _batch(done, failed)

    def _visibility(self, queue: Definition, members: Mapping[str, Any]) -> float:
        visibility = number_of(members, "VisibilityTimeout", (0, _LONGEST), _HIDDEN)
        if visibility is None:
            raise missing("VisibilityTimeout")
        since = self._clock.time() - _handle(queue, members).first
        if since + visibility > _LONGEST:
            raise invalid(
                f"Value {visibility} for parameter VisibilityTimeout is invalid. Reason: Total "
                f"VisibilityTimeout for the message is beyond the limit [{_LONGEST} seconds]."
            )
        return visibility

    def _message(
        self, queue: Definition, message: Message, asked: Mapping[str, Any]
    ) -> dict[str, Any]:
        one = delivered(self._queues, queue, message)
        found: dict[str, Any] = {
            "MessageId": one.id,
            "ReceiptHandle": one.handle,
            "MD5OfBody": digest(message.body),
            "Body": one.body,
        }
        wanted = {*_names(asked, "MessageSystemAttributeNames"), *_names(asked, "AttributeNames")}
        if wanted:
            told = system_attributes(one)
            found["Attributes"] = {
                name: value for name, value in told.items() if {name, "All"} & wanted
            }
        of_message = chosen(one.attributes.message, _names(asked, "MessageAttributeNames"))
        if of_message:
            found["MessageAttributes"] = of_message
            found["MD5OfMessageAttributes"] = digest_of_attributes(of_message)
        return found


def _outgoing(queue: Definition, members: Mapping[str, Any]) -> tuple[Outgoing, Attributes]:
    """Read a message that is to be sent. Raises: ApiError."""
    text = text_of(members, "MessageBody")
    if not text:
        raise missing("MessageBody")
    if _TOLD.fullmatch(text) is None:
        raise refusal(
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
    return Outgoing(new_message_id(), body, attributes.written(), group, same, own), attributes


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


def _sent(
    queue: Definition, sent: Sent, message: Outgoing, attributes: Attributes
) -> dict[str, Any]:
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


def _handle(queue: Definition, members: Mapping[str, Any]) -> Handle:
    text = text_of(members, "ReceiptHandle")
    handle = read_handle(text)
    if handle is None or handle.queue != queue.name:
        raise refusal(
            "ReceiptHandleIsInvalid", f'The input receipt handle "{text[:80]}" is not valid.'
        )
    return handle


def _receipts(queue: Definition, entries: Any) -> tuple[dict[str, Receipt], list[dict[str, Any]]]:
    good: dict[str, Receipt] = {}
    failed = []
    for entry in entries:
        try:
            good[entry["Id"]] = _handle(queue, entry).receipt
        except ApiError as error:
            failed.append(_failed(entry["Id"], error))
    return good, failed


def _failed_late(good: Mapping[str, Receipt], done: Any, error: ApiError) -> list[dict[str, Any]]:
    return [_failed(id_, error) for id_, well in zip(good, done, strict=True) if not well]


def _too_late(queue: Definition) -> ApiError:
    if queue.rules.fifo:
        return invalid(
            "Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )
    return refusal(
        "ReceiptHandleIsInvalid",
        "The receipt handle is not valid: the message was received again, or is gone.",
    )


def _not_hidden() -> ApiError:
    return refusal(
        "MessageNotInflight",
        "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
        "available for visibility timeout change.",
    )


def _failed(id_: str, error: ApiError) -> dict[str, Any]:
    return {"Id": id_, "SenderFault": True, "Code": names(error.code)[1], "Message": error.message}


def _batch(done: list[Any], failed: list[Any]) -> dict[str, Any]:
    return {**({"Successful": done} if done else {}), **({"Failed": failed} if failed else {})}


def _names(members: Mapping[str, Any], name: str) -> list[str]:
    found = members.get(name) or []
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
