"""Owns the tasks that a coroutine does from its beginning to its end. Knows no kind of task."""

from collections.abc import Awaitable, Callable

from frontdesk.durable.life import Work
from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.task import Answer, Task
from frontdesk.rules.asl.data.errors import StateError
from frontdesk.rules.asl.model import Json

Perform = Callable[[Task], Awaitable[Json]]
"""Does a task and returns its result. Raises: StateError."""


class Performing:
    """A Doer whose tasks are coroutines."""

    def __init__(self, jobs: Jobs, perform: Perform) -> None:
        self._jobs = jobs
        self._perform = perform

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer), answer)

    async def _do(self, task: Task, answer: Answer) -> None:
        try:
            result = await self._perform(task)
        except StateError as error:
            answer.failed(error.name, error.cause)
        else:
            answer.succeeded(result)
