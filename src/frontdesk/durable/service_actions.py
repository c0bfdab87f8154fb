"""Owns what routes ask of queues, topics and event buses: each by the rules of its service, of one that is named.

Source: AWS, "Integrate an API Gateway REST API with an Amazon SQS queue"; the API references.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.errors import StoreError
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.entries import MOST, put_events
from frontdesk.durable.publishing.notifications import notification
from frontdesk.durable.publishing.refusals import PublishError
from frontdesk.durable.publishing.topics import Topics
from frontdesk.durable.queues.outgoing import answered, outgoing
from frontdesk.durable.queues.queues import Queues, new_message_id
from frontdesk.durable.queues.refusals import QueueError, no_queue
from frontdesk.ports.service_actions import Action, ActionAnswer
from frontdesk.rules.events.sns import sequence_number

Members = Mapping[str, Any]
Run = Callable[[str, Members, str], Awaitable[dict[str, Any]]]

_FORBIDDEN: Final = 403


class OwnServiceActions:
    """See ServiceActions."""

    def __init__(self, queues: Queues, topics: Topics, buses: Buses, clock: Clock) -> None:
        self._queues = queues
        self._topics = topics
        self._buses = buses
        self._clock = clock
        self._actions: dict[Action, Run] = {
            "PutEvents": self._put,
            "Publish": self._publish,
            "SendMessage": self._send,
        }

    async def ask(self, action: Action, name: str, members: Members, *, trace: str) -> ActionAnswer:
        """See ServiceActions."""
        try:
            return ActionAnswer(await self._actions[action](name, members, trace))
        except QueueError as error:
            status = _FORBIDDEN if error.code == _DENIED else 400
            return ActionAnswer({}, status, error.code, error.message)
        except PublishError as error:
            return ActionAnswer({}, error.status, error.code, error.message)

    async def _send(self, name: str, members: Members, trace: str) -> dict[str, Any]:
        url = members.get("QueueUrl", name)
        queue = self._queues.find(str(url))
        if queue is None:
            raise no_queue()
        if queue.name != name:
            raise QueueError(_DENIED, f"Access to the resource {url} is denied.")
        message, attributes = outgoing(queue, members, new_message_id(), trace)
        (sent,) = await self._queues.send(queue, [message])
        return answered(queue, sent, message, attributes)

    async def _publish(self, name: str, members: Members, trace: str) -> dict[str, Any]:
        arn = str(members.get("TopicArn") or members.get("TargetArn") or name)
        topic = self._topics.find(arn)
        if topic is None:
            raise PublishError("NotFound", "Topic does not exist", 404)
        if topic.name != name:
            why = f"not authorized to perform: SNS:Publish on resource: {arn}"
            raise PublishError("AuthorizationError", why, _FORBIDDEN)
        now = self._clock.time()
        message = notification(
            topic,
            members,
            arn=self._topics.arn(topic.name),
            id_=new_message_id(),
            time=now,
            number=self._topics.number(topic, now),
            trace=trace,
        )
        await self._topics.publish(topic, [message])
        number = {"SequenceNumber": sequence_number(message.number)} if message.number else {}
        return {"MessageId": message.id, **number}

    async def _put(self, name: str, members: Members, trace: str) -> dict[str, Any]:
        if (
            self._buses.find(name) is None
        ):  # a reload has taken it away, while a request was under way
            raise StoreError(f"there is no such event bus: {name}")
        given = members.get("Entries")
        entries = [
            {"EventBusName": name, **each} if isinstance(each, dict) else each
            for each in (given if isinstance(given, list) else ())
        ]
        for entry in entries:
            bus = self._buses.find(str(entry["EventBusName"])) if isinstance(entry, dict) else None
            if bus is not None and bus.name != name:
                why = f"not authorized to perform: events:PutEvents on resource: {self._buses.arn(bus)}"
                raise PublishError("AccessDeniedException", why)
        ids = [new_message_id() for _ in range(MOST)]
        return await put_events(self._buses, entries, ids, now=self._clock.time(), trace=trace)


_DENIED: Final = "AccessDenied"
