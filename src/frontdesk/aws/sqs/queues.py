"""Owns the operations on queues: making, changing, finding, tags, purging."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from frontdesk.aws.paging import page
from frontdesk.aws.sqs.asked import Asked
from frontdesk.aws.sqs.attributes import changed, described, fresh, known
from frontdesk.aws.wire import ApiError
from frontdesk.base.clock import Clock
from frontdesk.durable.queues.definition import Definition
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.queues.refusals import QueueError, invalid, missing, no_queue

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo", re.ASCII)
_PAGE: Final = 1000
_PURGE: Final = 60.0


class QueueOperations:
    """See service.Operation."""

    def __init__(self, queues: Queues, clock: Clock, account: str) -> None:
        self._queues = queues
        self._clock = clock
        self._account = account
        self._purged: dict[str, float] = {}

    async def create(self, asked: Asked) -> dict[str, Any]:
        """CreateQueue."""
        name = asked.text("QueueName")
        if _NAME.fullmatch(name) is None:
            raise invalid(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            )
        attributes = _mapping(asked, "Attributes")
        former = self._queues.find(name)
        now = self._clock.time()
        if former is not None:
            wanted = changed(former, attributes, self._queues)
            if (wanted.rules, wanted.kept) != (former.rules, former.kept):
                raise QueueError(
                    "QueueNameExists",
                    "A queue already exists with the same name and a different value for attributes.",
                )
        else:
            queue = changed(fresh(name, now), attributes, self._queues)
            await self._queues.put(replace(queue, tags=_mapping(asked, "tags")))
        return {"QueueUrl": self._url(asked, name)}

    async def delete(self, asked: Asked) -> dict[str, Any]:
        """DeleteQueue."""
        await self._queues.drop(self._own(asked))
        return {}

    async def url(self, asked: Asked) -> dict[str, Any]:
        """GetQueueUrl."""
        queue = self._queues.find(asked.text("QueueName"))
        if queue is None:
            raise no_queue()
        return {"QueueUrl": self._url(asked, queue.name)}

    async def list_queues(self, asked: Asked) -> dict[str, Any]:
        """ListQueues."""
        prefix = asked.text("QueueNamePrefix", "")
        found = [queue for queue in self._queues.all() if queue.name.startswith(prefix)]
        return self._page(asked, found, "QueueUrls")

    async def sources(self, asked: Asked) -> dict[str, Any]:
        """ListDeadLetterSourceQueues."""
        name = asked.queue(self._queues).name
        found = [queue for queue in self._queues.all() if queue.rules.dead_letter == name]
        return self._page(asked, found, "queueUrls")

    async def attributes(self, asked: Asked) -> dict[str, Any]:
        """GetQueueAttributes."""
        queue = asked.queue(self._queues)
        names = asked.members.get("AttributeNames", [])
        if not isinstance(names, list) or not known(names):
            raise QueueError("InvalidAttributeName", "Unknown Attribute.")
        if not names:
            return {}
        found = described(queue, await self._queues.counts(queue), self._queues)
        if "All" not in names:
            found = {name: value for name, value in found.items() if name in names}
        return {"Attributes": found}

    async def change(self, asked: Asked) -> dict[str, Any]:
        """SetQueueAttributes."""
        former = self._own(asked)
        queue = changed(former, _mapping(asked, "Attributes"), self._queues)
        if queue.rules.fifo is not former.rules.fifo:
            raise QueueError("InvalidAttributeName", "Unknown Attribute FifoQueue.")
        await self._queues.put(replace(queue, changed=self._clock.time()))
        return {}

    async def tag(self, asked: Asked) -> dict[str, Any]:
        """TagQueue."""
        queue = self._own(asked)
        tags = {**queue.tags, **_mapping(asked, "Tags")}
        await self._queues.put(replace(queue, tags=tags))
        return {}

    async def untag(self, asked: Asked) -> dict[str, Any]:
        """UntagQueue."""
        queue = self._own(asked)
        keys = asked.members.get("TagKeys")
        if not isinstance(keys, list):
            raise missing("TagKeys")
        tags = {key: value for key, value in queue.tags.items() if key not in keys}
        await self._queues.put(replace(queue, tags=tags))
        return {}

    async def tags(self, asked: Asked) -> dict[str, Any]:
        """ListQueueTags."""
        tags = asked.queue(self._queues).tags
        return {"Tags": dict(tags)} if tags else {}

    async def purge(self, asked: Asked) -> dict[str, Any]:
        """PurgeQueue."""
        queue, now = asked.queue(self._queues), self._clock.monotonic()
        if now - self._purged.get(queue.name, -_PURGE) < _PURGE:
            raise ApiError(
                403,
                "PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.",
            )
        self._purged[queue.name] = now
        await self._queues.purge(queue)
        return {}

    def _own(self, asked: Asked) -> Definition:
        """Return a queue that the API may change."""
        queue = asked.queue(self._queues)
        if queue.of_file:
            # Differs: [file-queues] What the file says only the file can change.
            raise QueueError(
                "UnsupportedOperation", f"The queue {queue.name} is of the configuration file."
            )
        return queue

    def _page(self, asked: Asked, found: Sequence[Definition], member: str) -> dict[str, Any]:
        asked.number("MaxResults", 1, _PAGE)
        some, token = page(
            found,
            lambda queue: queue.name,
            asked.members,
            usual=_PAGE,
            invalid="InvalidParameterValueException",
        )
        urls = [self._url(asked, queue.name) for queue in some]
        return {**({member: urls} if urls else {}), **token}

    def _url(self, asked: Asked, name: str) -> str:
        return f"{asked.base}/{self._account}/{name}"


def _mapping(asked: Asked, name: str) -> dict[str, Any]:
    value = asked.members.get(name, {})
    if not isinstance(value, dict):
        raise invalid(f"Value for parameter {name} is invalid. Reason: Must be a map.")
    return value
