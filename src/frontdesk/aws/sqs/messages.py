"""Owns the operations on messages: sending, receiving, deleting, hiding, one or a batch."""

from collections.abc import Mapping
from typing import Any, Final

from frontdesk.aws.sqs.asked import MOST, Asked
from frontdesk.base.clock import Clock
from frontdesk.durable.queues.attributes import chosen, size
from frontdesk.durable.queues.definition import LARGEST, Definition
from frontdesk.durable.queues.delivery import delivered
from frontdesk.durable.queues.handles import Handle, read_handle
from frontdesk.durable.queues.members import number_of, text_of
from frontdesk.durable.queues.outgoing import answered, outgoing
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.durable.queues.refusals import QueueError, invalid, missing
from frontdesk.ports.queue import Message, Outgoing, Receipt
from frontdesk.rules.events.sqs import (
    Attributes,
    digest,
    digest_of_attributes,
    system_attributes,
)
from frontdesk.rules.sqs_errors import names

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
        message, attributes = outgoing(queue, asked.members, new_message_id())
        (sent,) = await self._queues.send(queue, [message])
        return answered(queue, sent, message, attributes)

    async def send_batch(self, asked: Asked) -> dict[str, Any]:
        """SendMessageBatch."""
        queue, entries = asked.queue(self._queues), asked.entries()
        good: list[tuple[str, Outgoing, Attributes]] = []
        failed = []
        for entry in entries:
            try:
                good.append((entry["Id"], *outgoing(queue, entry, new_message_id())))
            except QueueError as error:
                failed.append(_failed(entry["Id"], error))
        total = sum(len(message.body) + size(attributes) for _, message, attributes in good)
        if total > LARGEST:
            raise QueueError(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {LARGEST} bytes. You have sent {total} bytes.",
            )
        sent = await self._queues.send(queue, [message for _, message, _ in good]) if good else []
        done = [
            {"Id": id_, **answered(queue, one, message, attributes)}
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
            except QueueError as error:
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


def _handle(queue: Definition, members: Mapping[str, Any]) -> Handle:
    text = text_of(members, "ReceiptHandle")
    handle = read_handle(text)
    if handle is None or handle.queue != queue.name:
        raise QueueError(
            "ReceiptHandleIsInvalid", f'The input receipt handle "{text[:80]}" is not valid.'
        )
    return handle


def _receipts(queue: Definition, entries: Any) -> tuple[dict[str, Receipt], list[dict[str, Any]]]:
    good: dict[str, Receipt] = {}
    failed = []
    for entry in entries:
        try:
            good[entry["Id"]] = _handle(queue, entry).receipt
        except QueueError as error:
            failed.append(_failed(entry["Id"], error))
    return good, failed


def _failed_late(good: Mapping[str, Receipt], done: Any, error: QueueError) -> list[dict[str, Any]]:
    return [_failed(id_, error) for id_, well in zip(good, done, strict=True) if not well]


def _too_late(queue: Definition) -> QueueError:
    if queue.rules.fifo:
        return invalid(
            "Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        )
    return QueueError(
        "ReceiptHandleIsInvalid",
        "The receipt handle is not valid: the message was received again, or is gone.",
    )


def _not_hidden() -> QueueError:
    return QueueError(
        "MessageNotInflight",
        "Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not "
        "available for visibility timeout change.",
    )


def _failed(id_: str, error: QueueError) -> dict[str, Any]:
    return {"Id": id_, "SenderFault": True, "Code": names(error.code)[1], "Message": error.message}


def _batch(done: list[Any], failed: list[Any]) -> dict[str, Any]:
    return {**({"Successful": done} if done else {}), **({"Failed": failed} if failed else {})}


def _names(members: Mapping[str, Any], name: str) -> list[str]:
    found = members.get(name) or []
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
