"""Owns the tasks that workers come for: a task is put where they look, and its token ends it.

Source: AWS, "Learn about Activities in Step Functions".
"""

from collections.abc import Callable

from frontdesk.durable.activities import Activities
from frontdesk.durable.life import Work
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.rules.asl.data.errors import RUNTIME
from frontdesk.rules.asl.data.scope import json_text


class ActivityTasks:
    """Tasks whose Resource is an activity. They are submitted once they are kept for the workers."""

    def __init__(self, activities: Activities, jobs: Jobs) -> None:
        self._activities = activities
        self._jobs = jobs

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer), answer)

    async def _do(self, task: Task, answer: Answer) -> None:
        invoke = task.invoke
        given = json_text(invoke.arguments)
        if await self._activities.offer(task.resource.name, invoke.token, given):
            answer.submitted(None)
        else:
            answer.failed(RUNTIME, "The activity ARN does not exist.")

    def recall(self, task: Task, over: Callable[[], None]) -> Work:
        """See Recaller. No worker will get it."""
        return self._jobs.run(lambda: self._recall(task, over))

    async def _recall(self, task: Task, over: Callable[[], None]) -> None:
        await self._activities.withdraw(task.resource.name, task.invoke.token)
        over()
