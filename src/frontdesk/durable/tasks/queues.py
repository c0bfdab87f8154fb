"""Owns the tasks that send messages: `sqs:sendMessage`, waiting for a token or not.

The id of the message is made from the attempt: one that is sent again after a crash can be told by it.
Source: AWS, "Send messages to an Amazon SQS queue with Step Functions".
"""

from collections.abc import Mapping
from typing import Any

from frontdesk.durable.life import Work
from frontdesk.durable.queues.outgoing import answered, outgoing
from frontdesk.durable.queues.queues import Queues
from frontdesk.durable.queues.refusals import QueueError, no_queue
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.refusals import arguments_of, service_cause, text_argument
from frontdesk.durable.tasks.task import Answer, Doer, Task
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.data.scope import json_text
from frontdesk.rules.asl.sdk import sdk_metadata


class QueueTasks:
    """Tasks that end when the message is sent, or when somebody sends their token."""

    def __init__(self, queues: Queues, jobs: Jobs) -> None:
        self._queues = queues
        self._jobs = jobs

    @property
    def rows(self) -> Mapping[tuple[str, str], Doer]:
        """Its rows of the table of services."""
        return {("sqs", "sendMessage"): self, ("sqs", "sendMessage.waitForTaskToken"): self}

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer), answer)

    async def _do(self, task: Task, answer: Answer) -> None:
        try:
            sent = await self._send(task)
        except StateError as error:
            answer.failed(error.name, error.cause)
        except QueueError as error:
            cause = service_cause("Sqs", error.code, error.message, task.id)
            answer.failed(f"SQS.{error.code.removesuffix('Exception')}Exception", cause)
        else:
            give = answer.submitted if task.resource.has_token else answer.succeeded
            give(sent)

    async def _send(self, task: Task) -> dict[str, Any]:
        """Raises: StateError, QueueError, StoreError."""
        queue = self._queues.find(text_argument(task, "QueueUrl"))
        if queue is None:
            raise no_queue()
        members = dict(arguments_of(task))
        body = members.get("MessageBody")
        if body is not None and not isinstance(body, str):
            members["MessageBody"] = json_text(body)
        message, attributes = outgoing(queue, members, task.id, task.trace)
        (sent,) = await self._queues.send(queue, [message])
        return {
            **answered(queue, sent, message, attributes),
            **sdk_metadata(task.id, "application/x-amz-json-1.0"),
        }
