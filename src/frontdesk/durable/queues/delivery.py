"""Owns how a message of the store becomes one that somebody is given."""

from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.handles import Handle
from frontdesk.durable.queues.queues import Queues
from frontdesk.ports.queue import Message
from frontdesk.rules.events.sqs import Attributes, Delivered


def delivered(queues: Queues, queue: Definition, message: Message) -> Delivered:
    """Return a message with its handle."""
    return Delivered(
        id=message.id,
        handle=Handle(queue.name, message.receipt, message.first).text,
        body=message.body.decode(),
        attributes=Attributes.read(message.attributes),
        sent=message.sent,
        receives=message.receives,
        first=message.first,
        group=message.group,
        deduplication=message.deduplication if queue.rules.fifo else "",
        source=queues.arn(message.source) if message.source else "",
        number=message.receipt.number if queue.rules.fifo else 0,
    )
