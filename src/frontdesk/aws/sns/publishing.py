"""Owns the operations that publish: one message or a batch."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from frontdesk.aws.sns.asked import Members, text, topic_of
from frontdesk.aws.wire import new_uuid
from frontdesk.base.clock import Clock
from frontdesk.durable.publishing.notifications import LARGEST, notification
from frontdesk.durable.publishing.refusals import PublishError, invalid
from frontdesk.durable.publishing.subscriptions import Topic
from frontdesk.durable.publishing.topics import Topics
from frontdesk.rules.events.sns import Notification, sequence_number

_MOST: Final = 10
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)


class PublishOperations:
    """See query.Run."""

    def __init__(self, topics: Topics, clock: Clock) -> None:
        self._topics = topics
        self._clock = clock

    async def publish(self, members: Members, trace: str) -> Mapping[str, Any]:
        """Publish."""
        if "PhoneNumber" in members:
            raise invalid("PhoneNumber Reason: There are no text messages here")
        name = "TargetArn" if "TargetArn" in members else "TopicArn"
        if name not in members:
            raise invalid("TopicArn or TargetArn Reason: no value for required parameter")
        topic = topic_of(self._topics, text(members, name))
        message = self._message(topic, members, trace)
        await self._topics.publish(topic, [message])
        return _answered(message)

    async def publish_batch(self, members: Members, trace: str) -> Mapping[str, Any]:
        """PublishBatch."""
        topic = topic_of(self._topics, text(members, "TopicArn"))
        good: dict[str, Notification] = {}
        failed = []
        for entry in _entries(members):
            try:
                good[entry["Id"]] = self._message(topic, entry, trace)
            except PublishError as error:
                failed.append(
                    {
                        "Id": entry["Id"],
                        "Code": error.code,
                        "Message": error.message,
                        "SenderFault": True,
                    }
                )
        messages = [*good.values()]
        if sum(len(each.texts["default"].encode()) for each in messages) > LARGEST:
            raise PublishError(
                "BatchRequestTooLong",
                "The length of all the messages put together is more than the limit.",
            )
        await self._topics.publish(topic, messages)
        done = [{"Id": id_, **_answered(message)} for id_, message in good.items()]
        return {"Successful": done, "Failed": failed}

    def _message(self, topic: Topic, members: Members, trace: str) -> Notification:
        now = self._clock.time()
        return notification(
            topic,
            members,
            arn=self._topics.arn(topic.name),
            id_=new_uuid(),
            time=now,
            number=self._topics.number(topic, now),
            trace=trace,
        )


def _answered(message: Notification) -> dict[str, str]:
    number = {"SequenceNumber": sequence_number(message.number)} if message.number else {}
    return {"MessageId": message.id, **number}


def _entries(members: Members) -> Sequence[Mapping[str, Any]]:
    """Return the entries of a batch, whose ids are good. Raises: PublishError."""
    entries = members.get("PublishBatchRequestEntries")
    if not isinstance(entries, list) or not entries:
        raise PublishError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > _MOST:
        raise PublishError(
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        )
    ids = [text(entry if isinstance(entry, dict) else {}, "Id", "") for entry in entries]
    if not all(map(_ID.fullmatch, ids)):
        raise PublishError(
            "InvalidBatchEntryId",
            "The Id of a batch entry in a batch request doesn't abide by the specification.",
        )
    if len({*ids}) < len(ids):
        raise PublishError(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        )
    return entries
