"""Owns the tasks that a coroutine does from its beginning to its end. Knows no kind of task."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from frontdesk.durable.tasks.jobs import Jobs
from frontdesk.durable.tasks.task import Answer, Task, Work
from frontdesk.rules.asl.data.errors import RUNTIME, StateError
from frontdesk.rules.asl.model import Json

Perform = Callable[[Task], Awaitable[Json]]
"""Does a task and returns its result. Raises: StateError."""

_LOG: Final = logging.getLogger(__name__)


class Performing:
    """A Doer whose tasks are coroutines."""

    def __init__(self, jobs: Jobs, perform: Perform) -> None:
        self._jobs = jobs
        self._perform = perform

    def do(self, task: Task, answer: Answer) -> Work | None:
        """See Doer."""
        return self._jobs.run(lambda: self._do(task, answer))

    async def _do(self, task: Task, answer: Answer) -> None:
        try:
            result = await self._perform(task)
        except StateError as error:
            answer.failed(error.name, error.cause)
        except Exception:  # noqa: BLE001 - an execution must not wait for ever for a fault of ours
            _LOG.exception("a task was not done", extra={"resource": task.resource.text})
            answer.failed(RUNTIME, "An internal error occurred; the log of the gateway tells more.")
        else:
            answer.succeeded(result)
