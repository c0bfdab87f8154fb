"""Owns the tasks that publish: `sns:publish` and `events:putEvents`, waiting for a token or not.

Ids of messages and events are made from the attempt: what is published again after a crash can be told by them.
Source: AWS, "Publish messages to an Amazon SNS topic with Step Functions", "Add EventBridge events with Step
Functions".
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from frontdesk.base.clock import Clock
from frontdesk.base.ids import uuid_of
from frontdesk.durable.life import Work
from frontdesk.durable.publishing.buses import Buses
from frontdesk.durable.publishing.entries import MOST, put_events
from frontdesk.durable.publishing.notifications import notification
from frontdesk.durable.publishing.refusals import PublishError, no_topic
from frontdesk.durable.publishing.topics import Topics
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.refusals import arguments_of, service_cause, text_argument, unusable
from frontdesk.durable.tasks.task import Answer, Doer, Task
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.sdk import sdk_metadata
from frontdesk.rules.events.sns import sequence_number

_FAILED_ENTRY: Final = "EventBridge.FailedEntry"


class PublishTasks:
    """Tasks that end when everybody has what was published, or when somebody sends their token."""

    def __init__(self, topics: Topics, buses: Buses, jobs: Jobs, clock: Clock) -> None:
        self._topics = topics
        self._buses = buses
        self._jobs = jobs
        self._clock = clock

    @property
    def rows(self) -> Mapping[tuple[str, str], Doer]:
        """Its rows of the table of services."""
        publish = _Publishing(self._jobs, self._publish, "SNS")
        put = _Publishing(self._jobs, self._put, "EventBridge")
        return {
            ("sns", "publish"): publish,
            ("sns", "publish.waitForTaskToken"): publish,
            ("events", "putEvents"): put,
            ("events", "putEvents.waitForTaskToken"): put,
        }

    async def _publish(self, task: Task) -> dict[str, Any]:
        topic = self._topics.find(text_argument(task, "TopicArn"))
        if topic is None:
            raise no_topic()
        members = dict(arguments_of(task))
        text = members.get("Message")
        if text is not None and not isinstance(text, str):
            members["Message"] = json_text(text)
        now = self._clock.time()
        message = notification(
            topic,
            members,
            arn=self._topics.arn(topic.name),
            id_=task.id,
            time=now,
            number=self._topics.number(topic, now),
            trace=task.trace,
        )
        await self._topics.publish(topic, [message])
        number = {"SequenceNumber": sequence_number(message.number)} if message.number else {}
        return {"MessageId": message.id, **number, **sdk_metadata(task.id, "text/xml")}

    async def _put(self, task: Task) -> dict[str, Any]:
        entries = arguments_of(task).get("Entries")
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise unusable(task, "The value for the field 'Entries' must be an ARRAY of OBJECTs")
        ids = [uuid_of(f"{task.id}:{number}") for number in range(MOST)]
        told = [_with_origin(task, entry) for entry in entries]
        answer = await put_events(self._buses, told, ids, now=self._clock.time(), trace=task.trace)
        if answer["FailedEntryCount"]:
            raise StateError(_FAILED_ENTRY, json_text(answer))
        return {**answer, **sdk_metadata(task.id, "application/x-amz-json-1.1")}


class _Publishing:
    """One such kind of tasks. service: as errors begin."""

    def __init__(
        self, jobs: Jobs, publish: Callable[[Task], Awaitable[dict[str, Any]]], service: str
    ) -> None:
        self._jobs = jobs
        self._publish = publish
        self._service = service

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer), answer)

    async def _do(self, task: Task, answer: Answer) -> None:
        try:
            result = await self._publish(task)
        except StateError as error:
            answer.failed(error.name, error.cause)
        except PublishError as error:
            cause = service_cause(
                self._service, error.code, error.message, task.id, status=error.status
            )
            name = error.code.removesuffix("Exception")
            answer.failed(f"{self._service}.{name}Exception", cause)
        else:
            give = answer.submitted if task.resource.has_token else answer.succeeded
            give(result)


def _with_origin(task: Task, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Write the detail as text, and name the execution and its machine among the resources."""
    detail, resources = entry.get("Detail"), entry.get("Resources") or []
    if detail is not None and not isinstance(detail, str):
        detail = json_text(detail)
    origin = [task.facts.execution, task.facts.machine]
    return {**entry, "Detail": detail, "Resources": [*resources, *origin]}
